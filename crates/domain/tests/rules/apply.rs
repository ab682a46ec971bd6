//! What `Locked` refuses, whatever a rule may say.

use crate::fixture::*;
use frontrow_domain::*;

/// A rule's changes, after somebody has spoiled them.
fn spoiled(world: &World, command: &Command, spoil: impl FnOnce(&mut Vec<Row>)) -> Result<(), Broken> {
    let mut locked = world.bookings.lock(&command.scope(), world.now);
    let Ok(Verdict::Do(mut changes)) = decide(command, &locked, world.now) else { panic!("it is carried out") };
    spoil(&mut changes.rows);
    locked.apply(command, &changes)
}

#[test]
fn a_row_moves_one_version_at_a_time() {
    let mut world = World::new();
    let hold = world.hold(1, &[1]);
    assert_eq!(spoiled(&world, &hold, |_| {}), Ok(()));
    let twice = spoiled(&world, &hold, |rows| rows.push(rows[0].clone()));
    assert!(twice.is_err());
    let skipped = spoiled(&world, &hold, |rows| {
        for row in rows {
            if let Row::Seat(seat) = row {
                seat.version = seat.version.next();
            }
        }
    });
    assert!(skipped.is_err());
}

#[test]
fn seats_and_prices_of_a_reservation_never_change_and_its_state_only_as_the_table_says() {
    let mut world = World::new();
    let held = world.held(1, &[1]);
    let pay = world.pay(&held);
    let spoil = |change: fn(&mut Reservation)| {
        spoiled(&world, &pay, |rows| {
            for row in rows {
                if let Row::Reservation(reservation) = row {
                    change(reservation);
                }
            }
        })
    };
    assert_eq!(spoil(|_| {}), Ok(()));
    let refused = |change: fn(&mut Reservation)| spoil(change).unwrap_err().0;
    assert!(refused(|r| r.state = ReservationState::Refunded).contains("can't go from Held to Refunded"));
    assert!(refused(|r| r.amount = points(1)).ends_with("never changes: amount"));
    assert!(refused(|r| r.line_items.clear()).ends_with("never changes: line_items"));
}

#[test]
fn of_a_payment_only_what_the_gateway_says_changes() {
    let mut world = World::new();
    let charge = world.charge(1, 500);
    let Ok(Outcome::Charged(payment)) = world.run(&charge) else { panic!("it is begun") };
    let settle = world.settle(&payment, Settlement::Declined);
    let refused = spoiled(&world, &settle, |rows| {
        for row in rows {
            if let Row::Payment(payment) = row {
                (payment.amount, payment.provider) = (points(1), "another".into());
            }
        }
    });
    assert!(refused.unwrap_err().0.ends_with("never changes: amount, provider"));
}

#[test]
fn only_a_refunded_reservation_has_a_reason() {
    let mut world = World::new();
    let held = world.held(1, &[1]);
    world.paid(&held);
    let (refund, cancel) = (world.refund(&held), world.cancel(&held));
    let spoil = |command: &Command| {
        spoiled(&world, command, |rows| {
            for row in rows {
                if let Row::Reservation(reservation) = row {
                    reservation.refund_reason = RefundReason::new("The artist is ill.").ok();
                }
            }
        })
    };
    assert_eq!(spoil(&refund), Ok(()));
    assert!(spoil(&cancel).is_err());
}

#[test]
fn what_was_returned_stays_so_and_is_some_of_what_was_left() {
    let mut world = World::new();
    let held = world.held(1, &[1, 2, 3]);
    world.paid(&held);
    let first = world.cancel_seats(&held, &[1]);
    world.run(&first).unwrap();
    let (some, all) = (world.cancel_seats(&held, &[2]), world.cancel(&held));
    let spoil = |command: &Command, change: fn(&mut Reservation)| {
        spoiled(&world, command, |rows| {
            for row in rows {
                if let Row::Reservation(reservation) = row {
                    change(reservation);
                }
            }
        })
    };
    let returned = |seats: &[u32]| ReturnedSeats { seats: seats.iter().map(|n| seat(*n)).collect(), reason: None };
    assert_eq!((spoil(&some, |_| {}), spoil(&all, |_| {})), (Ok(()), Ok(())));
    let changes: [fn(&mut Reservation); 4] = [
        |r| r.returned.clear(),
        |r| r.returned.truncate(1),
        |r| r.returned.reverse(),
        |r| r.state = ReservationState::Cancelled,
    ];
    for change in changes {
        assert!(spoil(&some, change).is_err());
    }
    assert!(spoil(&all, |r| r.returned.clear()).is_err());
    for seats in [&[1][..], &[], &[1, 2], &[2, 3], &[4]] {
        let now = &world.bookings.reservations[&held.id];
        let mut next = now.with(ReservationState::Confirmed);
        next.returned.push(returned(seats));
        assert!(!now.may_become(&next), "{seats:?}");
    }
}

#[test]
fn a_seat_has_one_valid_ticket_and_a_transfer_moves_something() {
    let mut world = World::new();
    let held = world.held(1, &[1]);
    let pay = world.pay(&held);
    let second_ticket = spoiled(&world, &pay, |rows| {
        let ticket = rows.iter().find_map(|row| if let Row::Ticket(t) = row { Some(*t) } else { None }).unwrap();
        let key = TicketKey { version: ticket.key.version.next(), ..ticket.key };
        rows.push(Row::Ticket(Ticket { key, ..ticket }));
    });
    assert!(second_ticket.is_err());
    let nothing = spoiled(&world, &pay, |rows| {
        for row in rows {
            if let Row::Transfer(transfer) = row {
                transfer.amount = Points::ZERO;
            }
        }
    });
    assert!(nothing.is_err());
}

#[test]
fn a_reservation_has_one_payment_of_a_kind_and_a_charge_none() {
    let mut world = World::new();
    let held = world.held(1, &[1]);
    let pay = world.pay(&held);
    let second = spoiled(&world, &pay, |rows| {
        let found = rows.iter().find_map(|row| if let Row::Payment(p) = row { Some(p.clone()) } else { None });
        rows.push(Row::Payment(Payment { id: PaymentId::new(uuid::Uuid::nil()), ..found.unwrap() }));
    });
    assert!(second.is_err());
    let orphan = spoiled(&world, &pay, |rows| {
        for row in rows {
            if let Row::Payment(payment) = row {
                payment.reservation = None;
            }
        }
    });
    assert!(orphan.is_err());
}

#[test]
fn of_two_refunds_on_one_state_of_a_reservation_one_is_refused() {
    let mut world = World::new();
    let held = world.held(1, &[1, 2]);
    world.paid(&held);
    let (one, other) = (world.cancel_seats(&held, &[1]), world.cancel_seats(&held, &[1]));
    let mut scope = one.scope();
    scope.extend(other.scope());
    let mut locked = world.bookings.lock(&scope, world.now);
    let Ok(Verdict::Do(first)) = decide(&one, &locked, world.now) else { panic!("it is carried out") };
    let Ok(Verdict::Do(mut second)) = decide(&other, &locked, world.now) else { panic!("it is carried out") };
    second.rows.retain(|row| matches!(row, Row::Payment(_)));
    locked.apply(&one, &first).unwrap();
    assert!(locked.apply(&other, &second).is_err());
}

#[test]
fn not_in_scope_differs_from_absent() {
    let world = World::new();
    let number = seat(99);
    let key = SeatKey { performance: performance(1), number };
    let scope = Scope { seats: [key].into(), ..Scope::default() };
    let locked = world.bookings.lock(&scope, world.now);
    assert_eq!(locked.seat(key), Ok(None));
    assert!(locked.wallet(user(1)).is_err());
    let other = SeatKey { number: seat(1), ..key };
    assert!(locked.seat(other).is_err());
}

#[test]
fn a_write_on_rows_that_have_moved_on_is_a_conflict() {
    let mut world = World::new();
    let first = world.hold(1, &[1]);
    let second = world.hold(2, &[1]);
    let mut locked = world.bookings.lock(&first.scope(), world.now);
    let Ok(Verdict::Do(changes)) = decide(&first, &locked, world.now) else { panic!() };
    locked.apply(&first, &changes).unwrap();
    world.run(&second).unwrap();
    let before = world.bookings.clone();
    assert!(world.bookings.store(locked.writes()).is_err());
    assert!(world.bookings == before);
}

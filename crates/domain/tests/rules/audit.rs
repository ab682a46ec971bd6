//! Each rule of the audit, broken by hand.

use crate::fixture::*;
use frontrow_domain::*;

/// Kim has paid seats 1 and 2, Lee holds seat 3, Park's hold of seat 4 has lapsed.
fn full() -> (World, Reservation, Reservation) {
    let mut world = World::new();
    world.held(3, &[4]);
    world.now = at(1000);
    let kims = world.held(1, &[1, 2]);
    let (kims, _) = world.paid(&kims);
    let lees = world.held(2, &[3]);
    assert_eq!(world.findings(), []);
    (world, kims, lees)
}

fn assert_named(world: &World, rule: Rule, row: &str) {
    let findings = world.findings();
    let named = findings.iter().any(|f| f.rule == rule && f.row.contains(row));
    assert!(named, "{rule:?} {row} is not among {findings:?}");
}

#[test]
fn a_bar_on_somebody_who_does_not_exist_until_it_is_lifted() {
    let (mut world, ..) = full();
    let key = BuyerKey { sale: sale(1), user: user(777) };
    let bar = |barred| Command::unkeyed(Operation::Bar(Bar { buyer: key, barred }));
    world.run(&bar(true)).unwrap();
    assert_named(&world, Rule::NoOrphans, &format!("user {} does not exist", user(777)));
    world.run(&bar(false)).unwrap();
    assert_eq!(world.findings(), []);
    let buyer = Buyer { generation: 1, ..Buyer::next(key, None) };
    world.bookings.buyers.insert(key, buyer);
    assert_named(&world, Rule::NoOrphans, "does not exist");
}

#[test]
fn what_was_paid_for_a_cancelled_performance_is_given_back_sooner_or_later() {
    let (world, ..) = full();
    assert_eq!(world.findings_with([performance(2)]), []);
    let findings = world.findings_with([performance(1)]);
    assert!(findings.iter().all(|finding| finding.rule == Rule::CancelledPaidBack), "{findings:?}");
    let seats: Vec<bool> =
        [1, 2, 3, 4].map(|n| findings.iter().any(|f| f.row.starts_with(&format!("seat {n} of")))).into();
    assert_eq!(seats, [true, true, false, false], "those that are held owe nothing");
}

fn key(number: u32) -> SeatKey {
    SeatKey { performance: performance(1), number: seat(number) }
}

#[test]
fn a_seat_sold_twice() {
    let (mut world, _, lees) = full();
    let row = world.bookings.reservations.get_mut(&lees.id).unwrap();
    row.state = ReservationState::Confirmed;
    row.line_items = vec![line_item(1, PRICE)];
    assert_named(&world, Rule::SoldOnce, "seat 1 of");
}

#[test]
fn two_valid_tickets() {
    let (mut world, kims, _) = full();
    let version = Version::new(77);
    let ticket = Ticket { key: TicketKey { seat: key(1), version }, reservation: kims.id, valid: true };
    world.bookings.tickets.insert(ticket.key, ticket);
    assert_named(&world, Rule::SoldOnce, "seat 1 of");
    assert_named(&world, Rule::SeatsTicketsReservations, "version 77");
}

#[test]
fn a_sold_seat_that_nobody_bought() {
    let (mut world, _, lees) = full();
    world.bookings.seats.get_mut(&key(3)).unwrap().state = SeatState::Sold { to: lees.id };
    assert_named(&world, Rule::SeatsTicketsReservations, "seat 3 of");
}

#[test]
fn a_bought_seat_that_is_free() {
    let (mut world, ..) = full();
    world.bookings.seats.get_mut(&key(1)).unwrap().state = SeatState::Free;
    assert_named(&world, Rule::SeatsTicketsReservations, "seat 1 of");
}

#[test]
fn a_sold_seat_without_a_ticket() {
    let (mut world, ..) = full();
    world.bookings.tickets.retain(|ticket, _| ticket.seat != key(2));
    assert_named(&world, Rule::SeatsTicketsReservations, "seat 2 of");
}

#[test]
fn a_live_hold_whose_seat_points_elsewhere() {
    let (mut world, ..) = full();
    world.bookings.seats.get_mut(&key(3)).unwrap().state = SeatState::Free;
    assert_named(&world, Rule::SeatsTicketsReservations, "seat 3 of");
}

#[test]
fn a_wallet_that_is_not_its_transfers() {
    let (mut world, ..) = full();
    world.bookings.wallets.get_mut(&user(1)).unwrap().balance = points(1);
    assert_named(&world, Rule::WalletEqualsTransfers, &user(1).to_string());
}

#[test]
fn room_that_is_not_what_is_pending() {
    let (mut world, ..) = full();
    let charge = world.charge(2, 500);
    world.run(&charge).unwrap();
    assert_eq!(world.findings(), []);
    for kept in [499, 501] {
        world.bookings.wallets.get_mut(&user(2)).unwrap().pending = points(kept);
        assert_named(&world, Rule::RoomForCharges, &user(2).to_string());
    }
    world.bookings.wallets.remove(&user(2));
    assert_named(&world, Rule::RoomForCharges, &user(2).to_string());
}

#[test]
fn money_that_the_gateway_has_not_given_back() {
    let (mut world, ..) = full();
    let charge = world.charge(2, 500);
    let Ok(Outcome::Charged(charge)) = world.run(&charge) else { panic!() };
    world.bookings.payments.get_mut(&charge.id).unwrap().state = PaymentState::Returning;
    world.bookings.wallets.get_mut(&user(2)).unwrap().pending = Points::ZERO;
    assert_named(&world, Rule::ChargesCredited, &charge.id.to_string());
    world.bookings.payments.get_mut(&charge.id).unwrap().state = PaymentState::Returned;
    assert_eq!(world.findings(), []);
}

#[test]
fn transfers_without_a_wallet() {
    let (mut world, ..) = full();
    world.bookings.wallets.remove(&user(1));
    assert_named(&world, Rule::WalletEqualsTransfers, &user(1).to_string());
}

#[test]
fn a_confirmed_reservation_that_is_not_paid_or_paid_twice() {
    let (mut world, kims, _) = full();
    let payment = world.bookings.payments.values().find(|p| p.reservation == Some(kims.id)).unwrap().clone();
    let twice = Payment { id: PaymentId::new(uuid::Uuid::from_u128(5)), ..payment.clone() };
    world.bookings.payments.insert(twice.id, twice);
    assert_named(&world, Rule::PaidOnce, &kims.id.to_string());
    world.bookings.payments.retain(|_, p| p.reservation != Some(kims.id));
    assert_named(&world, Rule::PaidOnce, &kims.id.to_string());
    assert_named(&world, Rule::NoOrphans, &payment.id.to_string());
}

#[test]
fn a_refund_that_is_not_the_sum_of_its_seats() {
    let (mut world, kims, _) = full();
    let cancel = world.cancel_seats(&kims, &[1]);
    world.run(&cancel).unwrap();
    assert_eq!(world.findings(), []);
    let right = world.bookings.clone();
    let refund = right.payments.values().find(|p| p.kind == PaymentKind::Refund).unwrap().clone();
    let transfer = *right.transfers.values().find(|t| t.payment == refund.id).unwrap();
    let one = points(1);

    // Everything but the seats would go with another amount.
    let balance = right.wallets[&user(1)].balance.checked_add(one).unwrap();
    world.bookings.payments.get_mut(&refund.id).unwrap().amount = refund.amount.checked_add(one).unwrap();
    world.bookings.transfers.get_mut(&transfer.id).unwrap().amount = transfer.amount.checked_add(one).unwrap();
    world.bookings.wallets.get_mut(&user(1)).unwrap().balance = balance;
    let findings = world.findings();
    let [only] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!(only.rule, Rule::RefundsEqualSeats);
    assert!(only.row.contains(&kims.id.to_string()), "{only:?}");

    // As if nothing had been paid back for it, or it had been for nothing.
    world.bookings = right.clone();
    world.bookings.payments.remove(&refund.id);
    assert_named(&world, Rule::RefundsEqualSeats, &kims.id.to_string());
    world.bookings = right.clone();
    world.bookings.reservations.get_mut(&kims.id).unwrap().returned.clear();
    assert_named(&world, Rule::RefundsEqualSeats, &kims.id.to_string());
    assert_named(&world, Rule::SeatsTicketsReservations, "seat 1 of");
}

#[test]
fn a_seat_that_was_returned_and_is_still_sold_or_returned_twice() {
    let (mut world, kims, _) = full();
    let ticket = *world.bookings.tickets.values().find(|ticket| ticket.key.seat == key(1)).unwrap();
    let sold = world.bookings.seats[&key(1)];
    let cancel = world.cancel_seats(&kims, &[1]);
    world.run(&cancel).unwrap();
    let right = world.bookings.clone();
    world.bookings.seats.insert(sold.key, sold);
    world.bookings.tickets.insert(ticket.key, ticket);
    assert_named(&world, Rule::SeatsTicketsReservations, "seat 1 of");
    for seats in [&[1][..], &[2], &[3], &[]] {
        world.bookings = right.clone();
        let row = world.bookings.reservations.get_mut(&kims.id).unwrap();
        row.returned.push(ReturnedSeats { seats: seats.iter().map(|n| seat(*n)).collect(), reason: None });
        assert_named(&world, Rule::RefundsEqualSeats, "can't have");
    }
}

#[test]
fn seats_that_were_returned_and_never_paid() {
    let (mut world, kims, _) = full();
    let row = world.bookings.reservations.get_mut(&kims.id).unwrap();
    row.returned.push(ReturnedSeats { seats: [seat(1)].into(), reason: None });
    row.state = ReservationState::Released;
    assert_named(&world, Rule::RefundsEqualSeats, "can't have");
}

#[test]
fn a_payment_whose_transfer_is_missing_or_wrong() {
    let (mut world, kims, _) = full();
    let payment = world.bookings.payments.values().find(|p| p.reservation == Some(kims.id)).unwrap().id;
    world.bookings.transfers.values_mut().find(|t| t.payment == payment).unwrap().amount = points(1);
    assert_named(&world, Rule::PaidOnce, &payment.to_string());
}

#[test]
fn a_hold_that_would_never_lapse() {
    let (mut world, ..) = full();
    let SeatState::Held { by, .. } = world.seat_state(4) else { panic!() };
    world.bookings.seats.get_mut(&key(4)).unwrap().state = SeatState::Held { by, until: at(i64::from(i32::MAX)) };
    assert_named(&world, Rule::LapsedCanBeTaken, "seat 4 of");
}

#[test]
fn a_seat_held_by_nobody() {
    let (mut world, ..) = full();
    let nobody = ReservationId::new(uuid::Uuid::from_u128(5));
    world.bookings.seats.get_mut(&key(5)).unwrap().state = SeatState::Held { by: nobody, until: at(0) };
    assert_named(&world, Rule::LapsedCanBeTaken, "seat 5 of");
}

#[test]
fn orphans() {
    let (mut world, kims, lees) = full();
    world.bookings.open_seats(performance(9), [seat(1)]);
    assert_named(&world, Rule::NoOrphans, &performance(9).to_string());
    world.bookings.buyers.remove(&kims.buyer());
    assert_named(&world, Rule::NoOrphans, &kims.id.to_string());
    world.bookings.reservations.get_mut(&lees.id).unwrap().user = user(99);
    assert_named(&world, Rule::NoOrphans, &user(99).to_string());
    world.bookings.reservations.remove(&kims.id);
    assert_named(&world, Rule::NoOrphans, &kims.id.to_string());
}

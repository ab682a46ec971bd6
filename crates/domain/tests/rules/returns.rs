//! Giving back some seats of a reservation and keeping the others.

use crate::fixture::*;
use frontrow_domain::*;
use std::collections::BTreeSet;

/// Seats 1 to 4 at 1000, 1001, 1002 and 1003 points, paid by user 1.
fn paid(world: &mut World) -> (Reservation, Vec<Ticket>) {
    let hold = world.hold_line_items(1, 1, (1..=4).map(|n| line_item(n, PRICE + i64::from(n) - 1)).collect());
    let Ok(Outcome::Held(held)) = world.run(&hold) else { panic!("not held") };
    world.paid(&held)
}

fn given_back(outcome: Result<Outcome, Stop>) -> Reservation {
    match outcome {
        Ok(Outcome::GivenBack(reservation)) => reservation,
        other => panic!("not given back: {other:?}"),
    }
}

fn numbers(seats: &[u32]) -> Vec<SeatNumber> {
    seats.iter().map(|number| seat(*number)).collect()
}

#[test]
fn what_was_paid_for_the_seats_comes_back_and_the_others_are_kept() {
    let mut world = World::new();
    let (kims, tickets) = paid(&mut world);
    let before = world.balance(1);
    let cancel = world.cancel_seats(&kims, &[2, 4]);
    let now = given_back(world.run(&cancel));

    assert_eq!(world.balance(1), before + 1001 + 1003);
    let seats = [1, 2, 3, 4].map(|number| world.seat_state(number));
    let sold = SeatState::Sold { to: kims.id };
    assert_eq!(seats, [sold, SeatState::Free, sold, SeatState::Free]);
    let valid: Vec<bool> = tickets.iter().map(|ticket| world.bookings.tickets[&ticket.key].valid).collect();
    assert_eq!(valid, [true, false, true, false]);

    assert_eq!(now, world.bookings.reservations[&kims.id]);
    assert_eq!((now.state, now.amount, &now.line_items), (ReservationState::Confirmed, kims.amount, &kims.line_items));
    assert_eq!((now.seat_count(), now.refunded()), (2, points(2004)));
    assert!(now.seats_left().eq(numbers(&[1, 3])) && now.seats().eq(numbers(&[1, 2, 3, 4])));
    assert_eq!(
        numbers(&[1, 2, 3, 4]).into_iter().filter(|n| now.is_returned(*n)).collect::<Vec<_>>(),
        numbers(&[2, 4])
    );
    assert_eq!(world.findings(), []);
}

#[test]
fn others_are_told_which_seats_were_returned_and_when_nothing_is_left() {
    let mut world = World::new();
    let (kims, _) = paid(&mut world);
    let some = world.cancel_seats(&kims, &[2]);
    let (_, events) = world.bookings.carry_out(&some, world.now).unwrap();
    assert_eq!(events, [Event::SeatsReturned { reservation: kims.id, seats: [seat(2)].into() }]);
    let rest = world.cancel_seats(&kims, &[1, 3, 4]);
    let (_, events) = world.bookings.carry_out(&rest, world.now).unwrap();
    assert_eq!(events, [Event::Cancelled(kims.id)]);
}

#[test]
fn each_refund_is_a_payment_and_a_transfer_of_its_own() {
    let mut world = World::new();
    let (kims, _) = paid(&mut world);
    for seats in [&[2][..], &[1, 4], &[3]] {
        let cancel = world.cancel_seats(&kims, seats);
        world.run(&cancel).unwrap();
    }
    let mut refunds: Vec<&Payment> =
        world.bookings.payments.values().filter(|payment| payment.kind == PaymentKind::Refund).collect();
    refunds.sort_by_key(|payment| payment.ordinal);
    let told: Vec<_> = refunds.iter().map(|payment| (payment.ordinal, payment.amount.amount())).collect();
    assert_eq!(told, [(0, 1001), (1, 2003), (2, 1002)]);
    for refund in refunds {
        let moved: Vec<_> = world.bookings.transfers.values().filter(|t| t.payment == refund.id).collect();
        let [only] = moved[..] else { panic!("{moved:?}") };
        assert_eq!((only.amount, only.credit), (refund.amount, AccountId::Wallet(user(1))));
    }
    assert_eq!(world.findings(), []);
}

#[test]
fn with_the_last_seat_the_reservation_has_ended() {
    for named in [true, false] {
        let mut world = World::new();
        let (kims, _) = paid(&mut world);
        let some = world.cancel_seats(&kims, &[1, 2]);
        world.run(&some).unwrap();
        let rest = if named { world.cancel_seats(&kims, &[3, 4]) } else { world.cancel(&kims) };
        let ended = given_back(world.run(&rest));
        assert_eq!((ended.state, ended.seat_count(), ended.refunded()), (ReservationState::Cancelled, 0, kims.amount));
        let amounts: Vec<_> = ended.refunds().iter().map(|refund| refund.amount.amount()).collect();
        assert_eq!(amounts, [2001, 2005]);
        assert_eq!(world.balance(1), 10_000);
        let again = world.cancel_seats(&kims, &[1]);
        assert_eq!(world.refused(&again), Rejection::ReservationEnded(ReservationState::Cancelled));
        assert_eq!(world.findings(), []);
    }
}

#[test]
fn all_seats_are_the_whole_reservation() {
    let mut world = World::new();
    let (kims, _) = paid(&mut world);
    let all = world.cancel_seats(&kims, &[1, 2, 3, 4]);
    let ended = given_back(world.run(&all));
    assert_eq!(ended, kims.with(ReservationState::Cancelled));
    assert_eq!(world.findings(), []);
}

#[test]
fn what_was_returned_is_not_returned_again() {
    let mut world = World::new();
    let (kims, _) = paid(&mut world);
    let some = world.cancel_seats(&kims, &[1, 2]);
    world.run(&some).unwrap();
    let again = world.refund_seats(&kims, &[2, 3]);
    let refused = Rejection::SeatsReturned { seats: numbers(&[2]), left: numbers(&[3, 4]) };
    assert_eq!(world.refused(&again), refused);
    // Somebody else has bought it meanwhile.
    let lees = world.held(2, &[1]);
    world.paid(&lees);
    let again = world.cancel_seats(&kims, &[1]);
    assert!(matches!(world.refused(&again), Rejection::SeatsReturned { .. }));
    let rest = world.cancel(&kims);
    world.run(&rest).unwrap();
    assert_eq!(world.seat_state(1), SeatState::Sold { to: lees.id });
    assert_eq!(world.findings(), []);
}

#[test]
fn only_seats_of_the_reservation_are_given_back_and_at_least_one() {
    let mut world = World::new();
    let (kims, _) = paid(&mut world);
    let lees = world.held(2, &[5]);
    world.paid(&lees);
    for (seats, unknown) in [(&[4, 5, 99][..], &[5, 99][..]), (&[], &[])] {
        let cancel = world.cancel_seats(&kims, seats);
        assert_eq!(world.refused(&cancel), Rejection::SeatsUnknown(numbers(unknown)));
        let refund = world.refund_seats(&kims, seats);
        assert_eq!(world.refused(&refund), Rejection::SeatsUnknown(numbers(unknown)));
    }
}

#[test]
fn what_is_not_paid_or_too_late_is_refused_as_a_whole_cancellation_is() {
    let mut world = World::new();
    let held = world.held(1, &[1, 2]);
    let early = world.cancel_seats(&held, &[1]);
    assert_eq!(world.refused(&early), Rejection::NotPaid);
    world.paid(&held);
    world.now = at(CANCEL_UNTIL);
    let late = world.cancel_seats(&held, &[1]);
    assert_eq!(world.refused(&late), Rejection::TooLateToCancel { cancel_until: at(CANCEL_UNTIL) });
    let refund = world.refund_seats(&held, &[1]);
    assert_eq!(given_back(world.run(&refund)).state, ReservationState::Confirmed);
    assert_eq!(world.findings(), []);
}

#[test]
fn each_refund_keeps_its_own_reason() {
    let mut world = World::new();
    let (kims, _) = paid(&mut world);
    let reason = |text: &str| RefundReason::new(text).ok();
    let because = |mut command: Command, text: &str| {
        let Operation::Refund(refund) = &mut command.operation else { panic!("{command:?}") };
        refund.reason = reason(text);
        command
    };
    let first = because(world.refund_seats(&kims, &[1]), "A pillar.");
    let second = world.cancel_seats(&kims, &[2]);
    let third = because(world.refund(&kims), "It rains.");
    for command in [first, second, third] {
        world.run(&command).unwrap();
    }
    let ended = &world.bookings.reservations[&kims.id];
    assert_eq!((ended.state, &ended.refund_reason), (ReservationState::Refunded, &reason("It rains.")));
    let refunds = ended.refunds().into_iter();
    let refunds: Vec<_> = refunds.map(|refund| (refund.seats, refund.reason.map(RefundReason::as_str))).collect();
    let of = |seats: &[u32]| numbers(seats).into_iter().collect::<BTreeSet<_>>();
    assert_eq!(refunds, [(of(&[1]), Some("A pillar.")), (of(&[2]), None), (of(&[3, 4]), Some("It rains."))]);
    assert_eq!(world.findings(), []);
}

#[test]
fn the_limit_counts_only_the_seats_that_are_left() {
    let mut world = World::new();
    let (kims, _) = paid(&mut world);
    let more = world.hold(1, &[5]);
    assert_eq!(world.refused(&more), Rejection::LimitReached { limit: LIMIT, used: 4, asked: 1 });
    let cancel = world.cancel_seats(&kims, &[1, 2]);
    world.run(&cancel).unwrap();
    let three = world.hold(1, &[1, 2, 5]);
    assert_eq!(world.refused(&three), Rejection::LimitReached { limit: LIMIT, used: 2, asked: 3 });
    world.held(1, &[1, 2]);
    assert_eq!(world.findings(), []);
}

#[test]
fn a_seat_that_costs_nothing_is_returned_for_nothing() {
    let mut world = World::new();
    let hold = world.hold_line_items(1, 1, vec![line_item(1, 0), line_item(2, 500)]);
    let Ok(Outcome::Held(held)) = world.run(&hold) else { panic!("not held") };
    world.paid(&held);
    let cancel = world.cancel_seats(&held, &[1]);
    assert_eq!(given_back(world.run(&cancel)).refunded(), Points::ZERO);
    assert_eq!((world.balance(1), world.seat_state(1)), (9_500, SeatState::Free));
    assert_eq!(world.findings(), []);
}

#[test]
fn a_repetition_is_told_what_was_returned_then() {
    let mut world = World::new();
    let (kims, _) = paid(&mut world);
    let first = world.cancel_seats(&kims, &[1]);
    let told = world.run(&first);
    let second = world.cancel_seats(&kims, &[2]);
    world.run(&second).unwrap();
    let before = world.bookings.clone();
    assert_eq!(world.run(&first), told);
    assert!(world.bookings == before);
    let other = Command { request_hash: [77; 32], ..of_seats(first, &[3]) };
    assert_eq!(world.refused(&other), Rejection::KeyReused);
}

/// What was written before seats could be returned one by one.
#[test]
fn a_reservation_of_an_older_release_was_given_back_whole() {
    let mut world = World::new();
    let (kims, _) = paid(&mut world);
    let cancel = world.cancel(&kims);
    let ended = given_back(world.run(&cancel));
    let text = serde_json::to_string(&ended).unwrap();
    assert!(!text.contains("returned"), "{text}");
    let read: Reservation = serde_json::from_str(&text).unwrap();
    assert_eq!(read, ended);
    let refunds = read.refunds();
    let [only] = &refunds[..] else { panic!("{refunds:?}") };
    assert_eq!((only.amount, only.seats.len()), (kims.amount, 4));
}

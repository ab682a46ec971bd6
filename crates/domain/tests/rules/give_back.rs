//! Releasing, expiring, cancelling, refunding.

use crate::fixture::*;
use frontrow_domain::*;

#[test]
fn a_release_frees_the_seats_at_once_and_can_be_repeated() {
    let mut world = World::new();
    let held = world.held(1, &[1, 2]);
    let first = world.run(&release(&held)).unwrap();
    assert_eq!(world.seat_state(1), SeatState::Free);
    let before = world.bookings.clone();
    assert_eq!(world.run(&release(&held)), Ok(first));
    assert!(world.bookings == before);
    world.held(2, &[1, 2]);
    assert_eq!(world.findings(), []);
}

#[test]
fn a_release_leaves_alone_what_somebody_has_taken_over() {
    let mut world = World::new();
    let kims = world.held(1, &[1, 2]);
    world.now = at(1000);
    let lees = world.held(2, &[2]);
    world.run(&release(&kims)).unwrap();
    assert_eq!(world.seat_state(1), SeatState::Free);
    assert_eq!(world.seat_state(2), SeatState::Held { by: lees.id, until: lees.held_until });
    assert_eq!(world.findings(), []);
}

#[test]
fn a_mark_is_set_when_the_hold_has_lapsed_and_leaves_the_seats_alone() {
    let mut world = World::new();
    let held = world.held(1, &[1]);
    world.now = just_before(10 + HOLD_SECONDS);
    world.run(&expire(&held)).unwrap();
    assert_eq!(world.state(&held), ReservationState::Held);
    world.now = at(10 + HOLD_SECONDS);
    world.run(&expire(&held)).unwrap();
    assert_eq!(world.state(&held), ReservationState::Expired);
    assert_eq!(world.seat_state(1), SeatState::Held { by: held.id, until: held.held_until });
}

#[test]
fn a_sweep_never_frees_what_is_sold() {
    let mut world = World::new();
    let held = world.held(1, &[1]);
    world.paid(&held);
    world.now = at(PAY_UNTIL);
    world.run(&expire(&held)).unwrap();
    assert_eq!(world.state(&held), ReservationState::Confirmed);
    assert_eq!(world.seat_state(1), SeatState::Sold { to: held.id });
}

#[test]
fn a_cancellation_gives_points_back_voids_tickets_and_frees_seats() {
    let mut world = World::new();
    let held = world.held(1, &[1]);
    let (_, tickets) = world.paid(&held);
    world.now = just_before(CANCEL_UNTIL);
    let cancel = world.cancel(&held);
    world.run(&cancel).unwrap();
    assert_eq!(world.balance(1), 10_000);
    assert_eq!(world.seat_state(1), SeatState::Free);
    assert!(!world.bookings.tickets[&tickets[0].key].valid);
    assert_eq!(world.findings(), []);
    let again = world.cancel(&held);
    assert_eq!(world.refused(&again), Rejection::ReservationEnded(ReservationState::Cancelled));
}

#[test]
fn a_seat_sold_again_has_a_ticket_with_a_higher_version() {
    let mut world = World::new();
    let first = world.held(1, &[1]);
    let (_, old) = world.paid(&first);
    let cancel = world.cancel(&first);
    world.run(&cancel).unwrap();
    let second = world.held(2, &[1]);
    let (_, new) = world.paid(&second);
    assert!(new[0].key.version > old[0].key.version);
    assert_eq!(world.findings(), []);
}

#[test]
fn the_deadline_is_for_owners_not_for_operators() {
    let mut world = World::new();
    let held = world.held(1, &[1]);
    world.paid(&held);
    world.now = at(CANCEL_UNTIL);
    let cancel = world.cancel(&held);
    assert_eq!(world.refused(&cancel), Rejection::TooLateToCancel { cancel_until: at(CANCEL_UNTIL) });
    let refund = world.refund(&held);
    world.run(&refund).unwrap();
    assert_eq!(world.state(&held), ReservationState::Refunded);
    assert_eq!(world.balance(1), 10_000);
    assert_eq!(world.findings(), []);
}

#[test]
fn a_refund_keeps_its_reason() {
    let mut world = World::new();
    let held = world.held(1, &[1]);
    world.paid(&held);
    let reason = RefundReason::new(" The artist is ill. ").ok();
    let mut refund = world.refund(&held);
    let Operation::Refund(operation) = &mut refund.operation else { panic!("{refund:?}") };
    operation.reason = reason.clone();
    let Ok(Outcome::GivenBack(refunded)) = world.run(&refund) else { panic!("not given back") };
    assert_eq!(refunded.refund_reason, reason);
    assert_eq!(world.bookings.reservations[&held.id], refunded);
    assert_eq!(world.findings(), []);
}

#[test]
fn what_is_not_paid_is_released_and_what_is_paid_is_cancelled() {
    let mut world = World::new();
    let held = world.held(1, &[1]);
    let cancel = world.cancel(&held);
    assert_eq!(world.refused(&cancel), Rejection::NotPaid);
    world.paid(&held);
    assert_eq!(world.refused(&release(&held)), Rejection::AlreadyPaid);
    let cancel = world.cancel(&held);
    world.run(&cancel).unwrap();
    assert_eq!(world.refused(&release(&held)), Rejection::ReservationEnded(ReservationState::Cancelled));
    let pay = world.pay(&held);
    assert_eq!(world.refused(&pay), Rejection::ReservationEnded(ReservationState::Cancelled));
}

#[test]
fn nobody_ends_what_is_not_theirs() {
    let mut world = World::new();
    let kims = world.held(1, &[1]);
    let foreign = Reservation { user: user(2), ..kims.clone() };
    assert_eq!(world.refused(&release(&foreign)), Rejection::ReservationUnknown);
    world.paid(&kims);
    let cancel = world.cancel(&foreign);
    assert_eq!(world.refused(&cancel), Rejection::ReservationUnknown);
}

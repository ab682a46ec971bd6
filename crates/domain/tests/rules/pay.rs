//! Paying, in time and late.

use crate::fixture::*;
use frontrow_domain::*;

#[test]
fn a_payment_confirms_takes_the_points_and_issues_tickets_once() {
    let mut world = World::new();
    let held = world.held(1, &[1, 2]);
    let (paid, tickets) = world.paid(&held);
    assert_eq!(paid.state, ReservationState::Confirmed);
    assert_eq!(world.balance(1), 10_000 - 2 * PRICE);
    assert_eq!(tickets.len(), 2);
    for ticket in tickets {
        let sold = world.bookings.seats[&ticket.key.seat];
        assert_eq!(sold.state, SeatState::Sold { to: held.id });
        assert_eq!(ticket.key.version, sold.version);
        assert!(ticket.valid);
    }
    let again = world.pay(&held);
    assert_eq!(world.refused(&again), Rejection::AlreadyPaid);
    assert_eq!(world.findings(), []);
}

#[test]
fn free_tickets_count_as_paid_and_move_no_points() {
    let mut world = World::new();
    let hold = world.hold_line_items(9, 1, vec![line_item(1, 0)]);
    let Ok(Outcome::Held(held)) = world.run(&hold) else { panic!() };
    let before = world.bookings.transfers.len();
    let (paid, tickets) = world.paid(&held);
    assert_eq!((paid.state, tickets.len()), (ReservationState::Confirmed, 1));
    assert_eq!(world.bookings.transfers.len(), before);
    assert!(!world.bookings.wallets.contains_key(&user(9)));
    let cancel = world.cancel(&held);
    world.run(&cancel).unwrap();
    assert_eq!(world.bookings.transfers.len(), before);
    assert_eq!(world.findings(), []);
}

#[test]
fn too_few_points_take_nothing() {
    let mut world = World::new();
    let hold = world.hold_line_items(1, 1, vec![line_item(1, 10_001)]);
    let Ok(Outcome::Held(held)) = world.run(&hold) else { panic!() };
    let pay = world.pay(&held);
    let rejection = world.refused(&pay);
    assert_eq!(rejection, Rejection::BalanceTooLow { balance: points(10_000), amount: points(10_001) });
    world.fund(1, 1);
    assert!(world.run(&pay).is_ok());
    assert_eq!(world.balance(1), 0);
}

#[test]
fn a_late_payment_is_good_while_the_seats_are_its_own_or_free() {
    for marked in [false, true] {
        let mut world = World::new();
        let held = world.held(1, &[1, 2]);
        world.now = just_before(PAY_UNTIL);
        if marked {
            world.run(&expire(&held)).unwrap();
            assert_eq!(world.state(&held), ReservationState::Expired);
        }
        world.paid(&held);
        assert_eq!(world.findings(), []);
    }
}

#[test]
fn a_late_payment_takes_seats_that_became_free_again() {
    let mut world = World::new();
    let kims = world.held(1, &[1]);
    world.now = at(1000);
    let lees = world.held(2, &[1]);
    let pay = world.pay(&kims);
    assert!(matches!(world.refused(&pay), Rejection::HoldLapsed { .. }));
    world.run(&release(&lees)).unwrap();
    world.paid(&kims);
    assert_eq!(world.seat_state(1), SeatState::Sold { to: kims.id });
    assert_eq!(world.findings(), []);
}

#[test]
fn after_the_last_moment_nothing_is_taken() {
    let mut world = World::new();
    let held = world.held(1, &[1]);
    world.now = at(PAY_UNTIL);
    let pay = world.pay(&held);
    assert_eq!(world.refused(&pay), Rejection::HoldLapsed { held_until: held.held_until });
    assert_eq!(world.balance(1), 10_000);
}

#[test]
fn a_payment_after_a_takeover_takes_nothing_and_gives_nothing() {
    let mut world = World::new();
    let kims = world.held(1, &[1, 2]);
    world.now = at(1000);
    let lees = world.held(2, &[2]);
    world.paid(&lees);
    let pay = world.pay(&kims);
    assert_eq!(world.refused(&pay), Rejection::HoldLapsed { held_until: kims.held_until });
    assert_eq!(world.balance(1), 10_000);
    assert_eq!(world.findings(), []);
}

#[test]
fn the_limit_is_counted_again_for_a_late_payment() {
    let mut world = World::new();
    let late = world.held(1, &[1, 2]);
    world.now = at(1000);
    world.held(1, &[3, 4, 5]);
    let pay = world.pay(&late);
    assert_eq!(world.refused(&pay), Rejection::LimitReached { limit: LIMIT, used: 3, asked: 2 });
}

/// One instance thinks that a hold has lapsed; another one, whose clock is a second behind, still takes its payment.
#[test]
fn clocks_that_differ_sell_nobody_more_than_the_limit() {
    let mut world = World::new();
    let first = world.held(1, &[1, 2, 3, 4]);
    let lapses = 10 + HOLD_SECONDS;
    world.now = just_before(lapses + 1);
    let more = world.hold(1, &[5]);
    assert_eq!(world.refused(&more), Rejection::LimitReached { limit: LIMIT, used: 4, asked: 1 });
    world.now = just_before(lapses);
    world.paid(&first);
    world.now = just_before(lapses + 2);
    assert_eq!(world.refused(&more), Rejection::LimitReached { limit: LIMIT, used: 4, asked: 1 });
}

#[test]
fn in_time_is_until_just_before_the_hold_lapses() {
    let lapses = 10 + HOLD_SECONDS;
    for (now, in_time) in [(just_before(lapses), true), (at(lapses), false)] {
        let mut world = World::new();
        let held = world.held(1, &[1]);
        world.held(1, &[2, 3, 4]);
        world.now = now;
        // Late, the limit is counted anew: the other hold has lapsed too, so there is room.
        world.paid(&held);
        assert_eq!(held.has_lapsed(now), !in_time);
    }
}

#[test]
fn what_was_given_up_or_given_back_is_not_paid() {
    let mut world = World::new();
    let released = world.held(1, &[1]);
    world.run(&release(&released)).unwrap();
    let pay = world.pay(&released);
    assert_eq!(world.refused(&pay), Rejection::ReservationEnded(ReservationState::Released));
}

#[test]
fn nobody_pays_what_is_not_theirs() {
    let mut world = World::new();
    let kims = world.held(1, &[1]);
    let foreign = Reservation { user: user(2), ..kims.clone() };
    let pay = world.pay(&foreign);
    assert_eq!(world.refused(&pay), Rejection::ReservationUnknown);
    let elsewhere = Reservation { sale: sale(2), ..kims.clone() };
    let pay = world.pay(&elsewhere);
    assert_eq!(world.refused(&pay), Rejection::ReservationUnknown);
    let mut fewer = kims.clone();
    fewer.line_items = vec![line_item(2, 0)];
    let pay = world.pay(&fewer);
    assert_eq!(world.refused(&pay), Rejection::ReservationUnknown);
}

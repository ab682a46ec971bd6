//! Holding seats.

use crate::fixture::*;
use frontrow_domain::*;
use std::time::Duration;

const MICROSECOND: Duration = Duration::from_micros(1);

#[test]
fn a_hold_takes_its_seats_and_fixes_its_prices() {
    let mut world = World::new();
    let held = world.held(1, &[2, 1]);
    assert_eq!(held.state, ReservationState::Held);
    assert_eq!(held.held_until, at(10 + HOLD_SECONDS));
    assert_eq!(held.late_until, at(PAY_UNTIL));
    assert_eq!(held.amount, points(2 * PRICE));
    assert_eq!(held.seats().collect::<Vec<_>>(), [seat(1), seat(2)], "by ascending number");
    for number in [1, 2] {
        assert_eq!(world.seat_state(number), SeatState::Held { by: held.id, until: held.held_until });
    }
    assert_eq!(world.findings(), []);
}

#[test]
fn a_sale_is_open_from_its_first_instant_to_just_before_its_last() {
    let mut world = World::new();
    world.now = just_before(10);
    let hold = world.hold(1, &[1]);
    assert_eq!(world.refused(&hold), Rejection::SaleNotOpen { opens: at(10) });
    world.now = at(CLOSES);
    assert_eq!(world.refused(&hold), Rejection::SaleClosed { closed: at(CLOSES) });
    world.now = just_before(CLOSES);
    assert!(world.run(&hold).is_ok());
}

#[test]
fn a_hold_ends_no_later_than_payments_are_taken() {
    let mut world = World::new();
    let mut hold = world.hold(1, &[1]);
    let Operation::Hold(inner) = &mut hold.operation else { panic!() };
    inner.terms.pay_until = at(100);
    let Ok(Outcome::Held(held)) = world.run(&hold) else { panic!() };
    assert_eq!(held.held_until, at(100));
}

#[test]
fn all_or_nothing_and_the_seats_in_the_way_are_named() {
    let mut world = World::new();
    world.held(1, &[2, 4]);
    let hold = world.hold(2, &[1, 2, 3, 4]);
    assert_eq!(world.refused(&hold), Rejection::SeatsTaken { seats: vec![seat(2), seat(4)], yours: vec![] });
    let again = world.hold(1, &[3, 4]);
    let yours = vec![seat(4)];
    assert_eq!(world.refused(&again), Rejection::SeatsTaken { seats: yours.clone(), yours });
    let unknown = world.hold(2, &[1, 21, 22]);
    assert_eq!(world.refused(&unknown), Rejection::SeatsUnknown(vec![seat(21), seat(22)]));
}

#[test]
fn sold_and_blocked_seats_are_taken_for_ever() {
    let mut world = World::new();
    let held = world.held(1, &[1]);
    world.paid(&held);
    let key = SeatKey { performance: performance(1), number: seat(2) };
    let blocked = world.bookings.seats[&key].with(SeatState::Blocked);
    world.bookings.seats.insert(key, blocked);
    world.now = just_before(CLOSES);
    for number in [1, 2] {
        let hold = world.hold(2, &[number]);
        assert_eq!(world.refused(&hold), Rejection::SeatsTaken { seats: vec![seat(number)], yours: vec![] });
    }
}

#[test]
fn a_lapsed_hold_is_taken_over_after_the_grace_and_not_a_moment_before() {
    let mut world = World::new();
    world.held(1, &[1]);
    let lapses = at(10 + HOLD_SECONDS);
    let takeover = lapses + TAKEOVER_GRACE;
    let hold = world.hold(2, &[1]);
    for now in [lapses - MICROSECOND, lapses, takeover - MICROSECOND] {
        world.now = now;
        assert_eq!(world.refused(&hold), Rejection::SeatsTaken { seats: vec![seat(1)], yours: vec![] });
    }
    world.now = takeover;
    assert!(world.run(&hold).is_ok());
    assert_eq!(world.findings(), []);
}

#[test]
fn the_limit_counts_live_holds_and_paid_seats_of_the_sale_only() {
    let mut world = World::new();
    let first = world.held(1, &[1, 2]);
    world.held(1, &[3]);
    let two = world.hold(1, &[4, 5]);
    assert_eq!(world.refused(&two), Rejection::LimitReached { limit: LIMIT, used: 3, asked: 2 });
    // Another sale has a limit of its own, another person too.
    let elsewhere = world.hold_line_items(1, 2, vec![line_item(6, 0), line_item(7, 0)]);
    assert!(world.run(&elsewhere).is_ok());
    assert!(world.held(2, &[8, 9, 10, 11]).seat_count() == LIMIT);
    // What is paid goes on counting; what lapsed as long ago as the grace does not.
    world.paid(&first);
    let lapsed = at(10 + HOLD_SECONDS) + TAKEOVER_GRACE;
    world.now = lapsed - MICROSECOND;
    let early = world.hold(1, &[4, 5]);
    assert_eq!(world.refused(&early), Rejection::LimitReached { limit: LIMIT, used: 3, asked: 2 });
    world.now = lapsed;
    assert!(world.held(1, &[4, 5]).seat_count() == 2);
    let more = world.hold(1, &[12]);
    assert_eq!(world.refused(&more), Rejection::LimitReached { limit: LIMIT, used: 4, asked: 1 });
    assert_eq!(world.findings(), []);
}

#[test]
fn released_and_cancelled_seats_no_longer_count() {
    let mut world = World::new();
    let held = world.held(1, &[1, 2]);
    world.run(&release(&held)).unwrap();
    let held = world.held(1, &[3, 4]);
    world.paid(&held);
    let cancel = world.cancel(&held);
    world.run(&cancel).unwrap();
    assert_eq!(world.held(1, &[1, 2, 3, 4]).seat_count(), LIMIT);
}

#[test]
fn a_seat_named_twice_is_held_once() {
    let mut world = World::new();
    let hold = world.hold_line_items(1, 1, vec![line_item(1, PRICE), line_item(1, PRICE)]);
    let Ok(Outcome::Held(held)) = world.run(&hold) else { panic!() };
    assert_eq!((held.seat_count(), held.amount), (1, points(PRICE)));
    assert_eq!(world.findings(), []);
}

//! Holding the best seats that are left, according to a plan.

use crate::fixture::*;
use frontrow_domain::*;

fn seats(outcome: Result<Outcome, Stop>) -> Vec<u32> {
    match outcome {
        Ok(Outcome::Held(reservation)) => reservation.seats().map(SeatNumber::get).collect(),
        other => panic!("not held: {other:?}"),
    }
}

#[test]
fn the_first_block_that_can_be_had_is_held_at_the_plans_price() {
    for wait in [false, true] {
        let mut world = World::new();
        world.held(2, &[1]);
        let best = world.hold_best(1, &[&[1, 2], &[5, 6], &[3, 4]], wait);
        let Ok(Outcome::Held(held)) = world.run(&best) else { panic!("it can be held") };
        assert_eq!(held.seats().collect::<Vec<_>>(), [seat(5), seat(6)]);
        assert_eq!(held.amount, points(2 * PRICE));
        assert!(held.line_items.iter().all(|line_item| line_item.paid == points(PRICE)));
        assert_eq!(world.findings(), []);
    }
}

#[test]
fn half_a_block_is_none() {
    for wait in [false, true] {
        let mut world = World::new();
        world.held(2, &[1]);
        world.held(3, &[4]);
        let before = world.bookings.clone();
        let best = world.hold_best(1, &[&[1, 2], &[3, 4]], wait);
        assert_eq!(world.run(&best), Err(Stop::Replan));
        assert!(world.bookings == before);
    }
}

#[test]
fn an_empty_plan_is_looked_at_for_who_repeats_it_and_who_may_not() {
    let mut world = World::new();
    let first = world.hold_best(1, &[&[1, 2]], false);
    let held = world.run(&first);
    let Operation::HoldBest(best) = &first.operation else { panic!() };
    let best = HoldBest { blocks: Vec::new(), ..best.clone() };
    let again = Command { operation: Operation::HoldBest(best), ..first };
    assert_eq!(world.run(&again), held);

    let nothing = world.hold_best(1, &[], false);
    assert_eq!(world.run(&nothing), Err(Stop::Replan));
    world.held(1, &[3, 4]);
    let nothing = world.hold_best(1, &[], false);
    assert_eq!(world.refused(&nothing), Rejection::LimitReached { limit: LIMIT, used: 4, asked: 2 });
}

#[test]
fn a_hold_that_has_lapsed_can_be_taken_after_the_grace() {
    let mut world = World::new();
    let held = world.held(2, &[1, 2]);
    world.now = held.held_until + TAKEOVER_GRACE;
    let best = world.hold_best(1, &[&[1, 2], &[3, 4]], false);
    assert_eq!(seats(world.run(&best)), [1, 2]);
    let third = world.hold_best(3, &[&[1, 2], &[3, 4]], false);
    assert_eq!(seats(world.run(&third)), [3, 4]);
}

#[test]
fn no_more_candidates_are_locked_than_two_blocks() {
    let mut world = World::new();
    let best = world.hold_best(1, &[&[1, 2], &[3, 4], &[5, 6]], false);
    let locked = world.bookings.lock(&best.scope(), world.now);
    let key = |number| SeatKey { performance: performance(1), number: seat(number) };
    assert!(locked.candidate(key(4)).unwrap().is_some());
    assert_eq!(locked.candidate(key(5)), Ok(None));
    assert!(locked.candidate(key(7)).is_err(), "it is no candidate");
    assert!(locked.seat(key(1)).is_ok() && locked.seat(key(5)).is_err());
}

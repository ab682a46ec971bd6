//! How a queue ends.

use super::house::*;
use crate::fixture::{at, just_before};
use frontrow_domain::waiting_room::*;

#[test]
fn a_queue_closes_with_its_sale() {
    let mut house = House::open(room(), 3);
    house.sale.closes = at(20);
    house.all_come([1]);
    house.tick_at(just_before(20));
    assert_eq!((house.queue().phase, house.active()), (Phase::Open, 1));
    house.all_come([2]);
    assert_eq!(house.tick_at(at(20)), []);
    assert_eq!((house.queue().phase, house.active()), (Phase::Closed, 1), "whoever is admitted finishes");
    house.renew(1).unwrap();
}

#[test]
fn a_queue_that_was_never_opened_closes_too() {
    let mut house = House::new(WaitingRoom { draw: true, ..room() });
    house.join(1);
    house.sale.closes = at(20);
    house.tick_at(at(30));
    assert_eq!((house.queue().phase, house.group().drawn), (Phase::Closed, 1));
}

#[test]
fn in_a_closed_queue_admissions_still_end() {
    let mut house = House::open(room(), 3);
    house.all_come([1, 2]);
    house.tick();
    house.phase(Phase::Closed).unwrap();
    house.run(48, &[3]);
    assert_eq!((house.active(), house.rooms.log.len()), (0, 2));
}

#[test]
fn a_sold_out_queue_closes_and_one_that_is_all_held_waits() {
    let mut house = House::open(room(), 3);
    house.stock = Stock::AllHeld;
    house.tick();
    assert_eq!((house.queue().phase, house.queue().ending), (Phase::Open, Some(Ending::AllHeld)));
    house.stock = Stock::Unknown;
    house.tick();
    assert_eq!(house.queue().ending, Some(Ending::AllHeld), "as far as is known");
    house.stock = Stock::Left(1);
    house.tick();
    assert_eq!((house.queue().phase, house.queue().ending), (Phase::Open, None));
    house.stock = Stock::SoldOut;
    house.all_come([1]);
    assert_eq!(house.tick(), []);
    assert_eq!((house.queue().phase, house.queue().ending), (Phase::Closed, Some(Ending::SoldOut)));
}

#[test]
fn a_draining_queue_takes_no_joins_and_admits_who_is_there() {
    let mut house = House::open(room(), 3);
    house.phase(Phase::Draining).unwrap();
    assert!(!house.queue().phase.takes_joins());
    house.all_come([1, 2]);
    assert_eq!(house.run(1, &[]), [1, 2]);
    assert!(house.queue().open_time > seconds(0));
    house.stock = Stock::SoldOut;
    house.tick();
    assert_eq!(house.queue().phase, Phase::Closed);
}

#[test]
fn a_paused_queue_is_not_closed_by_what_is_sold() {
    let mut house = House::open(room(), 3);
    house.phase(Phase::Paused).unwrap();
    house.stock = Stock::SoldOut;
    house.tick();
    assert_eq!((house.queue().phase, house.queue().ending), (Phase::Paused, Some(Ending::SoldOut)));
}

#[test]
fn what_each_phase_does() {
    let joins = Phase::ALL.map(Phase::takes_joins);
    let moves = Phase::ALL.map(Phase::moves);
    assert_eq!(joins, [true, true, true, false, false]);
    assert_eq!(moves, [false, true, false, true, false]);
    assert_eq!(Phase::ALL.map(Phase::as_str), ["lobby", "open", "paused", "draining", "closed"]);
}

#[test]
fn how_many_seats_are_left_is_said_by_one_digit() {
    let mut house = House::open(room(), 1);
    assert_eq!(house.queue().seats_left, None);
    for (left, said) in [(1, 1), (9, 9), (57, 50), (100, 100), (48_999, 40_000)] {
        house.stock = Stock::Left(left);
        house.tick();
        assert_eq!(house.queue().seats_left, Some(said));
    }
    house.stock = Stock::Unknown;
    house.tick();
    assert_eq!(house.queue().seats_left, Some(40_000), "as far as is known");
    house.stock = Stock::AllHeld;
    house.tick();
    assert_eq!(house.queue().seats_left, Some(0));
}

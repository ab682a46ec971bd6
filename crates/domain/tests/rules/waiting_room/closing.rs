//! How a queue ends.

use super::test_room::*;
use crate::fixture::{at, just_before};
use frontrow_domain::waiting_room::*;

#[test]
fn a_queue_closes_with_its_sale() {
    let mut waiting_room = TestRoom::open(room(), 3);
    waiting_room.sale.closes = at(20);
    waiting_room.all_come([1]);
    waiting_room.tick_at(just_before(20));
    assert_eq!((waiting_room.queue().phase, waiting_room.active()), (Phase::Open, 1));
    waiting_room.all_come([2]);
    assert_eq!(waiting_room.tick_at(at(20)), []);
    assert_eq!((waiting_room.queue().phase, waiting_room.active()), (Phase::Closed, 1), "whoever is admitted finishes");
    waiting_room.renew(1).unwrap();
}

#[test]
fn a_queue_that_was_never_opened_closes_too() {
    let mut waiting_room = TestRoom::new(WaitingRoom { draw: true, ..room() });
    waiting_room.join(1);
    waiting_room.sale.closes = at(20);
    waiting_room.tick_at(at(30));
    assert_eq!((waiting_room.queue().phase, waiting_room.group().drawn), (Phase::Closed, 1));
}

#[test]
fn in_a_closed_queue_admissions_still_end() {
    let mut waiting_room = TestRoom::open(room(), 3);
    waiting_room.all_come([1, 2]);
    waiting_room.tick();
    waiting_room.phase(Phase::Closed).unwrap();
    waiting_room.run(48, &[3]);
    assert_eq!((waiting_room.active(), waiting_room.rooms.log.len()), (0, 2));
}

#[test]
fn a_sold_out_queue_closes_and_one_that_is_all_held_waits() {
    let mut waiting_room = TestRoom::open(room(), 3);
    waiting_room.stock = Stock::AllHeld;
    waiting_room.tick();
    assert_eq!((waiting_room.queue().phase, waiting_room.queue().ending), (Phase::Open, Some(Ending::AllHeld)));
    waiting_room.stock = Stock::Unknown;
    waiting_room.tick();
    assert_eq!(waiting_room.queue().ending, Some(Ending::AllHeld), "as far as is known");
    waiting_room.stock = Stock::Left(1);
    waiting_room.tick();
    assert_eq!((waiting_room.queue().phase, waiting_room.queue().ending), (Phase::Open, None));
    waiting_room.stock = Stock::SoldOut;
    waiting_room.all_come([1]);
    assert_eq!(waiting_room.tick(), []);
    assert_eq!((waiting_room.queue().phase, waiting_room.queue().ending), (Phase::Closed, Some(Ending::SoldOut)));
}

#[test]
fn a_draining_queue_takes_no_joins_and_admits_who_is_there() {
    let mut waiting_room = TestRoom::open(room(), 3);
    waiting_room.phase(Phase::Draining).unwrap();
    assert!(!waiting_room.queue().phase.takes_joins());
    waiting_room.all_come([1, 2]);
    assert_eq!(waiting_room.run(1, &[]), [1, 2]);
    assert!(waiting_room.queue().open_time > seconds(0));
    waiting_room.stock = Stock::SoldOut;
    waiting_room.tick();
    assert_eq!(waiting_room.queue().phase, Phase::Closed);
}

#[test]
fn a_paused_queue_is_not_closed_by_what_is_sold() {
    let mut waiting_room = TestRoom::open(room(), 3);
    waiting_room.phase(Phase::Paused).unwrap();
    waiting_room.stock = Stock::SoldOut;
    waiting_room.tick();
    assert_eq!((waiting_room.queue().phase, waiting_room.queue().ending), (Phase::Paused, Some(Ending::SoldOut)));
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
    let mut waiting_room = TestRoom::open(room(), 1);
    assert_eq!(waiting_room.queue().seats_left, None);
    for (left, said) in [(1, 1), (9, 9), (57, 50), (100, 100), (48_999, 40_000)] {
        waiting_room.stock = Stock::Left(left);
        waiting_room.tick();
        assert_eq!(waiting_room.queue().seats_left, Some(said));
    }
    waiting_room.stock = Stock::Unknown;
    waiting_room.tick();
    assert_eq!(waiting_room.queue().seats_left, Some(40_000), "as far as is known");
    waiting_room.stock = Stock::AllHeld;
    waiting_room.tick();
    assert_eq!(waiting_room.queue().seats_left, Some(0));
}

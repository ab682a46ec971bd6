//! Who is admitted, of those who are checked in.

use super::house::*;
use crate::fixture::{at, just_before, sale, user};
use frontrow_domain::waiting_room::*;
use frontrow_domain::*;

fn one_at_a_time() -> WaitingRoom {
    WaitingRoom { capacity: 1, ..room() }
}

#[test]
fn the_lowest_rank_comes_first_whoever_came_first() {
    let mut house = House::open(WaitingRoom { capacity: 3, ..room() }, 9);
    house.all_come([9, 4, 7, 2, 5]);
    assert_eq!(house.tick(), [2, 4, 5]);
    house.all_come([1]);
    house.leave(4);
    house.leave(5);
    assert_eq!(house.tick(), [1, 7], "whoever comes late comes with their own rank");
    assert_eq!(house.rooms.check_ins.keys().copied().collect::<Vec<_>>(), [key(9)]);
}

#[test]
fn who_is_absent_is_passed_over_and_keeps_the_entry() {
    for (asked, admitted) in [(just_before(OPENS + 15), 1), (at(OPENS + 15), 2)] {
        let mut house = House::open(one_at_a_time(), 2);
        house.all_come([1]);
        house.now = asked;
        house.all_come([2]);
        assert_eq!(house.tick(), [admitted]);
        house.leave(admitted);
        house.wait(seconds(60));
        house.all_come([3 - admitted]);
        assert_eq!(house.tick(), [3 - admitted]);
    }
}

#[test]
fn who_comes_again_has_stood_there_all_the_time_unless_there_was_a_break() {
    let mut house = House::open(room(), 1);
    house.all_come([1]);
    let since = house.now;
    house.now = house.now + seconds(12);
    house.all_come([1]);
    house.now = house.now + seconds(12);
    house.all_come([1]);
    assert_eq!(house.rooms.check_ins[&key(1)].checked_in_at, since);
    // The clock of another instance is behind.
    house.now = house.now - seconds(1);
    house.all_come([1]);
    assert_eq!(house.rooms.check_ins[&key(1)].seen_at, since + seconds(24));
    // A tick whose clock is ahead by the tolerance would not have seen them.
    house.now = since + seconds(24) + CheckIn::PRESENCE - CLOCK_TOLERANCE;
    house.all_come([1]);
    assert_eq!(house.rooms.check_ins[&key(1)].checked_in_at, house.now);
}

#[test]
fn who_has_come_once_never_lapses() {
    let mut house = House::open(one_at_a_time(), 2);
    house.all_come([1]);
    house.tick();
    house.pick_up(1);
    house.all_come([2]);
    for _ in 0..200 {
        house.run(10, &[]);
        house.renew(1);
    }
    assert_eq!(house.status(2), EntryStatus::Lapsed);
    assert_eq!(house.come(2), CheckInOutcome::Present);
    house.join(3);
    house.leave(1);
    assert_eq!(house.tick(), [2]);
}

#[test]
fn who_was_admitted_and_did_not_pick_it_up_may_come_again_after_the_call_has_lapsed() {
    let mut house = House::open(one_at_a_time(), 2);
    house.all_come([1, 2]);
    assert_eq!(house.tick(), [1]);
    house.run(1000, &[]);
    assert_eq!((house.status(1), house.admission(1)), (EntryStatus::Lapsed, None));
    house.all_come([1]);
    assert_eq!(house.tick(), [1], "with their own rank");
    house.pick_up(1);
    house.leave(1);
    assert_eq!(house.come(1), CheckInOutcome::Used, "once it was picked up, it is used up");
}

#[test]
fn who_never_came_lapses_and_another_entry_does_not_help() {
    let mut house = House::open(room(), 2);
    house.run(1000, &[]);
    assert_eq!(house.come(1), CheckInOutcome::Lapsed);
    house.all_come([]);
    assert!(house.rooms.check_ins.is_empty());
    // A check-in with an earlier queue entry is none with this one.
    let earlier = house.check_in_of(1);
    house.rooms.check_ins.insert(key(1), CheckIn { number: QueueNumber::new(77).unwrap(), ..earlier });
    assert_eq!(house.come(1), CheckInOutcome::Lapsed);
}

#[test]
fn check_ins_of_the_barred_the_used_and_the_admitted_go_without_an_admission() {
    let mut house = House::open(WaitingRoom { capacity: 2, ..room() }, 5);
    house.all_come([1, 2]);
    assert_eq!(house.tick(), [1, 2]);
    house.pick_up(1);
    house.pick_up(2);
    let (first, second) = (house.check_in_of(1), house.check_in_of(2));
    house.leave(1);
    house.all_come([3, 4, 5]);
    house.bar(3, true);
    // Check-ins that were on their way meanwhile.
    house.rooms.check_ins.insert(key(1), first);
    house.rooms.check_ins.insert(key(2), second);
    house.change(QueueChange { capacity: Some(4), ..QueueChange::default() }).unwrap();
    assert_eq!(house.tick(), []);
    assert_eq!(house.rooms.check_ins.keys().copied().collect::<Vec<_>>(), [key(4), key(5)]);
    assert_eq!(house.tick(), [4, 5]);
    assert_eq!((house.come(1), house.come(3)), (CheckInOutcome::Used, CheckInOutcome::Barred));
    assert!(matches!(house.come(2), CheckInOutcome::Admitted(_)));
    house.bar(3, false);
    house.leave(4);
    assert_eq!(house.come(3), CheckInOutcome::Present);
    assert_eq!(house.tick(), [3]);
}

#[test]
fn barred_comes_before_admitted_before_used() {
    let admission = Some(AdmissionPeriod { until: at(20), max_until: at(100) });
    let buyer = Buyer { admission, used_numbers: [5; 4], barred: true, ..Buyer::next(key(1), None) };
    let by = |buyer: &Buyer, number, now| {
        CheckInOutcome::by(Some(buyer), Group::FIRST, QueueNumber::new(number).unwrap(), at(now))
    };
    assert_eq!(by(&buyer, 5, 10), Some(CheckInOutcome::Barred));
    let free = Buyer { barred: false, ..buyer };
    assert_eq!(by(&free, 5, 19), Some(CheckInOutcome::Admitted(free)));
    assert_eq!(by(&free, 5, 20), Some(CheckInOutcome::Used));
    assert_eq!(by(&free, 6, 20), None);
    assert_eq!(CheckInOutcome::by(None, Group::FIRST, QueueNumber::new(1).unwrap(), at(0)), None);
}

#[test]
fn whose_row_is_locked_stops_their_group_and_no_other() {
    let groups = vec![group(1, None), group(1, Some("x"))];
    let mut house = House::new(WaitingRoom { groups, ..room() });
    house.all_join(1..=3, 0);
    house.all_join(11..=13, 1);
    house.tick();
    house.all_come([1, 2, 3, 11, 12, 13]);
    let tick = house.plan();
    assert!(!tick.waits());
    let locked = house.lock(&tick, &[2]);
    let ticked = tick.carry_out(&locked);
    let users: Vec<UserId> = ticked.log.iter().map(|row| row.key.user).collect();
    assert_eq!(users, [1, 11, 12, 13].map(user));
    house.rooms.store(&mut house.books, ticked).unwrap();
    assert_eq!(house.tick(), [2, 3]);
}

#[test]
fn an_admission_whose_row_is_locked_is_counted() {
    let mut house = House::open(one_at_a_time(), 2);
    house.all_come([1]);
    house.tick();
    house.wait(Tick::PICK_UP + CLOCK_TOLERANCE + seconds(1));
    house.all_come([2]);
    let tick = house.plan();
    let locked = house.lock(&tick, &[1]);
    let ticked = tick.carry_out(&locked);
    assert_eq!((ticked.log.len(), ticked.ended.len()), (0, 0));
    assert_eq!(house.tick(), [2]);
}

#[test]
fn somebody_who_was_admitted_and_never_picked_up_is_admitted_again_in_the_tick_that_ends_it() {
    let mut house = House::open(one_at_a_time(), 2);
    house.all_come([1]);
    house.tick();
    house.wait(Tick::PICK_UP + CLOCK_TOLERANCE);
    house.all_come([1]);
    assert_eq!(house.tick(), [], "within the tolerance the admission still counts");
    house.now = house.now + millis(1);
    house.all_come([1]);
    assert_eq!(house.tick(), [1]);
    assert_eq!((house.active(), house.books.buyers[&key(1)].generation), (1, 2));
}

#[test]
fn a_tick_admits_a_batch_at_most() {
    let mut house = House::open(WaitingRoom { capacity: 1000, ..room() }, 100);
    house.run(2, &[]);
    house.all_come(1..=100);
    assert_eq!(house.tick(), (1..=64).collect::<Vec<_>>());
    assert_eq!(house.tick(), (65..=100).collect::<Vec<_>>());
}

#[test]
fn other_sales_are_no_business_of_a_tick() {
    let mut house = House::open(room(), 2);
    let elsewhere = BuyerKey { sale: sale(2), user: user(1) };
    house.rooms.check_ins.insert(elsewhere, CheckIn { key: elsewhere, ..house.check_in_of(1) });
    assert_eq!(house.tick(), []);
    house.rooms.check_ins.clear();
}

#[test]
fn of_two_ticks_from_one_read_the_second_is_refused() {
    let mut house = House::open(one_at_a_time(), 2);
    house.all_come([2]);
    let first = house.plan();
    house.all_come([1]);
    let second = house.plan();
    let (rows, others) = (house.lock(&first, &[]), house.lock(&second, &[]));
    let (first, second) = (first.carry_out(&rows), second.carry_out(&others));
    house.rooms.store(&mut house.books, first).unwrap();
    let before = (house.books.clone(), house.rooms.clone());
    assert!(house.rooms.store(&mut house.books, second).is_err());
    assert!(before == (house.books.clone(), house.rooms.clone()), "it has changed nothing");
}

#[test]
fn a_tick_whose_buyer_has_moved_on_is_refused() {
    let mut house = House::open(room(), 2);
    house.all_come([1, 2]);
    let tick = house.plan();
    let locked = house.lock(&tick, &[]);
    house.bar(2, true);
    let ticked = tick.carry_out(&locked);
    assert!(house.rooms.store(&mut house.books, ticked).is_err());
    assert_eq!(house.tick(), [1]);
}

#[test]
fn a_tick_says_whether_there_is_anything_to_do_soon() {
    let quiet = |house: &House| {
        let tick = house.plan();
        let locked = house.lock(&tick, &[]);
        tick.carry_out(&locked).quiet
    };
    let mut house = House::open(WaitingRoom { capacity: 1, ..room() }, 0);
    assert!(quiet(&house));
    house.all_join(1..=2, 0);
    house.tick();
    assert!(!quiet(&house), "somebody could be called");
    house.phase(Phase::Paused).unwrap();
    assert!(quiet(&house), "nobody is called in a pause");
    house.phase(Phase::Open).unwrap();
    house.all_come([1]);
    house.phase(Phase::Paused).unwrap();
    assert!(!quiet(&house), "somebody is checked in");
    house.phase(Phase::Open).unwrap();
    house.tick();
    house.phase(Phase::Paused).unwrap();
    assert!(!quiet(&house), "somebody is admitted");
}

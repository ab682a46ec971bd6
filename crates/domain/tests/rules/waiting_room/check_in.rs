//! Who is admitted, of those who are checked in.

use super::test_room::*;
use crate::fixture::{at, just_before, sale, user};
use frontrow_domain::waiting_room::*;
use frontrow_domain::*;

fn one_at_a_time() -> WaitingRoom {
    WaitingRoom { capacity: 1, ..room() }
}

#[test]
fn the_lowest_rank_comes_first_whoever_came_first() {
    let mut waiting_room = TestRoom::open(WaitingRoom { capacity: 3, ..room() }, 9);
    waiting_room.all_come([9, 4, 7, 2, 5]);
    assert_eq!(waiting_room.tick(), [2, 4, 5]);
    waiting_room.all_come([1]);
    waiting_room.leave(4);
    waiting_room.leave(5);
    assert_eq!(waiting_room.tick(), [1, 7], "whoever comes late comes with their own rank");
    assert_eq!(waiting_room.rooms.check_ins.keys().copied().collect::<Vec<_>>(), [key(9)]);
}

#[test]
fn who_is_absent_is_passed_over_and_keeps_the_entry() {
    for (asked, admitted) in [(just_before(OPENS + 15), 1), (at(OPENS + 15), 2)] {
        let mut waiting_room = TestRoom::open(one_at_a_time(), 2);
        waiting_room.all_come([1]);
        waiting_room.now = asked;
        waiting_room.all_come([2]);
        assert_eq!(waiting_room.tick(), [admitted]);
        waiting_room.leave(admitted);
        waiting_room.wait(seconds(60));
        waiting_room.all_come([3 - admitted]);
        assert_eq!(waiting_room.tick(), [3 - admitted]);
    }
}

#[test]
fn who_comes_again_has_stood_there_all_the_time_unless_there_was_a_break() {
    let mut waiting_room = TestRoom::open(room(), 1);
    waiting_room.all_come([1]);
    let since = waiting_room.now;
    waiting_room.now = waiting_room.now + seconds(12);
    waiting_room.all_come([1]);
    waiting_room.now = waiting_room.now + seconds(12);
    waiting_room.all_come([1]);
    assert_eq!(waiting_room.rooms.check_ins[&key(1)].checked_in_at, since);
    // The clock of another instance is behind.
    waiting_room.now = waiting_room.now - seconds(1);
    waiting_room.all_come([1]);
    assert_eq!(waiting_room.rooms.check_ins[&key(1)].seen_at, since + seconds(24));
    // A tick whose clock is ahead by the tolerance would not have seen them.
    waiting_room.now = since + seconds(24) + CheckIn::PRESENCE - CLOCK_TOLERANCE;
    waiting_room.all_come([1]);
    assert_eq!(waiting_room.rooms.check_ins[&key(1)].checked_in_at, waiting_room.now);
}

/// Persons 1 to 3 have been called, 2 and 3 have checked in, and there is no room.
fn two_at_the_door() -> TestRoom {
    let mut waiting_room = TestRoom::open(one_at_a_time(), 3);
    waiting_room.run_until_called(3, 3600);
    waiting_room.queue_mut().capacity = 0;
    waiting_room.all_come([2, 3]);
    waiting_room
}

/// One tick a second.
fn stay(waiting_room: &mut TestRoom, count: u64, present: &[u128]) {
    assert_eq!(waiting_room.run(count, present), []);
}

#[test]
fn who_has_come_once_does_not_lapse_until_they_have_been_gone_for_15_minutes() {
    let mut waiting_room = two_at_the_door();
    let gone = CheckIn::GONE.as_secs();
    stay(&mut waiting_room, gone, &[3]);
    assert_eq!(waiting_room.come(2), CheckInOutcome::Present, "seen 15 minutes ago");
    stay(&mut waiting_room, gone + 1, &[3]);
    assert_eq!(waiting_room.status(2), EntryStatus::Lapsed);
    assert_eq!(waiting_room.rooms.check_ins.keys().copied().collect::<Vec<_>>(), [key(3)]);
    assert_eq!(waiting_room.come(2), CheckInOutcome::Lapsed, "seen longer ago");
    waiting_room.queue_mut().capacity = 1;
    assert_eq!(waiting_room.tick(), [3]);
}

#[test]
fn nobody_is_gone_until_the_queue_has_moved_for_15_minutes_without_a_break() {
    let gone = CheckIn::GONE.as_secs();
    let pause = |waiting_room: &mut TestRoom| {
        waiting_room.phase(Phase::Paused).unwrap();
        stay(waiting_room, gone, &[]);
        waiting_room.phase(Phase::Open).unwrap();
    };
    let outage = |waiting_room: &mut TestRoom| {
        waiting_room.now = waiting_room.now + CheckIn::GONE * 2;
        waiting_room.tick();
    };
    let breaks: [&dyn Fn(&mut TestRoom); 2] = [&pause, &outage];
    for take_a_break in breaks {
        let mut waiting_room = two_at_the_door();
        take_a_break(&mut waiting_room);
        stay(&mut waiting_room, gone - 1, &[3]);
        assert!(waiting_room.rooms.check_ins.contains_key(&key(2)), "they have the time to come back");
        stay(&mut waiting_room, 2, &[3]);
        assert!(!waiting_room.rooms.check_ins.contains_key(&key(2)));
    }
}

#[test]
fn who_was_admitted_and_did_not_pick_it_up_may_come_again_after_the_call_has_lapsed() {
    let mut waiting_room = TestRoom::open(one_at_a_time(), 2);
    waiting_room.all_come([1, 2]);
    assert_eq!(waiting_room.tick(), [1]);
    waiting_room.run(1000, &[]);
    assert_eq!((waiting_room.status(1), waiting_room.admission(1)), (EntryStatus::Lapsed, None));
    waiting_room.all_come([1]);
    assert_eq!(waiting_room.tick(), [1], "with their own rank");
    waiting_room.pick_up(1);
    waiting_room.leave(1);
    assert_eq!(waiting_room.come(1), CheckInOutcome::Used, "once it was picked up, it is used up");
}

#[test]
fn who_never_came_lapses_and_another_entry_does_not_help() {
    let mut waiting_room = TestRoom::open(room(), 2);
    waiting_room.run(1000, &[]);
    assert_eq!(waiting_room.come(1), CheckInOutcome::Lapsed);
    waiting_room.all_come([]);
    assert!(waiting_room.rooms.check_ins.is_empty());
    // A check-in with an earlier queue entry is none with this one.
    let earlier = waiting_room.check_in_of(1);
    waiting_room.rooms.check_ins.insert(key(1), CheckIn { number: QueueNumber::new(77).unwrap(), ..earlier });
    assert_eq!(waiting_room.come(1), CheckInOutcome::Lapsed);
}

#[test]
fn check_ins_of_the_barred_the_used_and_the_admitted_go_without_an_admission() {
    let mut waiting_room = TestRoom::open(WaitingRoom { capacity: 2, ..room() }, 5);
    waiting_room.all_come([1, 2]);
    assert_eq!(waiting_room.tick(), [1, 2]);
    waiting_room.pick_up(1);
    waiting_room.pick_up(2);
    let (first, second) = (waiting_room.check_in_of(1), waiting_room.check_in_of(2));
    waiting_room.leave(1);
    waiting_room.all_come([3, 4, 5]);
    waiting_room.bar(3, true);
    // Check-ins that were on their way meanwhile.
    waiting_room.rooms.check_ins.insert(key(1), first);
    waiting_room.rooms.check_ins.insert(key(2), second);
    waiting_room.change(QueueChange { capacity: Some(4), ..QueueChange::default() }).unwrap();
    assert_eq!(waiting_room.tick(), []);
    assert_eq!(waiting_room.rooms.check_ins.keys().copied().collect::<Vec<_>>(), [key(4), key(5)]);
    assert_eq!(waiting_room.tick(), [4, 5]);
    assert_eq!((waiting_room.come(1), waiting_room.come(3)), (CheckInOutcome::Used, CheckInOutcome::Barred));
    assert!(matches!(waiting_room.come(2), CheckInOutcome::Admitted(_)));
    waiting_room.bar(3, false);
    waiting_room.leave(4);
    assert_eq!(waiting_room.come(3), CheckInOutcome::Present);
    assert_eq!(waiting_room.tick(), [3]);
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
    let mut waiting_room = TestRoom::new(WaitingRoom { groups, ..room() });
    waiting_room.all_join(1..=3, 0);
    waiting_room.all_join(11..=13, 1);
    waiting_room.tick();
    waiting_room.all_come([1, 2, 3, 11, 12, 13]);
    let tick = waiting_room.plan();
    assert!(!tick.waits());
    let locked = waiting_room.lock(&tick, &[2]);
    let ticked = tick.carry_out(&locked);
    let users: Vec<UserId> = ticked.log.iter().map(|row| row.key.user).collect();
    assert_eq!(users, [1, 11, 12, 13].map(user));
    waiting_room.rooms.store(&mut waiting_room.bookings, ticked).unwrap();
    assert_eq!(waiting_room.tick(), [2, 3]);
}

/// A tick that can't lock the row of person 1, and whether it would have waited for it.
fn tick_past_1(waiting_room: &mut TestRoom) -> (bool, Vec<UserId>) {
    waiting_room.now = waiting_room.now + millis(100);
    let tick = waiting_room.plan();
    let waits = tick.overdue().contains(&key(1));
    let locked = waiting_room.lock(&tick, &[1]);
    let ticked = tick.carry_out(&locked);
    let users = ticked.log.iter().map(|row| row.key.user).collect();
    waiting_room.rooms.store(&mut waiting_room.bookings, ticked).unwrap();
    (waits, users)
}

#[test]
fn whose_row_stays_locked_is_waited_for_after_three_ticks_and_then_passed_over_once() {
    let mut waiting_room = TestRoom::open(one_at_a_time(), 4);
    waiting_room.all_come([1, 2, 3, 4]);
    for passed in [2, 3] {
        for _ in 0..Skips::PATIENCE {
            assert_eq!(tick_past_1(&mut waiting_room), (false, vec![]), "its group waits for it");
        }
        assert_eq!(tick_past_1(&mut waiting_room), (true, vec![user(passed)]));
        waiting_room.pick_up(passed);
        waiting_room.leave(passed);
    }
    let passed_over = waiting_room.now;
    waiting_room.now = waiting_room.now + millis(100);
    assert_eq!(waiting_room.tick(), [1], "before those who come after it");
    assert_eq!(waiting_room.rooms.log.last().unwrap().checked_in_at, passed_over);
    assert_eq!(waiting_room.findings(), [], "nobody was overtaken");
}

#[test]
fn an_admission_whose_row_is_locked_is_counted() {
    let mut waiting_room = TestRoom::open(one_at_a_time(), 2);
    waiting_room.all_come([1]);
    waiting_room.tick();
    waiting_room.wait(Tick::PICK_UP + CLOCK_TOLERANCE + seconds(1));
    waiting_room.all_come([2]);
    let tick = waiting_room.plan();
    let locked = waiting_room.lock(&tick, &[1]);
    let ticked = tick.carry_out(&locked);
    assert_eq!((ticked.log.len(), ticked.ended.len()), (0, 0));
    assert_eq!(waiting_room.tick(), [2]);
}

#[test]
fn somebody_who_was_admitted_and_never_picked_up_is_admitted_again_in_the_tick_that_ends_it() {
    let mut waiting_room = TestRoom::open(one_at_a_time(), 2);
    waiting_room.all_come([1]);
    waiting_room.tick();
    waiting_room.wait(Tick::PICK_UP + CLOCK_TOLERANCE);
    waiting_room.all_come([1]);
    assert_eq!(waiting_room.tick(), [], "within the tolerance the admission still counts");
    waiting_room.now = waiting_room.now + millis(1);
    waiting_room.all_come([1]);
    assert_eq!(waiting_room.tick(), [1]);
    assert_eq!((waiting_room.active(), waiting_room.bookings.buyers[&key(1)].generation), (1, 2));
}

#[test]
fn a_tick_admits_a_batch_at_most() {
    let mut waiting_room = TestRoom::open(WaitingRoom { capacity: 1000, ..room() }, 100);
    waiting_room.run(2, &[]);
    waiting_room.all_come(1..=100);
    assert_eq!(waiting_room.tick(), (1..=64).collect::<Vec<_>>());
    assert_eq!(waiting_room.tick(), (65..=100).collect::<Vec<_>>());
}

#[test]
fn other_sales_are_no_business_of_a_tick() {
    let mut waiting_room = TestRoom::open(room(), 2);
    let elsewhere = BuyerKey { sale: sale(2), user: user(1) };
    waiting_room.rooms.check_ins.insert(elsewhere, CheckIn { key: elsewhere, ..waiting_room.check_in_of(1) });
    assert_eq!(waiting_room.tick(), []);
    waiting_room.rooms.check_ins.clear();
}

#[test]
fn of_two_ticks_from_one_read_the_second_is_refused() {
    let mut waiting_room = TestRoom::open(one_at_a_time(), 2);
    waiting_room.all_come([2]);
    let first = waiting_room.plan();
    waiting_room.all_come([1]);
    let second = waiting_room.plan();
    let (rows, others) = (waiting_room.lock(&first, &[]), waiting_room.lock(&second, &[]));
    let (first, second) = (first.carry_out(&rows), second.carry_out(&others));
    waiting_room.rooms.store(&mut waiting_room.bookings, first).unwrap();
    let before = (waiting_room.bookings.clone(), waiting_room.rooms.clone());
    assert!(waiting_room.rooms.store(&mut waiting_room.bookings, second).is_err());
    assert!(before == (waiting_room.bookings.clone(), waiting_room.rooms.clone()), "it has changed nothing");
}

#[test]
fn a_tick_whose_buyer_has_moved_on_is_refused() {
    let mut waiting_room = TestRoom::open(room(), 2);
    waiting_room.all_come([1, 2]);
    let tick = waiting_room.plan();
    let locked = waiting_room.lock(&tick, &[]);
    waiting_room.bar(2, true);
    let ticked = tick.carry_out(&locked);
    assert!(waiting_room.rooms.store(&mut waiting_room.bookings, ticked).is_err());
    assert_eq!(waiting_room.tick(), [1]);
}

#[test]
fn a_tick_says_whether_there_is_anything_to_do_soon() {
    let quiet = |waiting_room: &TestRoom| {
        let tick = waiting_room.plan();
        let locked = waiting_room.lock(&tick, &[]);
        tick.carry_out(&locked).quiet
    };
    let mut waiting_room = TestRoom::open(WaitingRoom { capacity: 1, ..room() }, 0);
    assert!(quiet(&waiting_room));
    waiting_room.all_join(1..=2, 0);
    waiting_room.tick();
    assert!(!quiet(&waiting_room), "somebody could be called");
    waiting_room.phase(Phase::Paused).unwrap();
    assert!(quiet(&waiting_room), "nobody is called in a pause");
    waiting_room.phase(Phase::Open).unwrap();
    waiting_room.all_come([1]);
    waiting_room.phase(Phase::Paused).unwrap();
    assert!(!quiet(&waiting_room), "somebody is checked in");
    waiting_room.phase(Phase::Open).unwrap();
    waiting_room.tick();
    waiting_room.phase(Phase::Paused).unwrap();
    assert!(!quiet(&waiting_room), "somebody is admitted");
}

/// The clocks of the instances that tick differ, and so do those of the instances that check people in.
#[test]
fn whoever_comes_is_counted_once_however_many_instances_tick() {
    let mut waiting_room = TestRoom::open(WaitingRoom { capacity: 1, ..room() }, 5);
    let now = waiting_room.now;
    waiting_room.now = now + millis(900);
    waiting_room.all_come([1, 2]);
    waiting_room.now = now + millis(500);
    waiting_room.all_come([3]);
    let ticks = [100, 600, 100, 200, 600, 800, 1000, 300, 1000, 1100];
    for tick in ticks {
        waiting_room.tick_at(now + millis(tick));
    }
    assert_eq!(waiting_room.queue().checked_in, 3);
}

//! Several groups in one queue: admissions by weighted turns, and calls by the same weights.

use super::test_room::*;
use frontrow_domain::waiting_room::*;

/// People 1 to 1000 in the first group, 1001 to 2000 in the second; there is room for one.
fn two_groups(first: u32, second: u32) -> TestRoom {
    let groups = vec![group(first, None), group(second, Some("x"))];
    let mut waiting_room = TestRoom::new(WaitingRoom { capacity: 1, groups, ..room() });
    waiting_room.all_join(1..=1000, 0);
    waiting_room.all_join(1001..=2000, 1);
    waiting_room.tick();
    waiting_room
}

/// So many admissions, one after the other, of people who are checked in: the next three of each group named. For each,
/// whether it was somebody of the second group.
fn admit(waiting_room: &mut TestRoom, count: usize, groups: &[u8]) -> Vec<bool> {
    let mut second = Vec::new();
    for _ in 0..count {
        for from in groups.iter().map(|group| u128::from(*group) * 1000) {
            let used = |n: &u128| waiting_room.bookings.buyers.get(&key(*n)).is_some_and(|buyer| buyer.generation > 0);
            let next: Vec<u128> = (from + 1..=from + 1000).filter(|n| !used(n)).take(3).collect();
            waiting_room.all_come(next);
        }
        let admitted = waiting_room.tick();
        assert_eq!(admitted.len(), 1);
        second.push(admitted[0] > 1000);
        waiting_room.leave(admitted[0]);
    }
    second
}

fn share(turns: &[bool]) -> usize {
    turns.iter().filter(|second| **second).count()
}

#[test]
fn turns_go_by_weight_whatever_the_weights_are() {
    for (first, second) in [(1, 1), (2, 1), (1, 2), (3, 1), (5, 2), (1, 7), (20, 1), (100, 1)] {
        let mut waiting_room = two_groups(first, second);
        let round = (first + second) as usize;
        let rounds = 202 / round;
        let turns = admit(&mut waiting_room, rounds * round, &[0, 1]);
        let of_second = share(&turns);
        assert!(
            of_second.abs_diff(rounds * second as usize) <= 1,
            "{first} to {second}: {of_second} of {}",
            turns.len()
        );
    }
}

#[test]
fn turns_go_by_weight_within_a_batch_too() {
    let groups = vec![group(3, None), group(1, Some("x"))];
    let mut waiting_room = TestRoom::new(WaitingRoom { capacity: 40, groups, ..room() });
    waiting_room.all_join(1..=100, 0);
    waiting_room.all_join(1001..=1100, 1);
    waiting_room.tick();
    waiting_room.all_come((1..=64).chain(1001..=1064));
    let admitted = waiting_room.tick();
    assert_eq!((admitted.len(), admitted.iter().filter(|n| **n > 1000).count()), (40, 10));
    waiting_room.change(QueueChange { capacity: Some(80), ..QueueChange::default() }).unwrap();
    let admitted = waiting_room.tick();
    assert_eq!((admitted.len(), admitted.iter().filter(|n| **n > 1000).count()), (40, 10));
}

#[test]
fn an_idle_group_does_not_get_its_past_back() {
    let mut waiting_room = two_groups(2, 1);
    admit(&mut waiting_room, 100, &[0]);
    let turns = admit(&mut waiting_room, 30, &[0, 1]);
    assert!(share(&turns).abs_diff(10) <= 1, "{turns:?}");
    assert!(share(&turns[..3]) <= 2, "{turns:?}");
}

#[test]
fn an_idle_group_does_not_lose_its_next_turns() {
    let mut waiting_room = two_groups(20, 1);
    admit(&mut waiting_room, 40, &[1]);
    let turns = admit(&mut waiting_room, 22, &[0, 1]);
    assert_eq!(share(&turns), 1, "{turns:?}");
}

#[test]
fn new_weights_count_from_then_on() {
    let mut waiting_room = two_groups(1, 1);
    admit(&mut waiting_room, 20, &[0, 1]);
    waiting_room.change(QueueChange { weights: Some(vec![1, 4]), ..QueueChange::default() }).unwrap();
    let turns = admit(&mut waiting_room, 50, &[0, 1]);
    assert!(share(&turns).abs_diff(40) <= 2, "{turns:?}");
}

/// Whoever is called comes at once, is admitted, and leaves after a second; who was admitted, by group.
fn flow(waiting_room: &mut TestRoom, count: u64, mut comes: impl FnMut(u128) -> bool) -> (usize, usize) {
    let before = waiting_room.rooms.log.len();
    for _ in 0..count {
        waiting_room.now = waiting_room.now + seconds(1);
        let called: Vec<u128> = (1..=2000).filter(|n| waiting_room.status(*n) == EntryStatus::Called).collect();
        for n in called.into_iter().filter(|n| comes(*n)) {
            waiting_room.come(n);
        }
        for n in waiting_room.tick() {
            waiting_room.pick_up(n);
            waiting_room.leave(n);
        }
    }
    let second = waiting_room.rooms.log[before..].iter().filter(|row| row.group.get() == 1).count();
    (waiting_room.rooms.log.len() - before - second, second)
}

#[test]
fn slow_calls_go_by_weight_too() {
    // One call at a time, again and again: none of the groups may get all of them.
    for (first, second) in [(1, 1), (3, 1), (1, 3)] {
        let mut waiting_room = two_groups(first, second);
        waiting_room.change(QueueChange { rate: Some(30), burst: Some(1), ..QueueChange::default() }).unwrap();
        waiting_room.queue_mut().allowance = 0;
        let (of_first, of_second) = flow(&mut waiting_room, 400, |_| true);
        let all = of_first + of_second;
        let wanted = all * second as usize / (first + second) as usize;
        assert!(all > 180 && of_second.abs_diff(wanted) <= 4, "{first} to {second}: {of_first}, {of_second}");
        let waiting = waiting_room.queue().groups.iter().all(|group| group.called < group.issued);
        assert!(waiting, "nobody was called who was not needed: {:?}", waiting_room.queue().groups);
    }
}

#[test]
fn quick_calls_go_by_weight_too() {
    let mut waiting_room = two_groups(3, 1);
    waiting_room
        .change(QueueChange { rate: Some(600), burst: Some(10), capacity: Some(50), ..QueueChange::default() })
        .unwrap();
    waiting_room.queue_mut().allowance = 0;
    let (of_first, of_second) = flow(&mut waiting_room, 60, |n| n % 2 == 0);
    assert!(of_first > 330 && of_second.abs_diff(of_first / 3) <= of_first / 30, "{of_first}, {of_second}");
}

#[test]
fn a_group_in_which_nobody_comes_does_not_hold_the_other_up() {
    let mut waiting_room = two_groups(1, 1);
    waiting_room.change(QueueChange { rate: Some(60), burst: Some(1), ..QueueChange::default() }).unwrap();
    waiting_room.queue_mut().allowance = 0;
    let (of_first, of_second) = flow(&mut waiting_room, 300, |n| n > 1000);
    assert!(of_first == 0 && of_second > 230, "{of_second}");
}

#[test]
fn one_group_of_many_takes_all_admissions_if_the_others_are_empty() {
    let groups = (0..4_u8).map(|n| group(u32::from(n) + 1, Some(["a", "b", "c", "d"][usize::from(n)]))).collect();
    let mut waiting_room = TestRoom::new(WaitingRoom { groups, ..room() });
    waiting_room.all_join(1..=30, 2);
    waiting_room.tick();
    waiting_room.all_come(1..=10);
    assert_eq!(waiting_room.tick().len(), 10);
}

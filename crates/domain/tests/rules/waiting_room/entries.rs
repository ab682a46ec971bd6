//! Queue entries, and how they stand.

use super::test_room::*;
use crate::fixture::{at, just_before};
use frontrow_domain::waiting_room::*;

#[test]
fn one_entry_a_person_by_ascending_number() {
    let mut waiting_room = TestRoom::new(room());
    let first = waiting_room.join(1);
    assert_eq!((first.number.get(), waiting_room.join(2).number.get()), (1, 2));
    assert_eq!(waiting_room.join(1), first);
    assert_eq!(waiting_room.rooms.issued[&(waiting_room.sale.id, Group::FIRST)], 2);
}

#[test]
fn a_worthless_entry_is_exchanged_for_one_at_the_end_and_only_once() {
    let mut waiting_room = TestRoom::new(room());
    let worthless = waiting_room.join(1);
    waiting_room.join(2);
    let new = waiting_room.rooms.join(key(1), Group::FIRST, Some(worthless));
    assert_eq!(new.number.get(), 3);
    assert_eq!(waiting_room.rooms.join(key(1), Group::FIRST, Some(worthless)), new);
}

#[test]
fn groups_count_for_themselves() {
    let mut waiting_room = TestRoom::new(WaitingRoom { groups: vec![group(1, None), group(1, Some("x"))], ..room() });
    assert_eq!(waiting_room.join_in(1, 0).number, waiting_room.join_in(2, 1).number);
}

#[test]
fn the_queue_opens_at_the_exact_instant() {
    let mut waiting_room = TestRoom::new(room());
    waiting_room.join(1);
    waiting_room.tick_at(just_before(OPENS));
    assert_eq!((waiting_room.queue().phase, waiting_room.status(1)), (Phase::Lobby, EntryStatus::Lobby));
    waiting_room.tick_at(at(OPENS));
    assert_eq!((waiting_room.queue().phase, waiting_room.status(1)), (Phase::Open, EntryStatus::Called));
    assert_eq!(waiting_room.queue().open_time, seconds(0), "the lobby is no open time");
}

#[test]
fn a_rank_waits_is_called_and_lapses_by_arithmetic() {
    let mut waiting_room = TestRoom::open(room(), 30);
    let queue = waiting_room.queue_mut();
    (queue.groups[0].called, queue.groups[0].lapsed) = (20, 10);
    let of = |rank| queue.status(Group::FIRST, Rank::new(rank));
    assert_eq!(of(21), EntryStatus::Waiting { ahead: 1 });
    assert_eq!(of(30), EntryStatus::Waiting { ahead: 10 });
    assert_eq!((of(20), of(11)), (EntryStatus::Called, EntryStatus::Called));
    assert_eq!((of(10), of(1)), (EntryStatus::Lapsed, EntryStatus::Lapsed));
    assert_eq!(queue.status(Group::new(1).unwrap(), Rank::new(1)), EntryStatus::Lobby, "there is no such group");
}

#[test]
fn nobody_is_called_before_the_draw() {
    let mut waiting_room = TestRoom::new(WaitingRoom { draw: true, ..room() });
    waiting_room.join(1);
    waiting_room.tick();
    assert_eq!((waiting_room.queue().phase, waiting_room.status(1)), (Phase::Open, EntryStatus::Lobby));
    waiting_room.run(30, &[1]);
    assert_eq!((waiting_room.active(), waiting_room.group().called), (0, 0));
    assert_eq!(waiting_room.queue().open_time, seconds(0), "nothing runs before the draw");
}

#[test]
fn people_ahead_never_rise() {
    let mut waiting_room = TestRoom::new(room());
    waiting_room.all_join(1..=200, 0);
    let (mut ahead, mut booking) = (vec![u64::MAX; 201], Vec::new());
    for second in 0..600_u32 {
        waiting_room.now = waiting_room.now + seconds(1);
        for n in 1..=200_u128 {
            match waiting_room.status(n) {
                EntryStatus::Waiting { ahead: now } => {
                    let index = usize::try_from(n).unwrap();
                    assert!(now <= ahead[index], "{n} at {second}");
                    ahead[index] = now;
                }
                // Every third never comes.
                EntryStatus::Called if n % 3 > 0 && waiting_room.admission(n).is_none() => drop(waiting_room.come(n)),
                _ => {}
            }
        }
        if second % 50 == 0 {
            waiting_room.change(QueueChange { capacity: Some(5 + second % 20), ..QueueChange::default() }).unwrap();
        }
        if second >= 3 {
            booking.drain(..booking.len().min(3)).collect::<Vec<_>>().into_iter().for_each(|n| waiting_room.leave(n));
        }
        for n in waiting_room.tick() {
            waiting_room.pick_up(n);
            booking.push(n);
        }
    }
    assert_eq!(waiting_room.status(200), EntryStatus::Called);
}

#[test]
fn nobody_is_born_lapsed_though_the_call_runs_ahead() {
    let mut waiting_room = TestRoom::open(room(), 1);
    assert!(waiting_room.group().called > waiting_room.group().issued, "there are free admissions");
    waiting_room.run(2000, &[]);
    assert_eq!((waiting_room.status(1), waiting_room.group().lapsed), (EntryStatus::Lapsed, 1));
    waiting_room.join(2);
    assert_eq!(waiting_room.status(2), EntryStatus::Called);
    waiting_room.tick();
    assert_eq!(waiting_room.status(2), EntryStatus::Called);
    waiting_room.run(900 - 60, &[]);
    assert_eq!(waiting_room.status(2), EntryStatus::Called);
    waiting_room.run(120, &[]);
    assert_eq!(waiting_room.status(2), EntryStatus::Lapsed);
}

//! Queue entries, and how they stand.

use super::house::*;
use crate::fixture::{at, just_before};
use frontrow_domain::waiting_room::*;

#[test]
fn one_entry_a_person_by_ascending_number() {
    let mut house = House::new(room());
    let first = house.join(1);
    assert_eq!((first.number.get(), house.join(2).number.get()), (1, 2));
    assert_eq!(house.join(1), first);
    assert_eq!(house.rooms.issued[&(house.sale.id, Group::FIRST)], 2);
}

#[test]
fn a_worthless_entry_is_exchanged_for_one_at_the_end_and_only_once() {
    let mut house = House::new(room());
    let worthless = house.join(1);
    house.join(2);
    let new = house.rooms.join(key(1), Group::FIRST, Some(worthless));
    assert_eq!(new.number.get(), 3);
    assert_eq!(house.rooms.join(key(1), Group::FIRST, Some(worthless)), new);
}

#[test]
fn groups_count_for_themselves() {
    let mut house = House::new(WaitingRoom { groups: vec![group(1, None), group(1, Some("x"))], ..room() });
    assert_eq!(house.join_in(1, 0).number, house.join_in(2, 1).number);
}

#[test]
fn the_queue_opens_at_the_exact_instant() {
    let mut house = House::new(room());
    house.join(1);
    house.tick_at(just_before(OPENS));
    assert_eq!((house.queue().phase, house.status(1)), (Phase::Lobby, EntryStatus::Lobby));
    house.tick_at(at(OPENS));
    assert_eq!((house.queue().phase, house.status(1)), (Phase::Open, EntryStatus::Called));
    assert_eq!(house.queue().open_time, seconds(0), "the lobby is no open time");
}

#[test]
fn a_rank_waits_is_called_and_lapses_by_arithmetic() {
    let mut house = House::open(room(), 30);
    let queue = house.queue_mut();
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
    let mut house = House::new(WaitingRoom { draw: true, ..room() });
    house.join(1);
    house.tick();
    assert_eq!((house.queue().phase, house.status(1)), (Phase::Open, EntryStatus::Lobby));
    house.run(30, &[1]);
    assert_eq!((house.active(), house.group().called), (0, 0));
    assert_eq!(house.queue().open_time, seconds(0), "nothing runs before the draw");
}

#[test]
fn people_ahead_never_rise() {
    let mut house = House::new(room());
    house.all_join(1..=200, 0);
    let (mut ahead, mut booking) = (vec![u64::MAX; 201], Vec::new());
    for second in 0..600_u32 {
        house.now = house.now + seconds(1);
        for n in 1..=200_u128 {
            match house.status(n) {
                EntryStatus::Waiting { ahead: now } => {
                    let index = usize::try_from(n).unwrap();
                    assert!(now <= ahead[index], "{n} at {second}");
                    ahead[index] = now;
                }
                // Every third never comes.
                EntryStatus::Called if n % 3 > 0 && house.admission(n).is_none() => drop(house.come(n)),
                _ => {}
            }
        }
        if second % 50 == 0 {
            house.change(QueueChange { capacity: Some(5 + second % 20), ..QueueChange::default() }).unwrap();
        }
        if second >= 3 {
            booking.drain(..booking.len().min(3)).collect::<Vec<_>>().into_iter().for_each(|n| house.leave(n));
        }
        for n in house.tick() {
            house.pick_up(n);
            booking.push(n);
        }
    }
    assert_eq!(house.status(200), EntryStatus::Called);
}

#[test]
fn nobody_is_born_lapsed_though_the_call_runs_ahead() {
    let mut house = House::open(room(), 1);
    assert!(house.group().called > house.group().issued, "there are free admissions");
    house.run(2000, &[]);
    assert_eq!((house.status(1), house.group().lapsed), (EntryStatus::Lapsed, 1));
    house.join(2);
    assert_eq!(house.status(2), EntryStatus::Called);
    house.tick();
    assert_eq!(house.status(2), EntryStatus::Called);
    house.run(900 - 60, &[]);
    assert_eq!(house.status(2), EntryStatus::Called);
    house.run(120, &[]);
    assert_eq!(house.status(2), EntryStatus::Lapsed);
}

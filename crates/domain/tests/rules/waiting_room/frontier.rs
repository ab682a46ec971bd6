//! How far a queue calls: as far as there is use for whoever comes, and no further.

use super::test_room::*;
use crate::fixture::at;
use frontrow_domain::waiting_room::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

#[test]
fn at_the_opening_it_calls_as_many_as_there_is_room_for() {
    let waiting_room = TestRoom::open(WaitingRoom { capacity: 25, ..room() }, 100);
    assert_eq!(waiting_room.group().called, 25);
}

#[test]
fn it_calls_no_more_than_the_rate_lets_in_soon() {
    let waiting_room = TestRoom::open(WaitingRoom { capacity: 1000, rate: 60, burst: 10, ..room() }, 100);
    assert_eq!(waiting_room.group().called, 10 + 5 + 1);
}

#[test]
fn it_waits_for_those_it_has_called_and_then_calls_others() {
    let mut waiting_room = TestRoom::open(WaitingRoom { capacity: 5, ..room() }, 100);
    for second in 1..=9 {
        waiting_room.run(1, &[]);
        assert_eq!(waiting_room.group().called, 5, "{second}");
    }
    waiting_room.run(1, &[]);
    assert!(waiting_room.group().called >= 10);
}

#[test]
fn it_calls_more_when_fewer_come() {
    let mut waiting_room = TestRoom::open(WaitingRoom { capacity: 10, ..room() }, 10_000);
    waiting_room.run(180, &[]);
    let share = Forecast::of(waiting_room.queue(), Group::FIRST).share;
    assert_eq!(share, 50, "a twentieth at least");
    let before = waiting_room.group().called;
    waiting_room.run(12, &[]);
    assert!(waiting_room.group().called - before >= 200, "twenty for every admission");
}

#[test]
fn when_nobody_waits_whoever_comes_is_called_while_there_are_free_admissions() {
    let mut waiting_room = TestRoom::open(room(), 0);
    assert_eq!(waiting_room.group().called, 10);
    waiting_room.all_join(1..=4, 0);
    waiting_room.all_come(1..=4);
    assert_eq!(waiting_room.tick().len(), 4);
    assert_eq!(waiting_room.group().called, 10, "six are free");
    waiting_room.run(1, &[]);
    waiting_room.all_join(5..=30, 0);
    waiting_room.all_come(5..=10);
    assert_eq!(waiting_room.tick().len(), 6);
    let waiting = waiting_room.status(30);
    assert!(matches!(waiting, EntryStatus::Waiting { .. }), "{waiting:?}");
}

#[test]
fn numbers_that_are_nobodys_are_called_through() {
    // A dispenser that has lost what it knew goes on above its ceiling.
    let mut waiting_room = TestRoom::open(room(), 5);
    waiting_room.rooms.issued.insert((waiting_room.sale.id, Group::FIRST), 10_000);
    assert_eq!(waiting_room.join(6).number.get(), 10_001);
    let mut waited = 0;
    while waiting_room.status(6) != EntryStatus::Called {
        waiting_room.run(1, &[]);
        waited += 1;
        assert!(waited < 900);
    }
    assert_eq!(waiting_room.run(1, &[6]), [6]);
}

/// Somebody in the simulated hour.
#[derive(Clone, Copy, PartialEq)]
enum Doing {
    Waits { asks_at: u64 },
    Booking { until: u64 },
    Gone,
}

/// An hour in tenths of a second: half of the people never come when they are called, the others look every few
/// seconds; whoever is admitted books for one to three minutes. How much of the capacity was used after the first
/// minute, in thousandths; and for how many ticks, at most, somebody was checked in while there was room.
fn hour(mut room: WaitingRoom, people: u128, seed: u64) -> (u64, u64) {
    room.session = SESSION;
    let capacity = u64::from(room.capacity);
    let mut waiting_room = TestRoom::new(room);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    waiting_room.all_join(1..=people, 0);
    let mut doing: Vec<Doing> = (0..=people)
        .map(|n| {
            let comes = n > 0 && rng.random_range(0..2) == 0;
            if comes { Doing::Waits { asks_at: rng.random_range(0..60) } } else { Doing::Gone }
        })
        .collect();
    let (mut used, mut possible, mut stood, mut longest) = (0, 0, 0, 0);
    for tenth in 1..=36_000_u64 {
        waiting_room.now = waiting_room.now + millis(100);
        let near = (waiting_room.group().called + 200).min(u64::try_from(people).unwrap());
        for n in 1..=near {
            let index = usize::try_from(n).unwrap();
            match doing[index] {
                Doing::Waits { asks_at } if asks_at <= tenth => {
                    if waiting_room.status(n.into()) == EntryStatus::Called {
                        waiting_room.come(n.into());
                    }
                    let (queue, entry) = (waiting_room.queue(), waiting_room.rooms.entries[&key(n.into())]);
                    let status = waiting_room.status(n.into());
                    let again = AskAgain::of(
                        queue,
                        waiting_room.sale.opens,
                        Group::FIRST,
                        entry.number,
                        status,
                        waiting_room.now,
                    );
                    let again = u64::try_from(again.0.as_millis()).unwrap().div_ceil(100);
                    doing[index] = Doing::Waits { asks_at: tenth + again };
                }
                Doing::Booking { until } if until <= tenth => {
                    waiting_room.leave(n.into());
                    doing[index] = Doing::Gone;
                }
                Doing::Booking { .. } if tenth.is_multiple_of(1000) => drop(waiting_room.renew(n.into())),
                _ => {}
            }
        }
        for n in waiting_room.tick() {
            waiting_room.pick_up(n);
            doing[usize::try_from(n).unwrap()] = Doing::Booking { until: tenth + rng.random_range(600..1800) };
        }
        let free = waiting_room.active() < usize::try_from(capacity).unwrap();
        let allowed = waiting_room.queue().allowance >= Queue::ADMISSION_COST;
        stood = if free && allowed && !waiting_room.rooms.check_ins.is_empty() { stood + 1 } else { 0 };
        longest = longest.max(stood);
        if tenth > 600 {
            used += waiting_room.active() as u64;
            possible += capacity;
        }
    }
    (used * 1000 / possible, longest)
}

#[test]
fn with_half_of_the_people_absent_98_of_100_admissions_are_used() {
    for seed in 1..=3 {
        let (used, longest) = hour(WaitingRoom { capacity: 60, ..room() }, 6000, seed);
        println!("seed {seed}: {used} of 1000 parts of the capacity used");
        assert!(used >= 980, "{used} of 1000 parts of the capacity used");
        // Nobody waits while there is room.
        assert_eq!(longest, 0);
    }
}

#[test]
fn nobody_waits_for_numbers_that_were_lost() {
    let mut waiting_room = TestRoom::open(room(), 30);
    waiting_room.lose_numbers(10_000);
    waiting_room.all_join(31..=60, 0);
    assert_eq!(waiting_room.rooms.entries[&key(31)].number.get(), 10_001);
    assert_eq!(waiting_room.status(31), EntryStatus::Waiting { ahead: 21 }, "20 of the 30 before, and themselves");
    let mut admitted = Vec::new();
    for n in 1..=60 {
        waiting_room.run_until_called(n, 30);
        admitted.extend(waiting_room.run(1, &[n]));
        waiting_room.leave(n);
    }
    assert_eq!(admitted, (1..=60).collect::<Vec<_>>());
}

#[test]
fn whoever_has_a_number_that_was_taken_for_lost_is_called_with_those_before() {
    let mut waiting_room = TestRoom::open(room(), 30);
    // Handed out after the last tick, before the loss.
    waiting_room.all_join(31..=33, 0);
    waiting_room.lose_numbers(10_000);
    waiting_room.all_join(34..=5_000, 0);
    waiting_room.run_until_called(30, 30);
    let standings = [31, 33].map(|n| waiting_room.status(n));
    assert_eq!(standings, [EntryStatus::Called; 2]);
    assert!(
        matches!(waiting_room.status(5_000), EntryStatus::Waiting { ahead: 1..4_970 }),
        "{:?}",
        waiting_room.status(5_000)
    );
}

#[test]
fn a_loss_where_nobody_waits_keeps_nobody_waiting() {
    let mut waiting_room = TestRoom::open(room(), 0);
    waiting_room.lose_numbers(10_000);
    waiting_room.join(1);
    waiting_room.tick();
    assert_eq!(waiting_room.status(1), EntryStatus::Called);
}

#[test]
fn the_lots_of_lost_numbers_lie_among_all_others() {
    let mut waiting_room = TestRoom::new(WaitingRoom { draw: true, ..room() });
    waiting_room.now = at(OPENS - 5);
    waiting_room.all_join(1..=20, 0);
    waiting_room.tick();
    waiting_room.lose_numbers(50);
    waiting_room.all_join(21..=30, 0);
    waiting_room.now = at(OPENS);
    waiting_room.tick();
    assert_eq!(waiting_room.group().drawn, 60);
    assert_eq!(waiting_room.group().gaps, Gaps::default());
}

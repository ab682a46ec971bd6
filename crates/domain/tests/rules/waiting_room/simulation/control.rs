//! The negative control: what happens without the lock of the queue and without the guard of its version.

use crate::waiting_room::test_room::*;
use frontrow_domain::waiting_room::*;
use frontrow_domain::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;

/// Two instances tick at a time, again and again, while people come and go. What the audit says of it, and how many
/// were admitted at a time at most, where there is room for three.
fn two_instances(lock: bool, guard: bool) -> (BTreeSet<Rule>, usize) {
    let mut rng = ChaCha8Rng::seed_from_u64(42);
    let mut waiting_room = TestRoom::open(WaitingRoom { capacity: 3, ..room() }, 300);
    waiting_room.queue_mut().groups[0].called = 300;
    let (mut rules, mut most, mut refused) = (BTreeSet::new(), 0, 0);
    for _ in 0..300 {
        waiting_room.now = waiting_room.now + millis(500);
        let first = plan(&mut waiting_room, &mut rng);
        let late = if lock { None } else { Some(plan(&mut waiting_room, &mut rng)) };
        refused += usize::from(!store(&mut waiting_room, first, guard));
        let second = late.unwrap_or_else(|| plan(&mut waiting_room, &mut rng));
        refused += usize::from(!store(&mut waiting_room, second, guard));
        most = most.max(waiting_room.active());
        rules.extend(waiting_room.findings().into_iter().map(|finding| finding.rule));
        let leaving: Vec<u128> =
            (1..=300).filter(|n| waiting_room.admission(*n).is_some() && rng.random_range(0..3) == 0).collect();
        for n in leaving {
            waiting_room.leave(n);
        }
    }
    assert_eq!(refused > 100, !lock && guard, "{refused} were refused");
    assert!(waiting_room.rooms.log.len() > 100);
    std::mem::take(&mut waiting_room.rooms);
    std::mem::take(&mut waiting_room.bookings);
    (rules, most)
}

/// Somebody comes, and an instance looks.
fn plan(waiting_room: &mut TestRoom, rng: &mut ChaCha8Rng) -> TickOutcome {
    for _ in 0..3 {
        waiting_room.come(rng.random_range(1..=300));
    }
    let tick = waiting_room.plan();
    let locked = waiting_room.lock(&tick, &[]);
    tick.carry_out(&locked)
}

/// Without the guard it writes over whatever is there.
fn store(waiting_room: &mut TestRoom, mut ticked: TickOutcome, guard: bool) -> bool {
    if !guard {
        ticked.queue.read = Some(waiting_room.queue().version);
        for write in &mut ticked.buyers {
            write.read = waiting_room.bookings.buyers.get(&write.row.key).map(|buyer| buyer.version);
        }
    }
    waiting_room.rooms.store(&mut waiting_room.bookings, ticked).is_ok()
}

#[test]
fn without_lock_and_guard_too_many_are_admitted_and_the_audit_says_so() {
    let (rules, most) = two_instances(false, false);
    assert!(most > 3, "{most} at a time");
    assert!(rules.contains(&Rule::WithinCapacity) && rules.contains(&Rule::TicksOneByOne), "{rules:?}");
}

#[test]
fn either_of_them_is_enough() {
    for (lock, guard) in [(true, false), (false, true), (true, true)] {
        assert_eq!(two_instances(lock, guard), (BTreeSet::new(), 3), "lock {lock}, guard {guard}");
    }
}

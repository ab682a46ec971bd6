//! Ticks, check-ins and departures of a full waiting room never deadlock.

use super::room::{Room, key};
use crate::failures::Failures;
use crate::store::testbed::{Testbed, on_every_server};
use frontrow_adapters::sql::SqlQueues;
use frontrow_application::port::{QueueStore, TickOrder};
use frontrow_domain::waiting_room::{CheckIn, CheckInOutcome, QueueEntry, QueueNumber, Rank};
use frontrow_domain::{Command, Leave, Operation, Renew};
use futures::future::join_all;
use std::sync::Arc;

/// Everybody at the door.
const PEOPLE: u64 = 200;
/// How often each of them is admitted, each time by a new queue entry.
const VISITS: u64 = 4;
const CAPACITY: u32 = 60;

/// In the order of ranks nobody stands where they would in the order of keys.
fn check_in(room: &Room, n: u64, visit: u64) -> CheckIn {
    let number = visit * PEOPLE + (n * 77) % PEOPLE + 1;
    CheckIn { number: QueueNumber::new(number).unwrap(), rank: Rank::new(number), ..room.check_in(n.into()) }
}

/// Asks again and again, picks the admission up, and leaves.
async fn visit(room: &Room, queues: &SqlQueues, n: u64) {
    for visit in 0..VISITS {
        loop {
            match queues.check_in(check_in(room, n, visit), false).await.unwrap() {
                CheckInOutcome::Present => {}
                CheckInOutcome::Admitted(_) => break,
                other => panic!("{other:?}"),
            }
        }
        let CheckIn { key: buyer, group, number, .. } = check_in(room, n, visit);
        let pick_up = Renew { buyer, entry: Some(QueueEntry { group, number }), closing: false };
        for operation in [Operation::Renew(pick_up), Operation::Leave(Leave { buyer })] {
            room.context.run(&Command::unkeyed(operation)).await.unwrap();
        }
    }
}

async fn ticks_check_ins_and_departures_never_deadlock(testbed: &Testbed) {
    let failures = Arc::new(Failures::default());
    let room = Room::with_hook(testbed, CAPACITY, failures.clone()).await;
    let instances = [room.instance_with(failures.clone()).await, room.instance_with(failures.clone()).await];
    let order = TickOrder { issued: vec![PEOPLE * VISITS], ..room.order() };
    let visits = join_all((1..=PEOPLE).map(|n| visit(&room, &instances[usize::try_from(n).unwrap() % 2], n)));
    let ticks = async |instance: usize| {
        loop {
            instances[instance].tick(&order).await.unwrap();
        }
    };
    tokio::select! {
        _ = visits => {}
        () = ticks(0) => {}
        () = ticks(1) => {}
    }
    // Ticks that nobody waits for any more come to their ends.
    join_all(instances.iter().map(|queues| queues.drain())).await;
    failures.assert_no_deadlock();
    let mut admitted: Vec<_> = room.log(&instances[0]).await.iter().map(|admitted| admitted.key).collect();
    admitted.sort_unstable();
    let expected: Vec<_> =
        (1..=u128::from(PEOPLE)).flat_map(|n| vec![key(n); usize::try_from(VISITS).unwrap()]).collect();
    assert_eq!(admitted, expected, "everybody was admitted as often as they came");
    assert_eq!(room.taken().await, 0, "everybody has left");
}

on_every_server! { ticks_check_ins_and_departures_never_deadlock }

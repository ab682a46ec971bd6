//! Ticks of several instances at once.

use super::room::{Room, key};
use crate::store::testbed::{Testbed, on_every_database};
use frontrow_adapters::sql::SqlQueues;
use frontrow_application::Outage;
use frontrow_application::port::{QueueStore, StoreError, TickReport};
use frontrow_domain::waiting_room::{CheckInOutcome, Phase, QueueChange, QueueUpdate};
use futures::future::join_all;
use std::sync::Arc;

const CAPACITY: u32 = 7;

async fn tick(queues: &SqlQueues, room: &Room) -> Option<TickReport> {
    queues.tick(&room.order()).await.unwrap()
}

async fn instances(room: &Room) -> [Arc<SqlQueues>; 3] {
    [room.instance().await, room.instance().await, room.instance().await]
}

async fn instances_that_tick_at_once_admit_the_lowest_ranks_and_no_more_than_there_is_room_for(testbed: &Testbed) {
    let room = Room::new(testbed, CAPACITY).await;
    let instances = instances(&room).await;
    join_all((1..=40).rev().map(|n| room.come(&instances[n as usize % 3], n))).await;
    let (mut next, mut most) = (1, 40);
    while next <= 40 {
        join_all((0..9).map(|n| tick(&instances[n % 3], &room))).await;
        assert_eq!(room.taken().await, i64::from(CAPACITY).min(most), "somebody's tick admits whoever fits in");
        let leaving = next..(next + u128::from(CAPACITY)).min(41);
        next = leaving.end;
        most -= i64::from(CAPACITY);
        join_all(leaving.map(|n| room.leave(n))).await;
        assert_eq!(room.taken().await, 0);
    }
    let log = room.log(&instances[0]).await;
    assert_eq!(log.iter().map(|admitted| admitted.key).collect::<Vec<_>>(), (1..=40).map(key).collect::<Vec<_>>());
    assert!(log.iter().all(|admitted| admitted.active_after <= admitted.capacity && admitted.capacity == CAPACITY));
    assert_eq!(instances[1].queue(room.sale.id).await.unwrap().unwrap().admitted, 40);
    assert_eq!(room.context.testbed.count("check_in").await, 0);
    room.assert_consistent().await;
}

/// Asks again and again, as clients do; once admitted, picks it up and leaves.
async fn visit(room: &Room, queues: &SqlQueues, n: u128) {
    loop {
        match queues.check_in(room.check_in(n), false).await {
            Ok(CheckInOutcome::Present) | Err(StoreError::Outage(Outage::Busy { .. })) => {
                tokio::task::yield_now().await;
            }
            Ok(CheckInOutcome::Admitted(_)) => break,
            other => panic!("{other:?}"),
        }
    }
    room.pick_up(n).await;
    room.leave(n).await;
}

async fn check_ins_ticks_and_departures_at_once_never_take_more_admissions_than_there_are(testbed: &Testbed) {
    let room = Room::new(testbed, 3).await;
    let instances = instances(&room).await;
    let visits = join_all((1..=48).map(|n| visit(&room, &instances[n as usize % 3], n)));
    let ticks = async |n: usize| {
        loop {
            // Whoever has waited for SQLite's only writer for too long may be told that it is busy.
            drop(instances[n].tick(&room.order()).await);
            assert!(room.taken().await <= 3);
        }
    };
    tokio::select! {
        _ = visits => {}
        () = ticks(0) => {}
        () = ticks(1) => {}
        () = ticks(2) => {}
    }
    join_all(instances.iter().map(|queues| queues.drain())).await;
    let log = room.log(&instances[0]).await;
    assert!(log.iter().all(|admitted| admitted.active_after <= 3), "{log:?}");
    assert_eq!(log.len(), 48, "everybody was admitted once");
    room.assert_consistent().await;
}

async fn operators_and_ticks_wait_for_each_other(testbed: &Testbed) {
    let room = Room::new(testbed, 2).await;
    let queues = room.instance().await;
    for n in 1..=3 {
        room.come(&queues, n).await;
    }
    let (report, updated) = tokio::join!(tick(&queues, &room), async {
        let change = QueueChange { capacity: Some(1), ..QueueChange::default() };
        queues.update_queue(room.sale.id, &QueueUpdate::Operator(change), None).await.unwrap().unwrap().unwrap()
    });
    let queue = queues.queue(room.sale.id).await.unwrap().unwrap();
    let ticks = i64::from(report.is_some());
    assert_eq!(queue.version.get(), 2 + ticks, "neither has undone what the other did");
    assert_eq!((queue.capacity, updated.capacity), (1, 1));
    room.assert_consistent().await;
}

async fn a_queue_is_over_when_it_is_closed_and_nobody_is_admitted_any_more(testbed: &Testbed) {
    let room = Room::new(testbed, 1).await;
    let queues = room.instance().await;
    room.come(&queues, 1).await;
    tick(&queues, &room).await.unwrap();
    let put = async |phase| {
        let change = QueueChange { phase: Some(phase), ..QueueChange::default() };
        queues.update_queue(room.sale.id, &QueueUpdate::Operator(change), None).await.unwrap().unwrap().unwrap();
        queues.queues().await.unwrap().len()
    };
    assert_eq!(put(Phase::Closed).await, 1, "somebody is still in there");
    room.leave(1).await;
    tick(&queues, &room).await.unwrap();
    assert_eq!(queues.queues().await, Ok(Vec::new()));
    assert_eq!(put(Phase::Open).await, 1, "an operator can think better of it");
    assert_eq!(put(Phase::Closed).await, 0);
}

on_every_database! {
    instances_that_tick_at_once_admit_the_lowest_ranks_and_no_more_than_there_is_room_for,
    check_ins_ticks_and_departures_at_once_never_take_more_admissions_than_there_are,
    operators_and_ticks_wait_for_each_other,
    a_queue_is_over_when_it_is_closed_and_nobody_is_admitted_any_more,
}

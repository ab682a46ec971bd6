//! The negative controls: what happens when the lock of the queue's row and its version guard are switched off.

use super::room::Room;
use crate::store::testbed::{Testbed, on_every_database};
use async_trait::async_trait;
use frontrow_adapters::sql::hook::Hook;
use frontrow_application::port::{QueueStore, TickReport};
use futures::future::join_all;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;

/// Whoever has counted the admissions while the gate is armed waits at it.
struct Unprotected {
    lock: bool,
    guard: bool,
    armed: AtomicBool,
    waits: Notify,
    open: Notify,
}

impl Unprotected {
    fn new(lock: bool, guard: bool) -> Arc<Self> {
        Arc::new(Self { lock, guard, armed: AtomicBool::new(true), waits: Notify::new(), open: Notify::new() })
    }
}

#[async_trait]
impl Hook for Unprotected {
    fn locks(&self) -> bool {
        self.lock
    }

    fn guards(&self) -> bool {
        self.guard
    }

    async fn counted(&self) {
        if self.armed.swap(false, Ordering::SeqCst) {
            self.waits.notify_one();
            self.open.notified().await;
        }
    }
}

/// There is room for one. A tick counts nobody admitted; before it goes on, another one admits somebody.
async fn two_ticks_on_one_count(testbed: &Testbed, guard: bool) -> (Room, TickReport) {
    let room = Room::new(testbed, 1).await;
    let hook = Unprotected::new(false, guard);
    let (careless, careful) = (room.instance_with(hook.clone()).await, room.instance().await);
    room.come(&careful, 1).await;
    room.come(&careful, 2).await;
    let order = room.order();
    let ticking = tokio::spawn(async move { careless.tick(&order).await });
    hook.waits.notified().await;
    assert_eq!(careful.tick(&room.order()).await.unwrap().unwrap().admitted.len(), 1);
    hook.open.notify_one();
    let report = ticking.await.unwrap().unwrap().unwrap();
    (room, report)
}

async fn without_the_lock_the_version_guard_keeps_an_admission_from_being_given_twice(testbed: &Testbed) {
    let (room, report) = two_ticks_on_one_count(testbed, true).await;
    assert_eq!(report.admitted, [], "it has counted again");
    assert_eq!(room.taken().await, 1);
    room.assert_consistent().await;
}

async fn without_lock_and_guard_an_admission_is_given_twice(testbed: &Testbed) {
    let (room, report) = two_ticks_on_one_count(testbed, false).await;
    assert_eq!(report.admitted.len(), 1);
    assert_eq!(room.taken().await, 2, "there is room for one");
}

async fn without_the_guard_the_lock_keeps_an_admission_from_being_given_twice(testbed: &Testbed) {
    let room = Room::new(testbed, 1).await;
    let mut instances = Vec::new();
    for _ in 0..4 {
        instances.push(room.instance_with(Unprotected::new(true, false)).await);
    }
    for n in 1..=8 {
        room.come(&instances[0], n).await;
    }
    for n in 1..=8 {
        let order = room.order();
        join_all((0..16).map(|n| instances[n % 4].tick(&order))).await;
        assert_eq!(room.taken().await, 1);
        room.leave(n).await;
    }
    assert_eq!(room.log(&instances[0]).await.len(), 8);
    room.assert_consistent().await;
}

on_every_database! {
    without_the_lock_the_version_guard_keeps_an_admission_from_being_given_twice,
    without_lock_and_guard_an_admission_is_given_twice,
    without_the_guard_the_lock_keeps_an_admission_from_being_given_twice,
}

//! Faults at every statement of a tick and at COMMIT: nothing half done, nobody admitted twice.

use super::room::{Room, key};
use crate::store::testbed::{Testbed, on_every_database};
use async_trait::async_trait;
use frontrow_adapters::sql::SqlQueues;
use frontrow_adapters::sql::hook::{Fault, Hook};
use frontrow_application::port::{QueueStore, StoreError, TickReport};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Strikes once, at the statement with that number.
#[derive(Default)]
struct Strike {
    armed: Mutex<Option<(usize, Fault)>>,
    seen: AtomicUsize,
    loses: AtomicBool,
}

impl Strike {
    fn arm(&self, number: usize, fault: Fault) {
        self.seen.store(0, Ordering::SeqCst);
        *self.armed.lock().unwrap() = Some((number, fault));
    }

    /// Whether it has struck.
    fn disarm(&self) -> bool {
        self.armed.lock().unwrap().take().is_none()
    }
}

#[async_trait]
impl Hook for Strike {
    fn before(&self, _: &str) -> Option<Fault> {
        let mut armed = self.armed.lock().unwrap();
        let (number, fault) = (*armed)?;
        let here = self.seen.fetch_add(1, Ordering::SeqCst) == number;
        if here {
            *armed = None;
        }
        here.then_some(fault)
    }

    fn loses_commit_answer(&self) -> bool {
        self.loses.swap(false, Ordering::SeqCst)
    }
}

/// A tick that has everything to do: the first one's admission is over, the second one's was renewed, the third one waits.
async fn prepared(testbed: &Testbed, strike: &Arc<Strike>) -> (Room, Arc<SqlQueues>) {
    let room = Room::new(testbed, 2).await;
    let queues = room.instance_with(strike.clone()).await;
    for n in 1..=3 {
        room.come(&queues, n).await;
    }
    assert_eq!(queues.tick(&room.order()).await.unwrap().unwrap().admitted, [key(1), key(2)]);
    room.context.world.set_seconds(5);
    let testbed = &room.context.testbed;
    let [one, two] = [1, 2].map(|n| testbed.id(key(n).user.uuid()));
    testbed.run(&format!("UPDATE admission SET until = 2000000 WHERE user_id IN ({one}, {two})")).await;
    testbed.run(&format!("UPDATE buyer SET admitted_until = 2000000 WHERE user_id = {one}")).await;
    (room, queues)
}

async fn assert_done(room: &Room, queues: &SqlQueues) {
    assert_eq!(room.taken().await, 2);
    assert_eq!(room.context.testbed.count("check_in").await, 0);
    let log = room.log(queues).await;
    assert_eq!(log.iter().map(|admitted| admitted.key).collect::<Vec<_>>(), [1, 2, 3].map(key));
    assert_eq!(queues.admitted(&[key(1), key(2), key(3)]).await.unwrap().len(), 2);
    room.assert_consistent().await;
    room.context.assert_nobody_writes().await;
}

async fn at_every_statement<T>(
    testbed: &Testbed,
    fault: Fault,
    before: impl AsyncFn(&Room) -> T,
    check: impl AsyncFn(&Room, &SqlQueues, T, Result<Option<TickReport>, StoreError>),
) {
    for number in 0.. {
        let strike = Arc::new(Strike::default());
        let (room, queues) = prepared(testbed, &strike).await;
        let before = before(&room).await;
        strike.arm(number, fault);
        let result = queues.tick(&room.order()).await;
        let struck = strike.disarm();
        if !struck {
            assert!(number >= 14, "a tick like this has more statements than {number}");
            break;
        }
        room.context.assert_nobody_writes().await;
        check(&room, &queues, before, result).await;
        assert_done(&room, &queues).await;
    }
}

async fn a_tick_that_is_disturbed_is_tried_again_and_done_once(testbed: &Testbed) {
    for fault in [Fault::Contention, Fault::ConnectionLost] {
        at_every_statement(
            testbed,
            fault,
            async |_| (),
            async |_, _, (), result| {
                let report = result.unwrap().unwrap();
                assert_eq!((report.admitted, report.ended), (vec![key(3)], 1));
            },
        )
        .await;
    }
}

async fn a_tick_that_fails_changes_nothing_and_another_one_does_it(testbed: &Testbed) {
    at_every_statement(
        testbed,
        Fault::Other,
        async |room| room.context.dump().await,
        async |room, queues, before, result| {
            assert!(matches!(result, Err(StoreError::Fault(_))), "{result:?}");
            assert_eq!(room.context.dump().await, before);
            assert_eq!(queues.tick(&room.order()).await.unwrap().unwrap().admitted, [key(3)]);
        },
    )
    .await;
}

async fn a_tick_whose_commit_was_not_answered_is_not_done_twice(testbed: &Testbed) {
    let strike = Arc::new(Strike::default());
    let (room, queues) = prepared(testbed, &strike).await;
    strike.loses.store(true, Ordering::SeqCst);
    assert!(queues.tick(&room.order()).await.unwrap().is_some());
    assert_done(&room, &queues).await;
}

on_every_database! {
    a_tick_that_is_disturbed_is_tried_again_and_done_once,
    a_tick_that_fails_changes_nothing_and_another_one_does_it,
    a_tick_whose_commit_was_not_answered_is_not_done_twice,
}

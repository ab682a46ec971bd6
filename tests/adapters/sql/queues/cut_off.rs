//! An instance that is cut off in the middle of a tick: the database ends its session, and another one goes on.

use super::room::{Room, key};
use crate::store::proxy::Proxy;
use crate::store::testbed::{Testbed, on_every_server};
use frontrow_adapters::sql::SqlQueues;
use frontrow_adapters::sql::hook::{Fault, Hook};
use frontrow_application::port::QueueStore;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// Far more than the limit of any server for a transaction that idles, and less than the silence that a client bears.
const PATIENCE: Duration = Duration::from_secs(20);

/// Cuts the instance off once it has the queue's lock.
struct CutsOff {
    proxy: Proxy,
    done: Notify,
}

impl Hook for CutsOff {
    fn before(&self, statement: &str) -> Option<Fault> {
        if statement == "read admissions" {
            self.proxy.keep_silent(true);
            self.done.notify_one();
        }
        None
    }
}

async fn an_instance_that_is_cut_off_holds_a_queue_up_for_some_seconds(testbed: &Testbed) {
    let room = Room::new(testbed, 2).await;
    let near = room.instance().await;
    room.come(&near, 1).await;
    let hook = Arc::new(CutsOff { proxy: Proxy::to(testbed.server_address().await).await, done: Notify::new() });
    let database = testbed.through(hook.proxy.address).await.database();
    let world = &room.context.world;
    let far = Box::pin(SqlQueues::open_with_hook(&database, world.clone(), world.clone(), hook.clone())).await.unwrap();
    let order = room.order();
    let cut_off = tokio::spawn(async move { far.tick(&order).await });
    hook.done.notified().await;

    let goes_on = async {
        loop {
            if let Some(report) = near.tick(&room.order()).await.unwrap() {
                return report;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let report = tokio::time::timeout(PATIENCE, goes_on).await.unwrap_or_else(|_| panic!("the queue stands still"));
    assert_eq!(report.admitted, [key(1)]);
    cut_off.abort();
    room.assert_consistent().await;
}

on_every_server! {
    an_instance_that_is_cut_off_holds_a_queue_up_for_some_seconds,
}

//! Within an instance, one worker at a time works on a performance; and a test that looks for two would find them.

use super::batches::held;
use super::context::TestContext;
use super::crowd::{PATIENCE, answers, asking, queue};
use super::testbed::{Testbed, on_every_database};
use async_trait::async_trait;
use frontrow_adapters::sql::hook::{Fault, Hook};
use frontrow_domain::Outcome;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;
use tokio::time::timeout;
use uuid::Uuid;

/// Notes when a worker comes to a route that another one has not left. One can be stopped there.
struct Watch {
    keeps_routes: bool,
    stops: AtomicBool,
    reached: Notify,
    opened: Notify,
    /// The next COMMIT fails.
    fails: AtomicBool,
    /// Once for each worker.
    worked_on: Mutex<Vec<Uuid>>,
    overlaps: AtomicUsize,
}

impl Watch {
    fn new(keeps_routes: bool) -> Self {
        Self {
            keeps_routes,
            stops: AtomicBool::new(false),
            reached: Notify::new(),
            opened: Notify::new(),
            fails: AtomicBool::new(false),
            worked_on: Mutex::default(),
            overlaps: AtomicUsize::new(0),
        }
    }

    async fn reached(&self) {
        assert!(timeout(PATIENCE, self.reached.notified()).await.is_ok(), "no worker comes");
    }

    fn come(&self, route: Uuid) {
        let mut worked_on = self.worked_on.lock().unwrap();
        self.overlaps.fetch_add(usize::from(worked_on.contains(&route)), Ordering::SeqCst);
        worked_on.push(route);
    }

    fn go(&self, route: Uuid) {
        let mut worked_on = self.worked_on.lock().unwrap();
        if let Some(mine) = worked_on.iter().position(|known| *known == route) {
            worked_on.remove(mine);
        }
    }
}

#[async_trait]
impl Hook for Watch {
    fn keeps_routes(&self) -> bool {
        self.keeps_routes
    }

    async fn attempted(&self, route: Option<Uuid>, _: usize) {
        let Some(route) = route else { return };
        self.come(route);
        if self.stops.swap(false, Ordering::SeqCst) {
            self.reached.notify_one();
            self.opened.notified().await;
        }
        self.go(route);
    }

    fn before(&self, text: &str) -> Option<Fault> {
        (text == "commit" && self.fails.swap(false, Ordering::SeqCst)).then_some(Fault::Contention)
    }
}

/// One of two workers stands still before its first attempt at a hold, and before its second one, while another hold
/// waits for the same performance. The other worker does what waits behind that: it has seen it.
async fn overlaps(testbed: &Testbed, keeps_routes: bool) -> usize {
    let watch = Arc::new(Watch::new(keeps_routes));
    let context = TestContext::with_workers(testbed, 1, 2, watch.clone()).await;
    let (first, second) = (context.hold(1, "first", &[1]), context.hold(2, "second", &[2]));
    let mut asked = [asking(context.run(&first)), asking(context.run(&second))];
    watch.stops.store(true, Ordering::SeqCst);
    queue(&mut asked[..1]).await;
    watch.reached().await;
    queue(&mut asked[1..]).await;
    passed_by(&context, "first-witness").await;

    watch.fails.store(true, Ordering::SeqCst);
    watch.stops.store(true, Ordering::SeqCst);
    watch.opened.notify_one();
    watch.reached().await;
    passed_by(&context, "second-witness").await;

    watch.opened.notify_one();
    let told = answers(&mut asked).await;
    assert!(told.iter().all(|told| held(told).seat_count() == 1));
    assert_eq!(context.audit().await, []);
    watch.overlaps.load(Ordering::SeqCst)
}

/// The other worker has taken what waited before this, unless it must not.
async fn passed_by(context: &TestContext, name: &str) {
    let charge = context.charge(3, name);
    let told = timeout(PATIENCE, context.run(&charge)).await;
    assert!(matches!(told, Ok(Ok(Outcome::Charged(_)))), "{name}: {told:?}");
}

async fn no_two_workers_of_an_instance_work_on_one_performance(testbed: &Testbed) {
    assert_eq!(overlaps(testbed, true).await, 0);
}

/// The negative control.
async fn two_workers_of_an_instance_are_seen_where_routes_are_not_kept(testbed: &Testbed) {
    assert_eq!(overlaps(testbed, false).await, 1);
}

on_every_database! {
    no_two_workers_of_an_instance_work_on_one_performance,
    two_workers_of_an_instance_are_seen_where_routes_are_not_kept,
}

//! What becomes of commands that no worker has begun.

use super::context::TestContext;
use super::crowd::Answer;
use super::proxy::Proxy;
use super::testbed::{Testbed, on_every_database, on_every_server};
use async_trait::async_trait;
use frontrow_adapters::sql::StoreSettings;
use frontrow_adapters::sql::hook::Hook;
use frontrow_application::Outage;
use frontrow_application::deadline::within;
use frontrow_application::port::BookingError;
use futures::FutureExt;
use futures::future::join_all;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// How long somebody waits who does not wait for long.
const SOON: Duration = Duration::from_secs(1);

/// The only worker stands still at it while it is closed.
#[derive(Default)]
struct Gate {
    closed: AtomicBool,
    reached: Notify,
    opened: Notify,
}

#[async_trait]
impl Hook for Gate {
    fn locks(&self) -> bool {
        false
    }

    async fn decided(&self) {
        if self.closed.swap(false, Ordering::SeqCst) {
            self.reached.notify_one();
            self.opened.notified().await;
        }
    }
}

/// A context whose only worker is busy with somebody's hold of seat 1 until the gate is opened.
async fn busy(testbed: &Testbed) -> (Arc<TestContext>, Arc<Gate>, tokio::task::JoinHandle<()>) {
    busy_with_room_for(testbed, StoreSettings::default().queue).await
}

/// The same, where so many commands may wait.
async fn busy_with_room_for(
    testbed: &Testbed,
    queue: usize,
) -> (Arc<TestContext>, Arc<Gate>, tokio::task::JoinHandle<()>) {
    let gate = Arc::new(Gate::default());
    let settings = StoreSettings { workers: Some(1), queue, ..StoreSettings::default() };
    let context = Arc::new(TestContext::with_settings(testbed, 1, settings, gate.clone()).await);
    gate.closed.store(true, Ordering::SeqCst);
    let begun = tokio::spawn({
        let context = Arc::clone(&context);
        async move { drop(context.held(&context.hold(1, "begun", &[1])).await) }
    });
    gate.reached.notified().await;
    (context, gate, begun)
}

async fn what_was_not_begun_when_its_client_went_is_let_go_of(testbed: &Testbed) {
    let (context, gate, begun) = busy(testbed).await;
    let left = context.hold(2, "left", &[2]);
    assert!(context.run(&left).now_or_never().is_none(), "it waits, and then its client has gone");
    gate.opened.notify_one();
    begun.await.unwrap();
    context.held(&context.hold(3, "next", &[2])).await;
}

async fn who_waits_for_a_worker_for_too_long_is_told_to_come_back_and_nothing_happens(testbed: &Testbed) {
    let (context, gate, begun) = busy(testbed).await;
    let late = context.hold(2, "late", &[2]);
    // Others hear from the database meanwhile: it is there.
    let others = async {
        loop {
            context.balance(1).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let answer = tokio::select! {
        answer = within(SOON, context.run(&late)) => answer,
        () = others => return,
    };
    assert!(matches!(answer, Err(BookingError::Outage(Outage::Busy { .. }))), "{answer:?}");
    gate.opened.notify_one();
    begun.await.unwrap();
    context.held(&context.hold(3, "next", &[2])).await;
}

async fn new_holds_are_refused_before_what_others_have_begun(testbed: &Testbed) {
    const ROOM: u32 = 8;
    let (context, gate, begun) = busy_with_room_for(testbed, ROOM as usize).await;
    let hold = |seat: u32| context.hold(seat.into(), "hold", &[seat]);
    let holds: Vec<_> = (2..2 + ROOM).map(hold).collect();
    let charges = [20, 21, 22].map(|user| context.charge(user, "charge"));
    let is_busy = |told: &Answer| matches!(told, Err(BookingError::Outage(Outage::Busy { .. })));
    let mut waiting = Vec::new();
    for (hold, crowded) in holds[..6].iter().zip([false, false, false, true, true, true]) {
        let mut asked = Box::pin(context.run(hold));
        assert!(asked.as_mut().now_or_never().is_none(), "it waits");
        assert_eq!(context.is_crowded(), crowded, "with {} commands", waiting.len() + 1);
        waiting.push(asked);
    }
    let refused = context.run(&holds[6]).now_or_never().unwrap();
    assert!(is_busy(&refused), "{refused:?}");

    for charge in &charges[..2] {
        let mut asked = Box::pin(context.run(charge));
        assert!(asked.as_mut().now_or_never().is_none(), "it has a place");
        waiting.push(asked);
    }
    let refused = context.run(&charges[2]).now_or_never().unwrap();
    assert!(is_busy(&refused), "nothing is left: {refused:?}");
    gate.opened.notify_one();
    begun.await.unwrap();
    let told = join_all(waiting).await;
    assert!(told.iter().all(Result::is_ok), "{told:?}");
    assert!(!context.is_crowded());
}

/// Does nothing.
struct Nobody;

#[async_trait]
impl Hook for Nobody {}

async fn while_the_database_is_away_everybody_is_told_at_once(testbed: &Testbed) {
    const AT_ONCE: Duration = Duration::from_secs(3);
    const PATIENCE: Duration = Duration::from_secs(20);
    let mut proxy = Proxy::to(testbed.server_address().await).await;
    let behind = testbed.through(proxy.address).await;
    let context = TestContext::new(&behind, 2, Arc::new(Nobody)).await;
    proxy.stop_listening().await;
    testbed.end_all_other_sessions().await;
    let holds: Vec<_> = (1..=40).map(|n| context.hold(n, "away", &[u32::try_from(n).unwrap()])).collect();
    let told = join_all(holds.iter().map(|hold| context.run(hold)));
    let told = tokio::time::timeout(PATIENCE, told).await.unwrap();
    // What a worker has begun when its connection goes may have happened, if that takes too long to find out.
    let begun = told.iter().filter(|answer| matches!(answer, Err(BookingError::Unknown(_)))).count();
    let away =
        told.iter().filter(|answer| matches!(answer, Err(BookingError::Outage(Outage::Unavailable { .. })))).count();
    assert!(begun + away == holds.len(), "{told:?}");
    let told = tokio::time::timeout(AT_ONCE, join_all(holds.iter().map(|hold| context.run(hold)))).await.unwrap();
    assert!(
        told.iter().all(|answer| matches!(answer, Err(BookingError::Outage(Outage::Unavailable { .. })))),
        "{told:?}"
    );

    proxy.listen_again().await;
    let back = async {
        while context.run(&holds[0]).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, back).await.is_ok(), "the workers do not come back");
}

on_every_database! {
    what_was_not_begun_when_its_client_went_is_let_go_of,
    who_waits_for_a_worker_for_too_long_is_told_to_come_back_and_nothing_happens,
    new_holds_are_refused_before_what_others_have_begun,
}

mod away {
    use super::*;

    on_every_server! { while_the_database_is_away_everybody_is_told_at_once }
}

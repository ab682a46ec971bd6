//! A database that is away, or says nothing: however many ask for whatever, each has an answer in time, and all are told
//! that it is unavailable.

use super::context::{PERFORMANCE, TestContext, at, user};
use super::proxy::Proxy;
use super::testbed::{Testbed, on_every_server};
use crate::queues::room::{Nobody, Room, join};
use frontrow_adapters::sql::{SqlCatalogue, SqlHousekeeping, SqlProbe, SqlReaders};
use frontrow_application::Outage;
use frontrow_application::deadline::{READ, within};
use frontrow_application::port::{
    BookingError, Housekeeping, NumberDispenser, OnSaleReader, Probe, QueueStore, StoreError, WalletReader,
};
use frontrow_domain::{Command, Outcome};
use futures::future::join_all;
use std::sync::Arc;
use std::time::Duration;

/// How long those who change something wait here.
const SOON: Duration = Duration::from_secs(1);
/// What comes in time on a machine with other things to do. Without deadlines it takes five times as long, and more.
const IN_TIME: Duration = Duration::from_secs(4);
/// What is asked for again and again comes about within this time.
const PATIENCE: Duration = Duration::from_secs(30);
/// More than there are connections of any kind.
const MANY: u128 = 20;

/// Asks many times at once.
async fn all_are_told<T: std::fmt::Debug>(what: &str, ask: impl AsyncFn(u128) -> Result<T, StoreError>) {
    let all = join_all((1..=MANY).map(|n| ask(n)));
    let told = tokio::time::timeout(IN_TIME, all).await.unwrap_or_else(|_| panic!("{what}: not in time"));
    let fits = told.iter().all(|told| matches!(told, Err(StoreError::Outage(Outage::Unavailable { .. }))));
    assert!(fits, "{what}: {told:?}");
}

/// The same, where those whose transaction has begun may be served after all.
async fn all_are_told_what_is_known<T: std::fmt::Debug>(what: &str, ask: impl AsyncFn(u128) -> Result<T, StoreError>) {
    let all = join_all((1..=MANY).map(|n| ask(n)));
    let told = tokio::time::timeout(IN_TIME, all).await.unwrap_or_else(|_| panic!("{what}: not in time"));
    let fits = |told: &Result<T, StoreError>| {
        matches!(told, Err(StoreError::Outage(Outage::Unavailable { .. }) | StoreError::Unknown))
    };
    assert!(told.iter().all(fits), "{what}: {told:?}");
}

async fn behind_a_proxy(testbed: &Testbed) -> (Proxy, Room) {
    let proxy = Proxy::to(testbed.server_address().await).await;
    let testbed = testbed.through(proxy.address).await;
    (proxy, Room::new(&testbed, 2).await)
}

async fn reads_are_told(context: &TestContext) {
    assert!(READ < IN_TIME);
    let readers = SqlReaders::new(Arc::clone(&context.database));
    all_are_told("read", async |n| readers.balance(user(n)).await).await;
    let catalogue = SqlCatalogue::new(Arc::clone(&context.database), context.world.clone());
    all_are_told("what is on sale", async |_| catalogue.on_sale(PERFORMANCE).await).await;
}

async fn writes_are_told(room: &Room) {
    let housekeeping = SqlHousekeeping::new(Arc::clone(&room.context.database));
    all_are_told("write", async |_| within(SOON, housekeeping.forget_idempotency_records(at(0), 1)).await).await;
}

async fn who_asks_a_silent_database_is_told_in_time(testbed: &Testbed) {
    let (proxy, room) = behind_a_proxy(testbed).await;
    let (context, queues) = (&room.context, room.instance().await);
    proxy.keep_silent(true);
    reads_are_told(context).await;
    writes_are_told(&room).await;
    all_are_told_what_is_known("join", async |n| within(SOON, queues.join(join(n))).await).await;
    all_are_told_what_is_known("check_in", async |n| within(SOON, queues.check_in(room.check_in(n), false)).await)
        .await;

    proxy.keep_silent(false);
    let readers = SqlReaders::new(Arc::clone(&context.database));
    let back = async { while readers.balance(user(1)).await.is_err() {} };
    assert!(tokio::time::timeout(PATIENCE, back).await.is_ok(), "it does not come back");
}

/// What a worker has begun may happen; what none has begun will not.
async fn who_has_a_command_for_a_silent_database_is_told_in_time(testbed: &Testbed) {
    let proxy = Proxy::to(testbed.server_address().await).await;
    let context = TestContext::new(&testbed.through(proxy.address).await, 1, Arc::new(Nobody)).await;
    proxy.keep_silent(true);
    let holds: Vec<_> = (1..=MANY).map(|n| context.hold(n, "hold", &[u32::try_from(n).unwrap()])).collect();
    let all = join_all(holds.iter().map(|hold| within(SOON, context.run(hold))));
    let told = tokio::time::timeout(IN_TIME, all).await.unwrap_or_else(|_| panic!("not in time"));
    let unknown = |(hold, told): &(&Command, &Result<Outcome, BookingError>)| {
        **told == Err(BookingError::Unknown(hold.key.clone()))
    };
    let begun = holds.iter().zip(&told).take_while(unknown).count();
    assert!(begun >= 1, "{told:?}");
    let others = &told[begun..];
    assert!(
        others.iter().all(|told| matches!(told, Err(BookingError::Outage(Outage::Unavailable { .. })))),
        "{others:?}"
    );
}

async fn who_asks_a_database_that_lets_nobody_in_is_told_in_time(testbed: &Testbed) {
    let (mut proxy, room) = behind_a_proxy(testbed).await;
    let (context, queues) = (&room.context, room.instance().await);
    proxy.stop_listening().await;
    testbed.end_all_other_sessions().await;
    reads_are_told(context).await;
    writes_are_told(&room).await;
    all_are_told_what_is_known("join", async |n| within(SOON, queues.join(join(n))).await).await;
    all_are_told_what_is_known("check_in", async |n| within(SOON, queues.check_in(room.check_in(n), false)).await)
        .await;

    proxy.listen_again().await;
    let readers = SqlReaders::new(Arc::clone(&context.database));
    let back = async { while readers.balance(user(1)).await.is_err() || queues.join(join(1)).await.is_err() {} };
    assert!(tokio::time::timeout(PATIENCE, back).await.is_ok(), "it does not come back");
}

/// The probe of one that works, and of one that is away.
async fn who_asks_whether_it_is_ready_is_told_in_time(testbed: &Testbed) {
    let (proxy, room) = behind_a_proxy(testbed).await;
    let Room { context, .. } = room;
    let housekeeping = Arc::new(SqlHousekeeping::new(Arc::clone(&context.database)));
    let probe = SqlProbe { housekeeping, store: Arc::new(context.store.into_first()) };
    probe.now().await.unwrap();
    proxy.keep_silent(true);
    all_are_told("probe", async |_| probe.now().await).await;
}

on_every_server! {
    who_asks_a_silent_database_is_told_in_time,
    who_has_a_command_for_a_silent_database_is_told_in_time,
    who_asks_a_database_that_lets_nobody_in_is_told_in_time,
    who_asks_whether_it_is_ready_is_told_in_time,
}

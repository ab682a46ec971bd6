//! A host that is gone without a word: nobody waits for it for ever, and all is well when it is back.

use super::context::{TestContext, user};
use super::proxy::Proxy;
use super::testbed::{Testbed, on_every_server};
use async_trait::async_trait;
use frontrow_adapters::sql::hook::Hook;
use frontrow_adapters::sql::{SqlHousekeeping, SqlReaders};
use frontrow_application::Outage;
use frontrow_application::port::{BookingError, Housekeeping, StoreError, WalletReader};
use std::sync::Arc;
use std::time::Duration;

const SILENCE: Duration = Duration::from_secs(1);
/// What is asked for again and again comes about within this time.
const PATIENCE: Duration = Duration::from_secs(30);

/// Does nothing.
struct Nobody;

#[async_trait]
impl Hook for Nobody {}

async fn behind_a_proxy(testbed: &Testbed) -> (Proxy, TestContext) {
    let proxy = Proxy::to(testbed.server_address().await).await;
    let testbed = testbed.through_impatiently(proxy.address, SILENCE).await;
    let context = TestContext::new(&testbed, 1, Arc::new(Nobody)).await;
    (proxy, context)
}

/// Unavailable while the database is silent, every time; done when it speaks again.
async fn comes_back<T>(proxy: &Proxy, ask: impl AsyncFn() -> Result<T, StoreError>) {
    ask().await.unwrap_or_else(|error| panic!("{error}"));
    proxy.keep_silent(true);
    // More often than there are connections.
    for _ in 0..3 {
        let answer = tokio::time::timeout(PATIENCE, ask()).await.unwrap_or_else(|_| panic!("it waits for ever"));
        assert!(matches!(answer, Err(StoreError::Outage(Outage::Unavailable { .. }))), "{:?}", answer.err());
    }
    proxy.keep_silent(false);
    let back = async { while ask().await.is_err() {} };
    assert!(tokio::time::timeout(PATIENCE, back).await.is_ok(), "it does not come back");
}

async fn who_reads_from_a_silent_database_is_told_to_come_back(testbed: &Testbed) {
    let (proxy, context) = behind_a_proxy(testbed).await;
    let readers = SqlReaders::new(Arc::clone(&context.database));
    comes_back(&proxy, async || readers.balance(user(1)).await).await;
}

async fn who_writes_to_a_silent_database_is_told_to_come_back(testbed: &Testbed) {
    let (proxy, context) = behind_a_proxy(testbed).await;
    let housekeeping = SqlHousekeeping::new(Arc::clone(&context.database));
    comes_back(&proxy, async || housekeeping.forget_idempotency_records(super::context::at(0), 1).await).await;
}

async fn a_worker_whose_database_is_silent_comes_back_and_knows_what_became_of_it(testbed: &Testbed) {
    let (proxy, context) = behind_a_proxy(testbed).await;
    let hold = context.hold(1, "hold", &[1]);
    proxy.keep_silent(true);
    let answer = tokio::time::timeout(PATIENCE, context.run(&hold)).await.unwrap_or_else(|_| panic!("for ever"));
    assert_eq!(answer, Err(BookingError::Unknown(hold.key.clone())));
    proxy.keep_silent(false);
    let back = async { while context.run(&hold).await.is_err() {} };
    assert!(tokio::time::timeout(PATIENCE, back).await.is_ok(), "it does not come back");
    assert_eq!(context.audit().await, []);
    context.assert_nobody_writes().await;
}

on_every_server! {
    who_reads_from_a_silent_database_is_told_to_come_back,
    who_writes_to_a_silent_database_is_told_to_come_back,
    a_worker_whose_database_is_silent_comes_back_and_knows_what_became_of_it,
}

//! Audits beside others: that somebody is in the way is no fault of the books.

use super::context::TestContext;
use super::testbed::{Testbed, on_every_server};
use crate::connection::connect;
use async_trait::async_trait;
use frontrow_adapters::sql::hook::Hook;
use frontrow_application::Outage;
use frontrow_application::port::StoreError;
use futures::future::join_all;
use sea_orm::{ConnectionTrait, TransactionTrait};
use std::sync::Arc;

/// Does nothing.
struct Nobody;

#[async_trait]
impl Hook for Nobody {}

/// A context in which a hold has lapsed, so that an audit has something to try out.
async fn lapsed(testbed: &Testbed) -> TestContext {
    let context = TestContext::new(testbed, 1, Arc::new(Nobody)).await;
    context.held(&context.hold(1, "lapses", &[1, 2])).await;
    context.world.set_seconds(1000);
    context
}

async fn many_audits_at_once_find_nothing(testbed: &Testbed) {
    const ROUNDS: usize = 10;
    let context = lapsed(testbed).await;
    for _ in 0..ROUNDS {
        let found = join_all((0..6).map(|_| context.audit())).await;
        assert!(found.iter().all(Vec::is_empty), "{found:?}");
    }
}

async fn an_audit_that_others_keep_from_trying_can_not_tell(testbed: &Testbed) {
    let context = lapsed(testbed).await;
    let raw = connect(testbed.server().unwrap().url()).await;
    let transaction = raw.begin().await.unwrap();
    transaction.execute_unprepared("SELECT * FROM seat WHERE number = 1 FOR UPDATE").await.unwrap();
    let audited = context.try_audit().await;
    assert!(matches!(audited, Err(StoreError::Outage(Outage::Busy { .. }))), "{audited:?}");
    transaction.rollback().await.unwrap();
    assert_eq!(context.audit().await, []);
}

on_every_server! {
    many_audits_at_once_find_nothing,
    an_audit_that_others_keep_from_trying_can_not_tell,
}

//! Audits beside others: who is in the way is no fault of the books.

use super::place::{Place, on_every_server};
use super::stage::Stage;
use async_trait::async_trait;
use frontrow_adapters::sql::hook::Hook;
use frontrow_application::port::StoreError;
use futures::future::join_all;
use sea_orm::{ConnectionTrait, TransactionTrait};
use std::sync::Arc;

/// Does nothing.
struct Nobody;

#[async_trait]
impl Hook for Nobody {}

/// A stage on which a hold has lapsed, so that an audit has something to try out.
async fn lapsed(place: &Place) -> Stage {
    let stage = Stage::new(place, 1, Arc::new(Nobody)).await;
    stage.held(&stage.hold(1, "lapses", &[1, 2])).await;
    stage.world.set_seconds(1000);
    stage
}

async fn many_audits_at_once_find_nothing(place: &Place) {
    const ROUNDS: usize = 10;
    let stage = lapsed(place).await;
    for _ in 0..ROUNDS {
        let found = join_all((0..6).map(|_| stage.audit())).await;
        assert!(found.iter().all(Vec::is_empty), "{found:?}");
    }
}

async fn an_audit_that_others_keep_from_trying_can_not_tell(place: &Place) {
    let stage = lapsed(place).await;
    let raw = sea_orm::Database::connect(place.server().unwrap().url()).await.unwrap();
    let transaction = raw.begin().await.unwrap();
    transaction.execute_unprepared("SELECT * FROM seat WHERE number = 1 FOR UPDATE").await.unwrap();
    let audited = stage.try_audit().await;
    assert!(matches!(audited, Err(StoreError::Busy { .. })), "{audited:?}");
    transaction.rollback().await.unwrap();
    assert_eq!(stage.audit().await, []);
}

on_every_server! {
    many_audits_at_once_find_nothing,
    an_audit_that_others_keep_from_trying_can_not_tell,
}

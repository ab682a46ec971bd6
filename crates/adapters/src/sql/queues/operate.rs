//! What operators, draws and dispensers do with a queue: under its lock, as ticks do.

use crate::sql::Database;
use crate::sql::rows::{admission, operator_action, queue};
use crate::sql::write::{Refusal, update_guarded};
use frontrow_application::port::{OperatorAction, StoreError};
use frontrow_domain::SaleId;
use frontrow_domain::waiting_room::{NotNow, Phase, Queue, QueueUpdate};
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QuerySelect};
use std::sync::Arc;

pub(super) async fn open_queue(database: &Database, queue: &Queue) -> Result<(), StoreError> {
    let row = queue::row(queue, true).map_err(|error| database.fault("open queue", &error))?;
    let opened = database.write_queue("open queue", move |transaction| {
        let row = row.clone();
        Box::pin(async move {
            queue::Entity::insert(row).exec_without_returning(transaction).await?;
            Ok(())
        })
    });
    match opened.await {
        // There is one already.
        Err(StoreError::Stale) => Ok(()),
        opened => opened,
    }
}

pub(super) async fn update_queue(
    database: &Database,
    sale: SaleId,
    update: &QueueUpdate,
    action: Option<OperatorAction>,
) -> Result<Option<Result<Queue, NotNow>>, StoreError> {
    let asked = Arc::new((update.clone(), action));
    let updated = database.write_queue("update queue", move |transaction| {
        let asked = Arc::clone(&asked);
        Box::pin(async move {
            let Some(queue) = lock(transaction, sale).await? else { return Ok(None) };
            let next = match queue.update(&asked.0) {
                Ok(next) => next,
                Err(flaw) => return Ok(Some(Err(flaw))),
            };
            save(transaction, &queue, &next).await?;
            let action = asked.1.clone().filter(|_| next.version != queue.version);
            if let Some(action) = action {
                insert(transaction, action).await?;
            }
            Ok(Some(Ok(next)))
        })
    });
    updated.await
}

pub(super) async fn note(database: &Database, action: &OperatorAction) -> Result<(), StoreError> {
    let action = action.clone();
    let noted = database.write_queue("note an operator's action", move |transaction| {
        let action = action.clone();
        Box::pin(async move { Ok(insert(transaction, action).await?) })
    });
    noted.await
}

/// Waits for whoever has it.
pub(super) async fn lock(transaction: &DatabaseTransaction, sale: SaleId) -> Result<Option<Queue>, DbErr> {
    let row = queue::Entity::find_by_id(sale.uuid()).lock_exclusive().one(transaction).await?;
    row.map(Queue::try_from).transpose()
}

/// The next state of a queue that is locked, if it is another one.
pub(super) async fn save(transaction: &DatabaseTransaction, read: &Queue, next: &Queue) -> Result<(), Refusal> {
    if next.version == read.version {
        return Ok(());
    }
    let live = next.phase != Phase::Closed || has_admissions(transaction, next.sale).await?;
    update_guarded(transaction, queue::row(next, live)?, read.version.get()).await
}

async fn has_admissions(transaction: &DatabaseTransaction, sale: SaleId) -> Result<bool, DbErr> {
    let any = admission::Entity::find().filter(admission::Column::SaleId.eq(sale.uuid())).limit(1);
    Ok(any.one(transaction).await?.is_some())
}

async fn insert(transaction: &DatabaseTransaction, action: OperatorAction) -> Result<(), DbErr> {
    let row = operator_action::ActiveModel::from(action);
    operator_action::Entity::insert(row).exec_without_returning(transaction).await.map(drop)
}

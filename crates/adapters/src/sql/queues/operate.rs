//! What operators, draws and dispensers do with a queue: under its lock, as ticks do.

use crate::sql::Database;
use crate::sql::rows::{admission, check_in, operator_action, queue, queue_entry};
use crate::sql::write::{Refusal, update_guarded};
use frontrow_application::port::{OperatorAction, StoreError};
use frontrow_domain::waiting_room::{NotNow, Phase, Queue, QueueUpdate};
use frontrow_domain::{Instant, SaleId};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::sync::Arc;
use uuid::Uuid;

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

/// Puts a queue in the place of the one that the sale has, if it has one. The caller has locked the sale.
pub(in crate::sql) async fn replace(transaction: &DatabaseTransaction, queue: &Queue) -> Result<(), Refusal> {
    let Some(known) = lock(transaction, queue.sale).await? else {
        queue::Entity::insert(queue::row(queue, true)?).exec_without_returning(transaction).await?;
        return Ok(());
    };
    save(transaction, &known, &Queue { version: known.version.next(), ..queue.clone() }).await
}

/// The queue of a sale whose dates are saved follows them, if there is one.
pub(in crate::sql) async fn follow(
    transaction: &DatabaseTransaction,
    sale: SaleId,
    update: &QueueUpdate,
) -> Result<(), Refusal> {
    let Some(queue) = lock(transaction, sale).await? else { return Ok(()) };
    match queue.update(update) {
        Ok(next) => save(transaction, &queue, &next).await,
        Err(_) => Err(Refusal::Stale),
    }
}

/// Rows of each table that one step forgets.
const STEP: u64 = 1000;

pub(super) async fn forget_queue(database: &Database, sale: SaleId, now: Instant) -> Result<bool, StoreError> {
    let forgotten = database.write_queue("forget queue", move |transaction| {
        Box::pin(async move {
            let Some(queue) = lock(transaction, sale).await? else { return Ok(true) };
            if !queue.is_forgotten(now) || has_admissions(transaction, sale).await? {
                return Ok(false);
            }
            if forget_entries(transaction, sale).await? | forget_check_ins(transaction, sale).await? {
                return Ok(false);
            }
            let forget = queue::Entity::update_many()
                .col_expr(queue::Column::Live, Expr::value(queue::FORGOTTEN))
                .filter(queue::Column::SaleId.eq(sale.uuid()));
            forget.exec(transaction).await?;
            Ok(true)
        })
    });
    forgotten.await
}

/// Deletes some queue entries of a sale; whether there were any.
async fn forget_entries(transaction: &DatabaseTransaction, sale: SaleId) -> Result<bool, DbErr> {
    use queue_entry::{Column, Entity};
    let of_sale = || Column::SaleId.eq(sale.uuid());
    let some = Entity::find().select_only().column(Column::UserId).filter(of_sale());
    let users: Vec<Uuid> = some.order_by_asc(Column::UserId).limit(STEP).into_tuple().all(transaction).await?;
    let Some(last) = users.last() else { return Ok(false) };
    Entity::delete_many().filter(of_sale()).filter(Column::UserId.lte(*last)).exec(transaction).await?;
    Ok(true)
}

/// Deletes some check-ins of a sale; whether there were any.
async fn forget_check_ins(transaction: &DatabaseTransaction, sale: SaleId) -> Result<bool, DbErr> {
    use check_in::{Column, Entity};
    let of_sale = || Column::SaleId.eq(sale.uuid());
    let some = Entity::find().select_only().column(Column::UserId).filter(of_sale());
    let users: Vec<Uuid> = some.order_by_asc(Column::UserId).limit(STEP).into_tuple().all(transaction).await?;
    let Some(last) = users.last() else { return Ok(false) };
    Entity::delete_many().filter(of_sale()).filter(Column::UserId.lte(*last)).exec(transaction).await?;
    Ok(true)
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

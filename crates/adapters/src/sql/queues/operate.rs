//! What operators, draws and dispensers do with a queue: under its lock, as ticks do.

use crate::sql::Database;
use crate::sql::rows::check_in::Column as CheckInOf;
use crate::sql::rows::queue_entry::Column as EntryOf;
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
            let entries = forget_some::<queue_entry::Entity>(transaction, sale, EntryOf::SaleId, EntryOf::UserId);
            let check_ins = forget_some::<check_in::Entity>(transaction, sale, CheckInOf::SaleId, CheckInOf::UserId);
            if entries.await? | check_ins.await? {
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

/// Deletes some rows of a sale, whose columns are its id and a user's; whether there were any.
async fn forget_some<E: EntityTrait>(
    transaction: &DatabaseTransaction,
    sale: SaleId,
    sale_id: E::Column,
    user_id: E::Column,
) -> Result<bool, DbErr> {
    let of_sale = || sale_id.eq(sale.uuid());
    let some = E::find().select_only().column(user_id).filter(of_sale());
    let users: Vec<Uuid> = some.order_by_asc(user_id).limit(STEP).into_tuple().all(transaction).await?;
    let Some(last) = users.last() else { return Ok(false) };
    E::delete_many().filter(of_sale()).filter(user_id.lte(*last)).exec(transaction).await?;
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

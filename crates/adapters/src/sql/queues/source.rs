//! Changing where queue numbers come from: the database or a dispenser such as Redis.

use super::leases::lock_counters;
use super::operate::{lock, save};
use crate::SystemClock;
use crate::sql::rows::{queue, queue_counter, written};
use crate::sql::write::Refusal;
use frontrow_application::port::Clock;
use frontrow_domain::waiting_room::{Group, Phase, Queue, QueueUpdate};
use frontrow_domain::{Instant, NumberSource, SaleId};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder};

/// People who wait have an entry where their number came from, so nobody may wait; otherwise these are the sales where
/// somebody does. The database goes on above all that it has leased, and what is left of a lease is a gap that nobody
/// waits for. (A Redis does so by itself: it has not begun the queue's epoch.)
pub(in crate::sql) async fn leave(
    transaction: &DatabaseTransaction,
    numbers: &NumberSource,
) -> Result<Result<(), Vec<SaleId>>, Refusal> {
    let now = SystemClock.now();
    let rows = queue::Entity::find().order_by_asc(queue::Column::SaleId).all(transaction).await?;
    let mut queues = Vec::with_capacity(rows.len());
    for row in rows {
        queues.extend(lock(transaction, SaleId::new(row.sale_id)).await?);
    }
    let waiting: Vec<SaleId> =
        queues.iter().filter(|queue| somebody_waits(queue, now)).map(|queue| queue.sale).collect();
    if !waiting.is_empty() {
        return Ok(Err(waiting));
    }
    if *numbers == NumberSource::Database {
        for queue in &queues {
            take_over(transaction, queue).await?;
        }
    }
    Ok(Ok(()))
}

/// As of the last tick, which was at most half a second ago. Who waits in a queue that has closed by itself may be called
/// yet.
fn somebody_waits(queue: &Queue, now: Instant) -> bool {
    let goes_on = queue.phase != Phase::Closed || queue.may_go_on(now);
    goes_on && queue.groups.iter().any(|group| group.gaps.people(group.issued) > 0)
}

async fn take_over(transaction: &DatabaseTransaction, queue: &Queue) -> Result<(), Refusal> {
    let known = lock_counters(transaction, queue).await?;
    let groups = || Group::all(queue.groups.len());
    if groups().all(|group| known.of(group).ceiling <= known.of(group).issued) {
        return Ok(());
    }
    let above: Vec<u64> = groups().map(|group| known.of(group).highest()).collect();
    for (group, above) in groups().zip(&above) {
        raise(transaction, queue.sale, group, *above).await?;
    }
    let Ok(next) = queue.update(&QueueUpdate::NextEpoch { above }) else { return Ok(()) };
    save(transaction, queue, &next).await
}

async fn raise(transaction: &DatabaseTransaction, sale: SaleId, group: Group, issued: u64) -> Result<(), DbErr> {
    let raised = queue_counter::Entity::update_many()
        .col_expr(queue_counter::Column::Issued, Expr::value(written(issued)))
        .filter(queue_counter::Column::SaleId.eq(sale.uuid()))
        .filter(queue_counter::Column::GroupIndex.eq(i16::from(group.get())));
    raised.exec(transaction).await.map(drop)
}

//! Blocks of queue numbers, leased to a dispenser that may lose its data (Redis). Each begins above every number that was
//! ever handed out or leased, so that no number is given twice whatever the dispenser has forgotten.

use super::SqlQueues;
use super::operate::{lock, save};
use crate::sql::rows::{queue, queue_counter};
use crate::sql::write::Refusal;
use async_trait::async_trait;
use frontrow_application::port::{Lease, NumberLeases, StoreError};
use frontrow_domain::SaleId;
use frontrow_domain::waiting_room::{Group, Queue, QueueUpdate};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter};
use std::collections::BTreeMap;

#[async_trait]
impl NumberLeases for SqlQueues {
    async fn lease(&self, sale: SaleId) -> Result<Option<Lease>, StoreError> {
        let database = &self.works.database;
        let query = async {
            let readers = database.booking_readers();
            let Some(row) = queue::Entity::find_by_id(sale.uuid()).one(readers).await? else { return Ok(None) };
            let queue: Queue = row.try_into()?;
            Ok(Some(lease(&queue, &counters(readers, sale).await?)))
        };
        database.read("read lease", query).await
    }

    async fn extend(
        &self,
        sale: SaleId,
        epoch: u32,
        group: Group,
        above: u64,
        block: u64,
    ) -> Result<Option<u64>, StoreError> {
        let wanted = above.saturating_add(block);
        let extended = self.works.database.write_queue("extend lease", move |transaction| {
            Box::pin(async move {
                let queue = lock(transaction, sale).await?;
                let queue = queue.filter(|queue| queue.epoch == epoch && group.index() < queue.groups.len());
                let Some(queue) = queue else { return Ok(None) };
                let known = lock_counters(transaction, &queue).await?;
                let Block { issued, above, ceiling } = known.of(group);
                if issued > ceiling {
                    // The database has handed out numbers above this lease.
                    begin_next_epoch(transaction, &queue, &known, block).await?;
                    return Ok(None);
                }
                let ceiling = ceiling.max(wanted);
                put_lease(transaction, sale, group, above, ceiling).await?;
                Ok(Some(ceiling))
            })
        });
        extended.await
    }

    async fn next_epoch(&self, sale: SaleId, lost: u32, block: u64) -> Result<Option<Lease>, StoreError> {
        let begun = self.works.database.write_queue("begin the next epoch", move |transaction| {
            Box::pin(async move {
                let queue = lock(transaction, sale).await?.filter(|queue| queue.epoch == lost);
                let Some(queue) = queue else { return Ok(None) };
                let known = lock_counters(transaction, &queue).await?;
                let Some(next) = begin_next_epoch(transaction, &queue, &known, block).await? else { return Ok(None) };
                Ok(Some(lease(&next, &counters(transaction, sale).await?)))
            })
        });
        begun.await
    }
}

/// Begins the next epoch of a queue whose counters are locked: each group leases a block above all that was handed out or
/// leased. `None` if the queue takes no new epoch.
async fn begin_next_epoch(
    transaction: &DatabaseTransaction,
    queue: &Queue,
    known: &Counters,
    block: u64,
) -> Result<Option<Queue>, Refusal> {
    let above: Vec<u64> = Group::all(queue.groups.len()).map(|group| known.of(group).highest()).collect();
    for (group, above) in Group::all(queue.groups.len()).zip(&above) {
        put_lease(transaction, queue.sale, group, *above, above.saturating_add(block)).await?;
    }
    let Ok(next) = queue.update(&QueueUpdate::NextEpoch { above }) else { return Ok(None) };
    save(transaction, queue, &next).await?;
    Ok(Some(next))
}

/// A group's numbers: what the database has handed out by itself, and the block that is leased, above `above` and up to
/// `ceiling`.
#[derive(Clone, Copy, Default)]
pub(super) struct Block {
    pub issued: u64,
    above: u64,
    pub ceiling: u64,
}

impl Block {
    /// The highest number that somebody may have been given.
    pub(super) fn highest(self) -> u64 {
        self.ceiling.max(self.issued)
    }
}

/// The blocks of a queue, by the index of their group.
pub(super) struct Counters(BTreeMap<i16, Block>);

impl Counters {
    pub(super) fn of(&self, group: Group) -> Block {
        self.0.get(&i16::from(group.get())).copied().unwrap_or_default()
    }
}

async fn counters(connection: &impl ConnectionTrait, sale: SaleId) -> Result<Counters, DbErr> {
    let rows =
        queue_counter::Entity::find().filter(queue_counter::Column::SaleId.eq(sale.uuid())).all(connection).await?;
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    let blocks = rows.into_iter().map(|row| {
        (row.group_index, Block { issued: count(row.issued), above: count(row.above), ceiling: count(row.ceiling) })
    });
    Ok(Counters(blocks.collect()))
}

/// Locks a queue's counters and reads them; makes those that are not there yet. Joins lock counters without locking the
/// queue, so counters that were read without a lock could be out of date when something is leased.
pub(super) async fn lock_counters(transaction: &DatabaseTransaction, queue: &Queue) -> Result<Counters, DbErr> {
    for group in Group::all(queue.groups.len()) {
        let row = queue_counter::issued(queue.sale, group, 0);
        let there = OnConflict::columns([queue_counter::Column::SaleId, queue_counter::Column::GroupIndex])
            .value(queue_counter::Column::Ceiling, Expr::col((queue_counter::Entity, queue_counter::Column::Ceiling)))
            .to_owned();
        queue_counter::Entity::insert(row).on_conflict(there).exec_without_returning(transaction).await?;
    }
    counters(transaction, queue.sale).await
}

/// Writes what is leased. The caller has locked the queue and the counter; joins never write these two columns.
async fn put_lease(
    transaction: &DatabaseTransaction,
    sale: SaleId,
    group: Group,
    above: u64,
    ceiling: u64,
) -> Result<(), DbErr> {
    let row = queue_counter::leased(sale, group, above, ceiling);
    let there = OnConflict::columns([queue_counter::Column::SaleId, queue_counter::Column::GroupIndex])
        .update_columns([queue_counter::Column::Above, queue_counter::Column::Ceiling])
        .to_owned();
    queue_counter::Entity::insert(row).on_conflict(there).exec_without_returning(transaction).await.map(drop)
}

fn lease(queue: &Queue, counters: &Counters) -> Lease {
    let blocks = Group::all(queue.groups.len()).map(|group| counters.of(group));
    let (above, ceiling) = blocks.map(|block| (block.above, block.ceiling)).unzip();
    Lease { epoch: queue.epoch, above, ceiling }
}

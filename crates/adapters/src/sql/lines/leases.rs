//! Numbers that somebody else hands out: only above all that were handed out before, whatever that one has lost.

use super::SqlLines;
use super::operate::{lock, save};
use crate::sql::entity::{counter, line};
use crate::sql::store::shape::number;
use crate::sql::write::Refusal;
use async_trait::async_trait;
use frontrow_application::port::{Lease, NumberLeases, StoreError};
use frontrow_domain::SaleId;
use frontrow_domain::waiting_room::{Group, Line, LineUpdate};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter};
use std::collections::BTreeMap;

#[async_trait]
impl NumberLeases for SqlLines {
    async fn lease(&self, sale: SaleId) -> Result<Option<Lease>, StoreError> {
        let database = &self.works.database;
        let query = async {
            let readers = database.readers();
            let Some(row) = line::Entity::find_by_id(sale.uuid()).one(readers).await? else { return Ok(None) };
            let line: Line = row.try_into()?;
            Ok(Some(lease(&line, &counters(readers, sale).await?)))
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
        let extended = self.works.database.write("extend lease", move |transaction| {
            Box::pin(async move {
                let line = lock(transaction, sale).await?;
                let line = line.filter(|line| line.epoch == epoch && group.index() < line.groups.len());
                let Some(line) = line else { return Ok(None) };
                let known = lock_counters(transaction, &line).await?;
                let Block { issued, above, ceiling } = known.of(group);
                if issued > ceiling {
                    // The database has handed out numbers above this lease.
                    begin(transaction, &line, &known, block).await?;
                    return Ok(None);
                }
                let ceiling = ceiling.max(wanted);
                put(transaction, sale, group, above, ceiling).await?;
                Ok(Some(ceiling))
            })
        });
        extended.await
    }

    async fn next_epoch(&self, sale: SaleId, lost: u32, block: u64) -> Result<Option<Lease>, StoreError> {
        let begun = self.works.database.write("begin the next epoch", move |transaction| {
            Box::pin(async move {
                let line = lock(transaction, sale).await?.filter(|line| line.epoch == lost);
                let Some(line) = line else { return Ok(None) };
                let known = lock_counters(transaction, &line).await?;
                let Some(next) = begin(transaction, &line, &known, block).await? else { return Ok(None) };
                Ok(Some(lease(&next, &counters(transaction, sale).await?)))
            })
        });
        begun.await
    }
}

/// The next epoch of a line whose counters are locked: above all that was handed out or leased.
async fn begin(
    transaction: &DatabaseTransaction,
    line: &Line,
    known: &Counters,
    block: u64,
) -> Result<Option<Line>, Refusal> {
    let above: Vec<u64> = Group::all(line.groups.len()).map(|group| known.of(group).end()).collect();
    for (group, above) in Group::all(line.groups.len()).zip(&above) {
        put(transaction, line.sale, group, *above, above.saturating_add(block)).await?;
    }
    let Ok(next) = line.update(&LineUpdate::NextEpoch { above }) else { return Ok(None) };
    save(transaction, line, &next).await?;
    Ok(Some(next))
}

/// What a counter says.
#[derive(Clone, Copy, Default)]
pub(super) struct Block {
    pub issued: u64,
    above: u64,
    pub ceiling: u64,
}

impl Block {
    /// The last number that somebody may have.
    pub(super) fn end(self) -> u64 {
        self.ceiling.max(self.issued)
    }
}

/// By group.
pub(super) struct Counters(BTreeMap<i16, Block>);

impl Counters {
    pub(super) fn of(&self, group: Group) -> Block {
        self.0.get(&i16::from(group.get())).copied().unwrap_or_default()
    }
}

async fn counters(connection: &impl ConnectionTrait, sale: SaleId) -> Result<Counters, DbErr> {
    let rows = counter::Entity::find().filter(counter::Column::SaleId.eq(sale.uuid())).all(connection).await?;
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    let blocks = rows.into_iter().map(|row| {
        (row.grp, Block { issued: count(row.issued), above: count(row.above), ceiling: count(row.ceiling) })
    });
    Ok(Counters(blocks.collect()))
}

/// Makes the counters of a line that has none yet, locks them, and says what they say. Joins lock them too, and not the
/// line: what was read before would be over by the time that something is leased.
pub(super) async fn lock_counters(transaction: &DatabaseTransaction, line: &Line) -> Result<Counters, DbErr> {
    for group in Group::all(line.groups.len()) {
        let row = counter::ActiveModel {
            sale_id: Set(line.sale.uuid()),
            grp: Set(i16::from(group.get())),
            issued: Set(0),
            above: Set(0),
            ceiling: Set(0),
        };
        let there = OnConflict::columns([counter::Column::SaleId, counter::Column::Grp])
            .value(counter::Column::Ceiling, Expr::col((counter::Entity, counter::Column::Ceiling)))
            .to_owned();
        counter::Entity::insert(row).on_conflict(there).exec_without_returning(transaction).await?;
    }
    counters(transaction, line.sale).await
}

/// Under the locks of the line and the counter; joins leave these columns alone.
async fn put(
    transaction: &DatabaseTransaction,
    sale: SaleId,
    group: Group,
    above: u64,
    ceiling: u64,
) -> Result<(), DbErr> {
    let row = counter::ActiveModel {
        sale_id: Set(sale.uuid()),
        grp: Set(i16::from(group.get())),
        above: Set(number(above)),
        ceiling: Set(number(ceiling)),
        ..Default::default()
    };
    let there = OnConflict::columns([counter::Column::SaleId, counter::Column::Grp])
        .update_columns([counter::Column::Above, counter::Column::Ceiling])
        .to_owned();
    counter::Entity::insert(row).on_conflict(there).exec_without_returning(transaction).await.map(drop)
}

fn lease(line: &Line, counters: &Counters) -> Lease {
    let blocks = Group::all(line.groups.len()).map(|group| counters.of(group));
    let (above, ceiling) = blocks.map(|block| (block.above, block.ceiling)).unzip();
    Lease { epoch: line.epoch, above, ceiling }
}

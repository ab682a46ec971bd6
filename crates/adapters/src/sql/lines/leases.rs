//! Numbers that somebody else hands out: only above all that were handed out before, whatever that one has lost.

use super::SqlLines;
use super::operate::{lock, save};
use crate::sql::entity::{counter, line};
use crate::sql::store::shape::number;
use async_trait::async_trait;
use frontrow_application::port::{Lease, NumberLeases, StoreError};
use frontrow_domain::SaleId;
use frontrow_domain::waiting_room::{Group, Line, LineUpdate};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
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
                if line.is_none() {
                    return Ok(None);
                }
                let Block { above, ceiling, .. } = counters(transaction, sale).await?.of(group);
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
                let known = counters(transaction, sale).await?;
                let mut begins = Vec::with_capacity(line.groups.len());
                for group in Group::all(line.groups.len()) {
                    let Block { issued, ceiling, .. } = known.of(group);
                    let above = ceiling.max(issued);
                    put(transaction, sale, group, above, above.saturating_add(block)).await?;
                    begins.push(above);
                }
                let Ok(next) = line.update(&LineUpdate::NextEpoch { above: begins }) else { return Ok(None) };
                save(transaction, &line, &next).await?;
                Ok(Some(lease(&next, &counters(transaction, sale).await?)))
            })
        });
        begun.await
    }
}

/// What a counter says.
#[derive(Clone, Copy, Default)]
struct Block {
    issued: u64,
    above: u64,
    ceiling: u64,
}

/// By group.
struct Counters(BTreeMap<i16, Block>);

impl Counters {
    fn of(&self, group: Group) -> Block {
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

/// Under the line's lock; joins, which do without it, leave these columns alone.
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

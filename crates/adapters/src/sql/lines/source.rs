//! When numbers come from somewhere else from now on.

use super::leases::lock_counters;
use super::operate::{lock, save};
use crate::sql::entity::{counter, line};
use crate::sql::store::shape::number;
use crate::sql::write::Refusal;
use frontrow_domain::waiting_room::{Group, Line, LineUpdate, Phase};
use frontrow_domain::{NumberSource, SaleId};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder};

/// Who waits keeps a place where the number came from, so nobody may wait; else these are the sales where somebody does.
/// The database goes on above all that it has leased, and what is left of a lease is a gap that nobody waits for. (A Redis
/// does so by itself: it has not begun the line's epoch.)
pub(in crate::sql) async fn leave(
    transaction: &DatabaseTransaction,
    numbers: &NumberSource,
) -> Result<Result<(), Vec<SaleId>>, Refusal> {
    let rows = line::Entity::find().order_by_asc(line::Column::SaleId).all(transaction).await?;
    let mut lines = Vec::with_capacity(rows.len());
    for row in rows {
        lines.extend(lock(transaction, SaleId::new(row.sale_id)).await?);
    }
    let waiting: Vec<SaleId> = lines.iter().filter(|line| somebody_waits(line)).map(|line| line.sale).collect();
    if !waiting.is_empty() {
        return Ok(Err(waiting));
    }
    if *numbers == NumberSource::Database {
        for line in &lines {
            take_over(transaction, line).await?;
        }
    }
    Ok(Ok(()))
}

/// As far as the last tick knows: that is, half a second ago.
fn somebody_waits(line: &Line) -> bool {
    line.phase != Phase::Closed && line.groups.iter().any(|group| group.gaps.people(group.issued) > 0)
}

async fn take_over(transaction: &DatabaseTransaction, line: &Line) -> Result<(), Refusal> {
    let known = lock_counters(transaction, line).await?;
    let groups = || Group::all(line.groups.len());
    if groups().all(|group| known.of(group).ceiling <= known.of(group).issued) {
        return Ok(());
    }
    let above: Vec<u64> = groups().map(|group| known.of(group).end()).collect();
    for (group, above) in groups().zip(&above) {
        raise(transaction, line.sale, group, *above).await?;
    }
    let Ok(next) = line.update(&LineUpdate::NextEpoch { above }) else { return Ok(()) };
    save(transaction, line, &next).await
}

async fn raise(transaction: &DatabaseTransaction, sale: SaleId, group: Group, issued: u64) -> Result<(), DbErr> {
    let raised = counter::Entity::update_many()
        .col_expr(counter::Column::Issued, Expr::value(number(issued)))
        .filter(counter::Column::SaleId.eq(sale.uuid()))
        .filter(counter::Column::Grp.eq(i16::from(group.get())));
    raised.exec(transaction).await.map(drop)
}

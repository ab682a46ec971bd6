//! What operators, draws and dispensers do with a line: under its lock, as ticks do.

use super::shape::StoredLine;
use crate::sql::Database;
use crate::sql::entity::{admission, line, operator_action};
use crate::sql::write::{Refusal, one};
use frontrow_application::port::{OperatorAction, StoreError};
use frontrow_domain::SaleId;
use frontrow_domain::waiting_room::{Line, LineUpdate, NotNow, Phase};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QuerySelect};
use std::sync::Arc;

pub(super) async fn open_line(database: &Database, line: &Line) -> Result<(), StoreError> {
    let row = row(line, true).map_err(|error| database.fault("open line", &error))?;
    let opened = database.write("open line", move |transaction| {
        let row = row.clone();
        Box::pin(async move {
            line::Entity::insert(row).exec_without_returning(transaction).await?;
            Ok(())
        })
    });
    match opened.await {
        // There is one already.
        Err(StoreError::Stale) => Ok(()),
        opened => opened,
    }
}

pub(super) async fn update_line(
    database: &Database,
    sale: SaleId,
    update: &LineUpdate,
    action: Option<OperatorAction>,
) -> Result<Option<Result<Line, NotNow>>, StoreError> {
    let asked = Arc::new((update.clone(), action));
    let updated = database.write("update line", move |transaction| {
        let asked = Arc::clone(&asked);
        Box::pin(async move {
            let Some(line) = lock(transaction, sale).await? else { return Ok(None) };
            let next = match line.update(&asked.0) {
                Ok(next) => next,
                Err(flaw) => return Ok(Some(Err(flaw))),
            };
            save(transaction, &line, &next).await?;
            let action = asked.1.clone().filter(|_| next.version != line.version);
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
    let noted = database.write("note an operator's action", move |transaction| {
        let action = action.clone();
        Box::pin(async move { Ok(insert(transaction, action).await?) })
    });
    noted.await
}

/// Waits for whoever has it.
pub(super) async fn lock(transaction: &DatabaseTransaction, sale: SaleId) -> Result<Option<Line>, DbErr> {
    let row = line::Entity::find_by_id(sale.uuid()).lock_exclusive().one(transaction).await?;
    row.map(Line::try_from).transpose()
}

/// The next state of a line that is locked, if it is another one.
pub(super) async fn save(transaction: &DatabaseTransaction, read: &Line, next: &Line) -> Result<(), Refusal> {
    if next.version == read.version {
        return Ok(());
    }
    let live = next.phase != Phase::Closed || has_admissions(transaction, next.sale).await?;
    let update = line::Entity::update_many()
        .set(row(next, live)?)
        .filter(line::Column::SaleId.eq(next.sale.uuid()))
        .filter(line::Column::Version.eq(read.version.get()));
    one(update.exec(transaction).await?.rows_affected)
}

async fn has_admissions(transaction: &DatabaseTransaction, sale: SaleId) -> Result<bool, DbErr> {
    let any = admission::Entity::find().filter(admission::Column::SaleId.eq(sale.uuid())).limit(1);
    Ok(any.one(transaction).await?.is_some())
}

fn row(line: &Line, live: bool) -> Result<line::ActiveModel, DbErr> {
    let StoredLine { body, .. } = StoredLine::of(line, live).map_err(|error| DbErr::Json(error.to_string()))?;
    Ok(line::ActiveModel {
        sale_id: Set(line.sale.uuid()),
        version: Set(line.version.get()),
        live: Set(if live { line::LIVE } else { line::OVER }),
        body: Set(body),
    })
}

async fn insert(transaction: &DatabaseTransaction, action: OperatorAction) -> Result<(), DbErr> {
    let row = operator_action::ActiveModel::from(action);
    operator_action::Entity::insert(row).exec_without_returning(transaction).await.map(drop)
}

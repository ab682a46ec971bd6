//! One file a table: its `SeaORM` entity, the conversions from a row to the domain's value and back, and the codes of its
//! columns. What else knows of a column is its migration.
//!
//! In a row that is written, `Unchanged` marks what is written once, `Set` what an update writes again, and `NotSet` what
//! the database has a default for.

pub(crate) mod admission;
pub(crate) mod admission_log;
pub(crate) mod buyer;
pub(crate) mod check_in;
pub(crate) mod chore;
pub(crate) mod concert;
pub(crate) mod idempotency_record;
pub(crate) mod installation;
pub(crate) mod mail_code;
pub(crate) mod operator_action;
pub(crate) mod outbox;
pub(crate) mod payment;
pub(crate) mod performance;
pub(crate) mod queue;
pub(crate) mod queue_counter;
pub(crate) mod queue_entry;
pub(crate) mod refresh_token;
pub(crate) mod reservation;
pub(crate) mod sale;
pub(crate) mod sale_performance;
pub(crate) mod seat;
pub(crate) mod seat_map;
pub(crate) mod session;
pub(crate) mod ticket;
pub(crate) mod transfer;
pub(crate) mod user;
pub(crate) mod venue;
pub(crate) mod wallet;

mod reading;
#[cfg(test)]
mod tests;

pub(crate) use reading::Reading;

use sea_orm::{ActiveModelTrait, DbErr, EntityTrait, Iterable, ModelTrait, PrimaryKeyToColumn, PrimaryKeyTrait, Value};
use serde::Serialize;

/// A table whose updates compare a column with what was read, and must find it unchanged.
pub(crate) trait Guarded: EntityTrait {
    const GUARD: Self::Column;
}

/// The primary key of a table's rows.
pub(crate) type Key<E> = <<E as EntityTrait>::PrimaryKey as PrimaryKeyTrait>::ValueType;

/// The version of a placeholder row.
pub(crate) const PLACEHOLDER: i64 = 0;

/// A row that counts as absent, and that locks can be on: its key and version 0, all else by default.
pub(crate) fn placeholder<E: Guarded>(key: impl IntoIterator<Item = Value>) -> Result<E::ActiveModel, DbErr> {
    let mut row = <E::ActiveModel as ActiveModelTrait>::default();
    for (column, value) in E::PrimaryKey::iter().zip(key) {
        row.try_set(column.into_column(), value)?;
    }
    row.try_set(E::GUARD, PLACEHOLDER.into())?;
    Ok(row)
}

/// Whether the row counts as absent.
pub(crate) fn is_placeholder<M>(row: &M) -> bool
where
    M: ModelTrait,
    M::Entity: Guarded,
{
    row.get(M::Entity::GUARD) == Value::from(PLACEHOLDER)
}

/// A number as it is written. Numbers of entries and ranks begin at 1, and none comes near the end.
pub(crate) fn written(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A value as a column of text holds it.
fn json(value: &impl Serialize) -> Result<String, DbErr> {
    serde_json::to_string(value).map_err(|error| DbErr::Json(error.to_string()))
}

/// A value as a column of JSON holds it.
fn json_value(value: &impl Serialize) -> Result<serde_json::Value, DbErr> {
    serde_json::to_value(value).map_err(|error| DbErr::Json(error.to_string()))
}

//! The columns and values of rows and keys, from their entities.

use crate::sql::connection::Failure;
use crate::sql::rows::Key;
use sea_orm::sea_query::IntoValueTuple;
use sea_orm::{ActiveModelTrait, ActiveValue, EntityTrait, IdenStatic, Iterable, PrimaryKeyToColumn, Value};
use std::cmp::Ordering;

pub(super) fn values<E: EntityTrait>(keys: impl IntoIterator<Item = Key<E>>) -> Vec<Vec<Value>> {
    keys.into_iter().map(|key| key.into_value_tuple().into_iter().collect()).collect()
}

pub(super) fn key_columns<E: EntityTrait>() -> Vec<E::Column> {
    E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column).collect()
}

/// The columns of a row, but for those that are left out.
pub(super) fn columns_of<A: ActiveModelTrait>(
    row: &A,
    left_out: impl Fn(&ActiveValue<Value>) -> bool,
) -> Vec<<A::Entity as EntityTrait>::Column> {
    <A::Entity as EntityTrait>::Column::iter().filter(|column| !left_out(&row.get(*column))).collect()
}

pub(super) fn values_of<A: ActiveModelTrait>(
    row: &A,
    columns: &[<A::Entity as EntityTrait>::Column],
) -> Result<Vec<Value>, Failure> {
    let values = columns.iter().map(|column| row.get(*column).into_value());
    values.collect::<Option<_>>().ok_or_else(|| Failure::Bug("the rows of a statement differ in their columns".into()))
}

/// Sorts rows by their key, whose values are at these places: whoever locks or writes several rows does so in this order,
/// so that nobody waits for somebody who waits for them.
pub(super) fn sort(rows: &mut [Vec<Value>], key: &[usize]) {
    rows.sort_by(|one, other| {
        let values = key.iter().map(|place| compare(one.get(*place), other.get(*place)));
        values.fold(Ordering::Equal, Ordering::then)
    });
}

/// Where the columns of the key are among these.
pub(super) fn places_of_key<E: EntityTrait>(columns: &[E::Column]) -> Vec<usize> {
    let place = |key: E::Column| columns.iter().position(|column| column.as_str() == key.as_str());
    key_columns::<E>().into_iter().filter_map(place).collect()
}

/// Of two values of one column.
fn compare(one: Option<&Value>, other: Option<&Value>) -> Ordering {
    match (one, other) {
        (Some(Value::Uuid(one)), Some(Value::Uuid(other))) => one.cmp(other),
        (Some(Value::SmallInt(one)), Some(Value::SmallInt(other))) => one.cmp(other),
        (Some(Value::Int(one)), Some(Value::Int(other))) => one.cmp(other),
        (Some(Value::BigInt(one)), Some(Value::BigInt(other))) => one.cmp(other),
        (Some(Value::String(one)), Some(Value::String(other))) => one.cmp(other),
        (Some(Value::Bytes(one)), Some(Value::Bytes(other))) => one.cmp(other),
        _ => Ordering::Equal,
    }
}

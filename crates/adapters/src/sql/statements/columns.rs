//! The columns and values of rows and keys, from their entities.

use crate::sql::connection::Failure;
use crate::sql::rows::Key;
use sea_orm::sea_query::IntoValueTuple;
use sea_orm::{ActiveModelTrait, ActiveValue, EntityTrait, Iterable, PrimaryKeyToColumn, Value};

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

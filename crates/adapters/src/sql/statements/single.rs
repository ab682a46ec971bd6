//! Statements on one row, as `SeaORM` says them. Their parameters come in the order of the columns, then of the key, then
//! the guard.

use super::columns::key_columns;
use super::lists::Existing;
use super::locking::Locking;
use crate::sql::dialect::Dialect;
use crate::sql::rows::reservation;
use sea_orm::sea_query::{Expr, LockBehavior, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DbErr, DeleteMany, EntityTrait, Insert, Iterable, QueryFilter, QuerySelect, Select,
    ValidatedUpdateOne, Value,
};

pub(super) fn find<E: EntityTrait>(dialect: &dyn Dialect, locking: Locking, key: &[Value]) -> Select<E> {
    let found = named::<E, _>(E::find(), key);
    match locking {
        Locking::None => found,
        Locking::Wait => found.lock(dialect.lock_one()),
        Locking::Skip => found.lock_with_behavior(dialect.lock_one(), LockBehavior::SkipLocked),
    }
}

/// The live reservations of a sale and a user, which may count against the limit.
pub(in crate::sql) fn reservations_of(key: &[Value]) -> Select<reservation::Entity> {
    let of_buyer = reservation::BY_BUYER.into_iter().zip(key);
    of_buyer.fold(reservation::Entity::find(), |found, (column, value)| found.filter(column.eq(value.clone())))
}

pub(super) fn insert<A: ActiveModelTrait>(
    dialect: &dyn Dialect,
    row: A,
    existing: &Existing<<A::Entity as EntityTrait>::Column>,
) -> Insert<A> {
    let insert = Insert::one(row);
    match existing {
        Existing::Fails => insert,
        Existing::Stays => {
            let mut stays = OnConflict::new();
            if dialect.on_conflict_do_nothing().is_some() {
                stays.do_nothing();
            } else {
                stays.do_nothing_on(<A::Entity as EntityTrait>::PrimaryKey::iter());
            }
            insert.on_conflict(stays)
        }
        Existing::Becomes(assignments) => {
            let mut becomes = OnConflict::columns(key_columns::<A::Entity>());
            for (column, value) in assignments {
                becomes.value(*column, Expr::cust(value.clone()));
            }
            insert.on_conflict(becomes)
        }
    }
}

/// An update of the row with that key, if its guard says what it said when it was read.
pub(in crate::sql) fn update<A: ActiveModelTrait>(
    row: A,
    guard: Option<(<A::Entity as EntityTrait>::Column, Value)>,
) -> Result<ValidatedUpdateOne<A>, DbErr> {
    let update = A::Entity::update(row).validate()?;
    Ok(match guard {
        Some((column, read)) => update.filter(column.eq(read)),
        None => update,
    })
}

pub(super) fn delete<E: EntityTrait>(key: &[Value]) -> DeleteMany<E> {
    named::<E, _>(E::delete_many(), key)
}

fn named<E: EntityTrait, Q: QueryFilter>(query: Q, key: &[Value]) -> Q {
    key_columns::<E>().into_iter().zip(key).fold(query, |query, (column, value)| query.filter(column.eq(value.clone())))
}

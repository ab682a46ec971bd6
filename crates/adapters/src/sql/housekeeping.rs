//! Throwing away what is no longer needed, and asking whether the database works.

use super::Database;
use super::entity::{done, refresh_token};
use async_trait::async_trait;
use frontrow_application::port::{Housekeeping, Probe, StoreError};
use frontrow_domain::Instant;
use sea_orm::sea_query::{Expr, ExprTrait, IntoColumnRef, IntoIden, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DbErr, DeleteMany, EntityTrait, QueryFilter, Statement};
use std::sync::Arc;

/// [`Housekeeping`] and [`Probe`] of a SQL database.
pub struct SqlHousekeeping {
    database: Arc<Database>,
}

impl SqlHousekeeping {
    /// The housekeeping of that database.
    pub fn new(database: Arc<Database>) -> Self {
        Self { database }
    }

    async fn delete<E: EntityTrait>(&self, name: &'static str, oldest: Oldest<E>) -> Result<u32, StoreError> {
        let oldest = Arc::new(oldest);
        let deleted = self.database.write(name, move |transaction| {
            let oldest = Arc::clone(&oldest);
            Box::pin(async move { Ok(oldest.delete().exec(transaction).await?.rows_affected) })
        });
        Ok(u32::try_from(deleted.await?).unwrap_or(u32::MAX))
    }
}

/// The rows of a table whose instant is the longest ago.
pub(super) struct Oldest<E: EntityTrait> {
    table: E,
    key: Vec<E::Column>,
    instant: E::Column,
    before: Instant,
    limit: u32,
}

pub(super) fn oldest_done(before: Instant, limit: u32) -> Oldest<done::Entity> {
    let key = vec![done::Column::UserId, done::Column::Key];
    Oldest { table: done::Entity, key, instant: done::Column::At, before, limit }
}

pub(super) fn oldest_refresh_tokens(before: Instant, limit: u32) -> Oldest<refresh_token::Entity> {
    let key = vec![refresh_token::Column::Hash];
    Oldest { table: refresh_token::Entity, key, instant: refresh_token::Column::Expires, before, limit }
}

impl<E: EntityTrait> Oldest<E> {
    pub(super) fn delete(&self) -> DeleteMany<E> {
        E::delete_many().filter(self.are_named())
    }

    /// Twice nested, because MySQL takes no limit in a subquery that names rows.
    fn are_named(&self) -> Expr {
        let rows = Query::select()
            .columns(self.key.clone())
            .from(self.table)
            .and_where(Expr::col(self.instant).lt(self.before.micros()))
            .order_by(self.instant, sea_orm::Order::Asc)
            .limit(u64::from(self.limit))
            .take();
        let names: SelectStatement = Query::select().columns(self.key.clone()).from_subquery(rows, "oldest").take();
        let key = self.key.iter().map(|column| Expr::col(column.into_iden().into_column_ref()));
        Expr::tuple(key).in_subquery(names)
    }
}

#[async_trait]
impl Housekeeping for SqlHousekeeping {
    async fn forget_done(&self, before: Instant, limit: u32) -> Result<u32, StoreError> {
        self.delete("forget idempotency records", oldest_done(before, limit)).await
    }

    async fn forget_refresh_tokens(&self, before: Instant, limit: u32) -> Result<u32, StoreError> {
        self.delete("forget refresh tokens", oldest_refresh_tokens(before, limit)).await
    }
}

#[async_trait]
impl Probe for SqlHousekeeping {
    async fn now(&self) -> Result<Instant, StoreError> {
        let query = async {
            let readers = self.database.readers();
            let text = "SELECT CAST(unixepoch('now', 'subsec') * 1000000 AS INTEGER)";
            let row = readers.query_one_raw(Statement::from_string(readers.get_database_backend(), text)).await?;
            let row = row.ok_or_else(|| DbErr::RecordNotFound("the time".to_owned()))?;
            Ok(Instant::from_micros(row.try_get_by_index(0)?))
        };
        self.database.read("probe", query).await
    }
}

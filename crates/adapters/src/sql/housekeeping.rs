//! Throwing away what is no longer needed, and asking whether the database works.

use super::Database;
use super::rows::{idempotency_record, refresh_token, session};
use super::statements::Texts;
use async_trait::async_trait;
use frontrow_application::port::{Housekeeping, Probe, StoreError};
use frontrow_domain::Instant;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, ModelTrait, QueryFilter, QueryOrder,
    QuerySelect, Select, Statement, Value,
};
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
        let (oldest, database) = (Arc::new(oldest), Arc::clone(&self.database));
        let deleted = self.database.write(name, move |transaction| {
            let (oldest, database) = (Arc::clone(&oldest), Arc::clone(&database));
            Box::pin(async move { Ok(oldest.delete(transaction, database.texts()).await?) })
        });
        Ok(u32::try_from(deleted.await?).unwrap_or(u32::MAX))
    }
}

/// The rows of a table whose instant is the longest ago.
pub(super) struct Oldest<E: EntityTrait> {
    instant: E::Column,
    before: Instant,
    limit: u32,
}

pub(super) fn oldest_idempotency_records(before: Instant, limit: u32) -> Oldest<idempotency_record::Entity> {
    Oldest { instant: idempotency_record::Column::At, before, limit }
}

pub(super) fn oldest_refresh_tokens(before: Instant, limit: u32) -> Oldest<refresh_token::Entity> {
    Oldest { instant: refresh_token::Column::Expires, before, limit }
}

pub(super) fn oldest_sessions(before: Instant, limit: u32) -> Oldest<session::Entity> {
    Oldest { instant: session::Column::Expires, before, limit }
}

/// Rows of one DELETE.
const CHUNK: usize = 100;

impl<E: EntityTrait> Oldest<E> {
    /// In two steps: where a DELETE has a subquery, older releases of `MariaDB` read the whole table, and lock it.
    async fn delete(&self, transaction: &DatabaseTransaction, texts: &Texts) -> Result<u64, DbErr> {
        let rows = self.find().all(transaction).await?;
        let keys: Vec<Vec<Value>> = rows.iter().map(|row| row.get_primary_key_value().into_iter().collect()).collect();
        let mut deleted = 0;
        for keys in keys.chunks(CHUNK) {
            let Some(statement) = texts.deleting::<E>(keys)? else { continue };
            deleted += transaction.execute_raw(statement).await?.rows_affected();
        }
        Ok(deleted)
    }

    pub(super) fn find(&self) -> Select<E> {
        E::find().filter(self.instant.lt(self.before.micros())).order_by_asc(self.instant).limit(u64::from(self.limit))
    }
}

#[async_trait]
impl Housekeeping for SqlHousekeeping {
    async fn forget_idempotency_records(&self, before: Instant, limit: u32) -> Result<u32, StoreError> {
        self.delete("forget idempotency records", oldest_idempotency_records(before, limit)).await
    }

    async fn forget_refresh_tokens(&self, before: Instant, limit: u32) -> Result<u32, StoreError> {
        self.delete("forget refresh tokens", oldest_refresh_tokens(before, limit)).await
    }

    async fn forget_sessions(&self, before: Instant, limit: u32) -> Result<u32, StoreError> {
        self.delete("forget sessions", oldest_sessions(before, limit)).await
    }
}

#[async_trait]
impl Probe for SqlHousekeeping {
    async fn now(&self) -> Result<Instant, StoreError> {
        self.database.storage().check()?;
        self.time().await
    }
}

impl SqlHousekeeping {
    /// The database's time: it answers, whether or not anything can be written.
    pub async fn time(&self) -> Result<Instant, StoreError> {
        let query = async {
            // Whether the instance gets requests depends on it.
            let readers = self.database.booking_readers();
            let text = self.database.dialect().time();
            let row = readers.query_one_raw(Statement::from_string(readers.get_database_backend(), text)).await?;
            let row = row.ok_or_else(|| DbErr::RecordNotFound("the time".to_owned()))?;
            Ok(Instant::from_micros(row.try_get_by_index(0)?))
        };
        self.database.read("probe", query).await
    }
}

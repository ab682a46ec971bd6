//! What instances tell each other of chores: a row for each, and one short transaction for each change of it.

use super::Database;
use super::rows::chore;
use super::write::{Refusal, update_guarded};
use async_trait::async_trait;
use frontrow_application::Chore;
use frontrow_application::port::{ChoreLease, ChoreStore, StoreError};
use frontrow_domain::Instant;
use sea_orm::sea_query::OnConflict;
use sea_orm::{DatabaseTransaction, DbErr, EntityTrait};
use std::sync::Arc;
use uuid::Uuid;

/// [`ChoreStore`] on a SQL database.
pub struct SqlChores {
    database: Arc<Database>,
}

impl SqlChores {
    /// The chores of the instances that share that database.
    pub fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl ChoreStore for SqlChores {
    async fn take(&self, chore: Chore, lease: ChoreLease, now: Instant) -> Result<bool, StoreError> {
        let taken =
            self.database.write("take a chore", move |transaction| Box::pin(take(transaction, chore, lease, now)));
        match taken.await {
            // Somebody was faster, and has it now.
            Err(StoreError::Stale) => Ok(false),
            taken => taken,
        }
    }

    async fn give_back(&self, chore: Chore, holder: Uuid) -> Result<(), StoreError> {
        let given = self.database.write("give a chore back", move |transaction| {
            Box::pin(async move {
                let row = find(transaction, chore).await?;
                let row = row.filter(|row| row.lease().is_some_and(|lease| lease.holder == holder));
                let Some(row) = row else { return Ok(()) };
                update_guarded(transaction, row.with_lease(None), row.version).await
            })
        });
        match given.await {
            // Somebody has taken it over.
            Err(StoreError::Stale) => Ok(()),
            given => given,
        }
    }

    async fn watermark(&self, chore: Chore) -> Result<Option<Instant>, StoreError> {
        let query = async {
            let row = chore::Entity::find_by_id(chore.name().to_owned()).one(self.database.booking_readers()).await?;
            Ok(row.and_then(|row| row.watermark).map(Instant::from_micros))
        };
        self.database.read("read a watermark", query).await
    }

    async fn set_watermark(&self, chore: Chore, watermark: Instant) -> Result<(), StoreError> {
        let row = chore::first(chore, None, Some(watermark));
        let written = self.database.write("write a watermark", move |transaction| {
            let row = row.clone();
            Box::pin(async move {
                let there = OnConflict::column(chore::Column::Name).update_column(chore::Column::Watermark).to_owned();
                chore::Entity::insert(row).on_conflict(there).exec_without_returning(transaction).await?;
                Ok(())
            })
        });
        written.await
    }
}

/// The row is read without a lock, and written only if nobody has changed it since.
async fn take(
    transaction: &DatabaseTransaction,
    chore: Chore,
    lease: ChoreLease,
    now: Instant,
) -> Result<bool, Refusal> {
    let Some(row) = find(transaction, chore).await? else {
        let first = chore::first(chore, Some(lease), None);
        chore::Entity::insert(first).exec_without_returning(transaction).await?;
        return Ok(true);
    };
    if row.lease().is_some_and(|other| other.keeps_out(lease.holder, now)) {
        return Ok(false);
    }
    update_guarded(transaction, row.with_lease(Some(lease)), row.version).await?;
    Ok(true)
}

async fn find(transaction: &DatabaseTransaction, chore: Chore) -> Result<Option<chore::Model>, DbErr> {
    chore::Entity::find_by_id(chore.name().to_owned()).one(transaction).await
}

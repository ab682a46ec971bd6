//! What all instances have to agree on: one row, which whoever starts first inserts.

use super::Database;
use super::queues::source;
use super::rows::installation::ID;
use super::rows::{installation, payment, reservation};
use super::write::update_guarded;
use async_trait::async_trait;
use frontrow_application::port::{InstallationStore, StoreError};
use frontrow_domain::{Installation, SaleId};
use sea_orm::{EntityTrait, QuerySelect};
use std::sync::Arc;

/// [`InstallationStore`] on a SQL database.
pub struct SqlInstallation {
    database: Arc<Database>,
}

impl SqlInstallation {
    /// That of the installation whose database it is.
    pub fn new(database: Arc<Database>) -> Self {
        Self { database }
    }

    /// Whether there are amounts, which would become others in another currency.
    pub async fn has_amounts(&self) -> Result<bool, StoreError> {
        let query = async {
            let readers = self.database.browsing_readers();
            let paid = payment::Entity::find().limit(1).one(readers).await?.is_some();
            Ok(paid || reservation::Entity::find().limit(1).one(readers).await?.is_some())
        };
        self.database.read("look for amounts", query).await
    }

    fn row(&self, installation: &Installation) -> Result<installation::ActiveModel, StoreError> {
        let row = installation::ActiveModel::try_from(installation);
        row.map_err(|error| self.database.fault("write installation", &error))
    }
}

#[async_trait]
impl InstallationStore for SqlInstallation {
    async fn installation(&self) -> Result<Option<Installation>, StoreError> {
        let row = installation::Entity::find_by_id(ID);
        let query = async { row.one(self.database.booking_readers()).await?.map(Installation::try_from).transpose() };
        self.database.read("read installation", query).await
    }

    async fn found(&self, first: &Installation) -> Result<Installation, StoreError> {
        let row = self.row(first)?;
        let inserted = self.database.write("found installation", move |transaction| {
            let row = row.clone();
            Box::pin(async move {
                installation::Entity::insert(row).exec_without_returning(transaction).await?;
                Ok(())
            })
        });
        match inserted.await {
            // Somebody was faster.
            Ok(()) | Err(StoreError::Stale) => self.installation().await?.ok_or(StoreError::Stale),
            Err(error) => Err(error),
        }
    }

    async fn change(&self, read: &Installation, next: &Installation) -> Result<Result<(), Vec<SaleId>>, StoreError> {
        let row = self.row(next)?;
        let version = read.version.get();
        let moves = next.numbers != read.numbers && !read.numbers.passes_entries_on_to(&next.numbers);
        let moves_to = moves.then(|| next.numbers.clone());
        let changed = self.database.write("change installation", move |transaction| {
            let (row, moves_to) = (row.clone(), moves_to.clone());
            Box::pin(async move {
                if let Some(numbers) = &moves_to
                    && let Err(waiting) = source::leave(transaction, numbers).await?
                {
                    return Ok(Err(waiting));
                }
                update_guarded(transaction, row, version).await?;
                Ok(Ok(()))
            })
        });
        changed.await
    }
}

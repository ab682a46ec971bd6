//! Concerts.

use super::{Row, SqlCatalogue};
use crate::sql::rows::concert;
use async_trait::async_trait;
use frontrow_application::port::{ConcertRepository, Revision, StoreError, Stored};
use frontrow_domain::{Concert, ConcertId};
use sea_orm::EntityTrait;

#[async_trait]
impl ConcertRepository for SqlCatalogue {
    async fn concert(&self, id: ConcertId) -> Result<Option<Stored<Concert>>, StoreError> {
        let query = async {
            let row = concert::Entity::find_by_id(id.uuid()).one(self.database.browsing_readers()).await?;
            let Some(row) = row else { return Ok(None) };
            Ok(Some(Stored { revision: Revision(row.revision), value: row.try_into()? }))
        };
        self.database.read("read concert", query).await
    }

    async fn save_concert(&self, concert: &Concert, read: Option<Revision>) -> Result<(), StoreError> {
        let row = Row::next(concert::ActiveModel::from(concert), read);
        let row = row.map_err(|error| self.database.fault("save concert", &error))?;
        self.write("save concert", row).await
    }
}

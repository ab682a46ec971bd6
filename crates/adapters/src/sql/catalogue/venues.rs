//! Venues and their seat maps.

use super::{Row, SqlCatalogue};
use crate::sql::rows::{seat_map, venue};
use async_trait::async_trait;
use frontrow_application::port::{Revision, StoreError, Stored, StoredSeatMap, VenueRepository};
use frontrow_domain::{SeatMap, Venue, VenueId};
use sea_orm::{ColumnTrait, EntityTrait};

#[async_trait]
impl VenueRepository for SqlCatalogue {
    async fn venue(&self, id: VenueId) -> Result<Option<Stored<Venue>>, StoreError> {
        let query = async {
            let row = venue::Entity::find_by_id(id.uuid()).one(self.database.browsing_readers()).await?;
            let Some(row) = row else { return Ok(None) };
            Ok(Some(Stored { revision: Revision(row.revision), value: row.try_into()? }))
        };
        self.database.read("read venue", query).await
    }

    async fn save_venue(&self, venue: &Venue, read: Option<Revision>) -> Result<(), StoreError> {
        let row = venue::ActiveModel::try_from(venue).and_then(|row| Row::next(row, read));
        let row = row.map_err(|error| self.database.fault("save venue", &error))?;
        self.write("save venue", row).await
    }

    async fn seat_map(&self, venue: VenueId, version: u32) -> Result<Option<StoredSeatMap>, StoreError> {
        let query = async {
            let key = (venue.uuid(), i64::from(version));
            let Some(row) = seat_map::Entity::find_by_id(key).one(self.database.browsing_readers()).await? else {
                return Ok(None);
            };
            let (revision, frozen) = (Revision(row.revision), row.frozen);
            Ok(Some(StoredSeatMap { map: row.try_into()?, revision, frozen }))
        };
        self.database.read("read seat map", query).await
    }

    async fn save_seat_map(&self, map: &SeatMap, read: Option<Revision>) -> Result<(), StoreError> {
        let row = seat_map::ActiveModel::try_from(map).and_then(|row| Row::next(row, read));
        let row = row.map_err(|error| self.database.fault("save seat map", &error))?;
        self.write("save seat map", row.only_if(seat_map::Column::Frozen.eq(false))).await
    }
}

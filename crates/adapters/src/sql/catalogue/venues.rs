//! Venues and their seat maps.

use super::{Row, SqlCatalogue, next};
use crate::sql::entity::{seat_map, venue};
use async_trait::async_trait;
use frontrow_application::port::{Revision, StoreError, Stored, StoredSeatMap, VenueRepository};
use frontrow_domain::{SeatMap, Venue, VenueId};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, Condition, DbErr, EntityTrait};

#[async_trait]
impl VenueRepository for SqlCatalogue {
    async fn venue(&self, id: VenueId) -> Result<Option<Stored<Venue>>, StoreError> {
        let query = venue::Entity::find_by_id(id.uuid()).one(self.database.readers());
        let row = self.database.read("read venue", query).await?;
        Ok(row.map(|row| Stored { revision: Revision(row.revision), value: row.into() }))
    }

    async fn save_venue(&self, venue: &Venue, read: Option<Revision>) -> Result<(), StoreError> {
        let id = venue.id.uuid();
        let row = venue::ActiveModel {
            id: Set(id),
            name: Set(venue.name.clone()),
            time_zone: Set(venue.time_zone.clone()),
            revision: Set(next(read)),
        };
        let guard =
            |read: Revision| Condition::all().add(venue::Column::Id.eq(id)).add(venue::Column::Revision.eq(read.0));
        self.write("save venue", Row { row, guard: read.map(guard) }).await
    }

    async fn seat_map(&self, venue: VenueId, version: u32) -> Result<Option<StoredSeatMap>, StoreError> {
        let query = async {
            let key = (venue.uuid(), i64::from(version));
            let Some(row) = seat_map::Entity::find_by_id(key).one(self.database.readers()).await? else {
                return Ok(None);
            };
            let (revision, frozen) = (Revision(row.revision), row.frozen);
            Ok(Some(StoredSeatMap { map: row.try_into()?, revision, frozen }))
        };
        self.database.read("read seat map", query).await
    }

    async fn save_seat_map(&self, map: &SeatMap, read: Option<Revision>) -> Result<(), StoreError> {
        let (venue, version) = (map.venue.uuid(), i64::from(map.version));
        let sections = serde_json::to_value(&map.sections);
        let sections =
            sections.map_err(|error| self.database.fault("save seat map", &DbErr::Json(error.to_string())))?;
        let row = seat_map::ActiveModel {
            venue_id: Set(venue),
            version: Set(version),
            sections: Set(sections),
            frozen: Set(false),
            revision: Set(next(read)),
        };
        let guard = |read: Revision| {
            Condition::all()
                .add(seat_map::Column::VenueId.eq(venue))
                .add(seat_map::Column::Version.eq(version))
                .add(seat_map::Column::Revision.eq(read.0))
                .add(seat_map::Column::Frozen.eq(false))
        };
        self.write("save seat map", Row { row, guard: read.map(guard) }).await
    }
}

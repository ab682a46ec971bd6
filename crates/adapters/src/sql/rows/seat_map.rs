//! A version of a venue's seat map.

use super::{Guarded, Reading, json, json_value};
use frontrow_domain::{SeatMap, VenueId};
use sea_orm::ActiveValue::{NotSet, Set, Unchanged};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "seat_map")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub venue_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i64,
    pub sections: Json,
    pub frozen: bool,
    pub revision: i64,
    /// JSON; `None` if the stage is where a computed one would be.
    pub stage: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for SeatMap {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let reading = Reading::of("seat_map", format!("{}/{}", row.venue_id, row.version));
        let version = reading.count(row.version)?;
        Ok(Self {
            venue: VenueId::new(row.venue_id),
            version,
            sections: reading.json(row.sections)?,
            stage: row.stage.map(|stage| reading.text(&stage)).transpose()?,
        })
    }
}

impl Guarded for Entity {
    const GUARD: Column = Column::Revision;
}

/// One that is not frozen; without the revision, which whoever saves it knows.
impl TryFrom<&SeatMap> for ActiveModel {
    type Error = DbErr;

    fn try_from(map: &SeatMap) -> Result<Self, DbErr> {
        Ok(Self {
            venue_id: Unchanged(map.venue.uuid()),
            version: Unchanged(map.version.into()),
            sections: Set(json_value(&map.sections)?),
            stage: Set(map.stage.as_ref().map(json).transpose()?),
            frozen: Set(false),
            revision: NotSet,
        })
    }
}

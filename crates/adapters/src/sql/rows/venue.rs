//! A venue.

use super::{Guarded, Reading, json};
use frontrow_domain::{Venue, VenueId};
use sea_orm::ActiveValue::{NotSet, Set, Unchanged};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "venue")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub name: String,
    pub time_zone: String,
    pub revision: i64,
    /// JSON; `None` if nobody has said it.
    pub address: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for Venue {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let reading = Reading::of("venue", row.id);
        let address = row.address.map(|address| reading.text(&address)).transpose()?;
        Ok(Self { id: VenueId::new(row.id), name: row.name, time_zone: row.time_zone, address })
    }
}

impl Guarded for Entity {
    const GUARD: Column = Column::Revision;
}

/// Without the revision, which whoever saves it knows.
impl TryFrom<&Venue> for ActiveModel {
    type Error = DbErr;

    fn try_from(venue: &Venue) -> Result<Self, DbErr> {
        Ok(Self {
            id: Unchanged(venue.id.uuid()),
            name: Set(venue.name.clone()),
            time_zone: Set(venue.time_zone.clone()),
            address: Set(venue.address.as_ref().map(json).transpose()?),
            revision: NotSet,
        })
    }
}

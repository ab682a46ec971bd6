//! A venue.

use super::Guarded;
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
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for Venue {
    fn from(row: Model) -> Self {
        Self { id: VenueId::new(row.id), name: row.name, time_zone: row.time_zone }
    }
}

impl Guarded for Entity {
    const GUARD: Column = Column::Revision;
}

/// Without the revision, which whoever saves it knows.
impl From<&Venue> for ActiveModel {
    fn from(venue: &Venue) -> Self {
        Self {
            id: Unchanged(venue.id.uuid()),
            name: Set(venue.name.clone()),
            time_zone: Set(venue.time_zone.clone()),
            revision: NotSet,
        }
    }
}

//! A concert.

use super::Guarded;
use frontrow_domain::{Concert, ConcertId};
use sea_orm::ActiveValue::{NotSet, Set, Unchanged};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "concert")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub title: String,
    pub artist: String,
    pub revision: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for Concert {
    fn from(row: Model) -> Self {
        Self { id: ConcertId::new(row.id), title: row.title, artist: row.artist }
    }
}

impl Guarded for Entity {
    const GUARD: Column = Column::Revision;
}

/// Without the revision, which whoever saves it knows.
impl From<&Concert> for ActiveModel {
    fn from(concert: &Concert) -> Self {
        Self {
            id: Unchanged(concert.id.uuid()),
            title: Set(concert.title.clone()),
            artist: Set(concert.artist.clone()),
            revision: NotSet,
        }
    }
}

//! A concert.

use super::{Guarded, Reading};
use frontrow_domain::{Concert, ConcertId, Genre};
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
    pub description: Option<String>,
    pub image: Option<String>,
    pub genre: Option<String>,
    pub age_limit: Option<i16>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for Concert {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let reading = Reading::of("concert", row.id);
        let genre = row.genre.map(|word| reading.word(&word, Genre::of(&word))).transpose()?;
        let years = |years: i16| u8::try_from(years).map_err(|error| reading.error(error));
        Ok(Self {
            id: ConcertId::new(row.id),
            title: row.title,
            artist: row.artist,
            description: row.description,
            image: row.image,
            genre,
            age_limit: row.age_limit.map(years).transpose()?,
        })
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
            description: Set(concert.description.clone()),
            image: Set(concert.image.clone()),
            genre: Set(concert.genre.map(|genre| genre.as_str().to_owned())),
            age_limit: Set(concert.age_limit.map(i16::from)),
            revision: NotSet,
        }
    }
}

//! A performance.

use super::{Guarded, Reading, json_value, venue};
use frontrow_domain::{ConcertId, Instant, Performance, PerformanceId, PerformanceStatus, VenueId};
use sea_orm::ActiveValue::{NotSet, Set, Unchanged};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::SimpleExpr;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "performance")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub concert_id: Uuid,
    pub venue_id: Uuid,
    pub seat_map_version: i64,
    pub starts_at: i64,
    pub status: String,
    pub prices: Json,
    pub revision: i64,
    pub sold_until: Option<i64>,
    pub give_back_until: Option<i64>,
    /// [`OWING`] while buyers have not been given back what they paid for a cancelled performance, else `None`.
    pub owing: Option<i16>,
    pub doors_at: Option<i64>,
}

/// What `owing` is while it owes money.
pub(crate) const OWING: i16 = 1;

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl Related<venue::Entity> for Entity {
    fn to() -> RelationDef {
        Self::belongs_to(venue::Entity).from(Column::VenueId).to(venue::Column::Id).into()
    }
}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for Performance {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let reading = Reading::of("performance", row.id);
        Ok(Self {
            id: PerformanceId::new(row.id),
            concert: ConcertId::new(row.concert_id),
            venue: VenueId::new(row.venue_id),
            seat_map_version: reading.count(row.seat_map_version)?,
            starts_at: Instant::from_micros(row.starts_at),
            doors_at: row.doors_at.map(Instant::from_micros),
            sold_until: row.sold_until.map(Instant::from_micros),
            give_back_until: row.give_back_until.map(Instant::from_micros),
            status: reading.word(&row.status, status(&row.status))?,
            prices: reading.json(row.prices)?,
        })
    }
}

pub(crate) const fn status_word(status: PerformanceStatus) -> &'static str {
    match status {
        PerformanceStatus::Draft => "draft",
        PerformanceStatus::Published => "published",
        PerformanceStatus::Postponed => "postponed",
        PerformanceStatus::Cancelled => "cancelled",
    }
}

/// Not a draft.
pub(crate) fn is_public() -> SimpleExpr {
    Column::Status.ne(status_word(PerformanceStatus::Draft))
}

fn status(word: &str) -> Option<PerformanceStatus> {
    use PerformanceStatus::{Cancelled, Draft, Postponed, Published};
    [Draft, Published, Postponed, Cancelled].into_iter().find(|status| status_word(*status) == word)
}

impl Guarded for Entity {
    const GUARD: Column = Column::Revision;
}

/// Without the revision, which whoever saves it knows.
impl TryFrom<&Performance> for ActiveModel {
    type Error = DbErr;

    fn try_from(performance: &Performance) -> Result<Self, DbErr> {
        Ok(Self {
            id: Unchanged(performance.id.uuid()),
            concert_id: Set(performance.concert.uuid()),
            venue_id: Set(performance.venue.uuid()),
            seat_map_version: Set(performance.seat_map_version.into()),
            starts_at: Set(performance.starts_at.micros()),
            doors_at: Set(performance.doors_at.map(Instant::micros)),
            sold_until: Set(performance.sold_until.map(Instant::micros)),
            give_back_until: Set(performance.give_back_until.map(Instant::micros)),
            owing: Set((performance.status == PerformanceStatus::Cancelled).then_some(OWING)),
            status: Set(status_word(performance.status).to_owned()),
            prices: Set(json_value(&performance.prices)?),
            revision: NotSet,
        })
    }
}

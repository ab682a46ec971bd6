//! A seat.

use super::{Guarded, Reading};
use frontrow_domain::{Instant, PerformanceId, ReservationId, Seat, SeatKey, SeatState, Version};
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "seat")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub performance_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    pub state: i16,
    pub reservation_id: Option<Uuid>,
    pub held_until: Option<i64>,
    pub version: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// `state`: anybody can hold it.
pub(crate) const FREE: i16 = 0;
/// `state`: not for sale.
pub(crate) const BLOCKED: i16 = 1;
/// `state`: held by `reservation_id` until `held_until`.
pub(crate) const HELD: i16 = 2;
/// `state`: sold to `reservation_id`.
pub(crate) const SOLD: i16 = 3;

impl TryFrom<Model> for Seat {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let reading = Reading::of("seat", format!("{}/{}", row.performance_id, row.number));
        let reservation = row.reservation_id.map(ReservationId::new);
        let state = match (row.state, reservation, row.held_until.map(Instant::from_micros)) {
            (FREE, None, None) => SeatState::Free,
            (BLOCKED, None, None) => SeatState::Blocked,
            (HELD, Some(by), Some(until)) => SeatState::Held { by, until },
            (SOLD, Some(to), None) => SeatState::Sold { to },
            other => return Err(reading.error(format!("there is no state like {other:?}"))),
        };
        let number = reading.seat_number(row.number)?;
        let key = SeatKey { performance: PerformanceId::new(row.performance_id), number };
        Ok(Self { key, state, version: Version::new(row.version) })
    }
}

impl Guarded for Entity {
    const GUARD: Column = Column::Version;
}

pub(crate) fn key(key: &SeatKey) -> (Uuid, i32) {
    (key.performance.uuid(), key.number.get().cast_signed())
}

impl From<&Seat> for ActiveModel {
    fn from(seat: &Seat) -> Self {
        let (performance_id, number) = key(&seat.key);
        let (state, reservation, until) = match seat.state {
            SeatState::Free => (FREE, None, None),
            SeatState::Blocked => (BLOCKED, None, None),
            SeatState::Held { by, until } => (HELD, Some(by), Some(until)),
            SeatState::Sold { to } => (SOLD, Some(to), None),
        };
        Self {
            performance_id: Unchanged(performance_id),
            number: Unchanged(number),
            state: Set(state),
            reservation_id: Set(reservation.map(ReservationId::uuid)),
            held_until: Set(until.map(Instant::micros)),
            version: Set(seat.version.get()),
        }
    }
}

//! A ticket.

use super::{Guarded, Reading, seat};
use frontrow_domain::{PerformanceId, ReservationId, SeatKey, Ticket, TicketKey, Version};
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ticket")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub performance_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i64,
    pub reservation_id: Uuid,
    pub live: Option<i16>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// 1 if the ticket is valid, `None` if it is void.
pub(crate) const LIVE: i16 = 1;

impl TryFrom<Model> for Ticket {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let reading = Reading::of("ticket", format!("{}/{}/{}", row.performance_id, row.number, row.version));
        let valid = match row.live {
            None => false,
            Some(LIVE) => true,
            Some(other) => return Err(reading.error(format!("live is 1 or nothing, not {other}"))),
        };
        let number = reading.seat_number(row.number)?;
        let seat = SeatKey { performance: PerformanceId::new(row.performance_id), number };
        let key = TicketKey { seat, version: Version::new(row.version) };
        Ok(Self { key, reservation: ReservationId::new(row.reservation_id), valid })
    }
}

impl Guarded for Entity {
    const GUARD: Column = Column::Live;
}

impl From<&Ticket> for ActiveModel {
    fn from(ticket: &Ticket) -> Self {
        let (performance_id, number) = seat::key(&ticket.key.seat);
        Self {
            performance_id: Unchanged(performance_id),
            number: Unchanged(number),
            version: Unchanged(ticket.key.version.get()),
            reservation_id: Unchanged(ticket.reservation.uuid()),
            live: Set(ticket.valid.then_some(LIVE)),
        }
    }
}

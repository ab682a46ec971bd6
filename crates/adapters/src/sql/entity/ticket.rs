//! A ticket.

use crate::sql::row::Reading;
use frontrow_domain::{PerformanceId, ReservationId, SeatKey, Ticket, TicketKey, Version};
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

/// `live`: it opens the door. A voided one has none.
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

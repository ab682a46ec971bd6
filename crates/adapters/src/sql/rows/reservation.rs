//! A reservation.

use super::{Guarded, Reading, json};
use frontrow_domain::{
    Instant, PerformanceId, RefundReason, Reservation, ReservationId, ReservationState, SaleId, UserId, Version,
};
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reservation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub performance_id: Uuid,
    pub sale_id: Uuid,
    pub user_id: Uuid,
    pub state: String,
    pub held_until: i64,
    pub late_until: i64,
    pub cancel_until: i64,
    pub amount: i64,
    pub line_items: String,
    pub refund_reason: Option<String>,
    /// JSON; `None` if nothing was returned while other seats were kept.
    pub returned: Option<String>,
    /// [`LIVE`] while the reservation is held or confirmed, `None` once it has ended. Made from the state.
    pub live: Option<i16>,
    pub version: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for Reservation {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let reading = Reading::of("reservation", row.id);
        Ok(Self {
            id: ReservationId::new(row.id),
            performance: PerformanceId::new(row.performance_id),
            sale: SaleId::new(row.sale_id),
            user: UserId::new(row.user_id),
            state: reading.word(&row.state, state(&row.state))?,
            held_until: Instant::from_micros(row.held_until),
            late_until: Instant::from_micros(row.late_until),
            cancel_until: Instant::from_micros(row.cancel_until),
            amount: reading.points(row.amount)?,
            line_items: reading.text(&row.line_items)?,
            refund_reason: row.refund_reason.map(RefundReason::from),
            returned: row.returned.map_or(Ok(Vec::new()), |returned| reading.text(&returned))?,
            version: Version::new(row.version),
        })
    }
}

fn state(word: &str) -> Option<ReservationState> {
    ReservationState::ALL.into_iter().find(|state| state.as_str() == word)
}

impl Guarded for Entity {
    const GUARD: Column = Column::Version;
}

/// The index by which the live reservations of buyers are found.
pub(crate) const LIVE_BY_BUYER: &str = "ix_reservation_user_id_sale_id_live";

/// The columns of that index, in the order in which whoever looks for a buyer says them.
pub(crate) const BY_BUYER: [Column; 3] = [Column::SaleId, Column::UserId, Column::Live];

/// What `live` is while the reservation may count against the limit per person.
pub(crate) const LIVE: i16 = 1;

impl TryFrom<&Reservation> for ActiveModel {
    type Error = DbErr;

    fn try_from(reservation: &Reservation) -> Result<Self, DbErr> {
        Ok(Self {
            id: Unchanged(reservation.id.uuid()),
            performance_id: Unchanged(reservation.performance.uuid()),
            sale_id: Unchanged(reservation.sale.uuid()),
            user_id: Unchanged(reservation.user.uuid()),
            state: Set(reservation.state.as_str().to_owned()),
            held_until: Unchanged(reservation.held_until.micros()),
            late_until: Unchanged(reservation.late_until.micros()),
            cancel_until: Unchanged(reservation.cancel_until.micros()),
            amount: Unchanged(reservation.amount.amount()),
            line_items: Unchanged(json(&reservation.line_items)?),
            refund_reason: Set(reservation.refund_reason.as_ref().map(|reason| reason.as_str().to_owned())),
            returned: Set(Some(&reservation.returned).filter(|returned| !returned.is_empty()).map(json).transpose()?),
            live: Set(reservation.state.is_live().then_some(LIVE)),
            version: Set(reservation.version.get()),
        })
    }
}

//! A reservation.

use crate::sql::row::Reading;
use frontrow_domain::{Instant, PerformanceId, Reservation, ReservationId, ReservationState, SaleId, UserId, Version};
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
    pub amount: i64,
    pub lines: String,
    pub refund_reason: Option<String>,
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
            amount: reading.points(row.amount)?,
            lines: reading.text(&row.lines)?,
            refund_reason: reading.reason(row.refund_reason.as_deref())?,
            version: Version::new(row.version),
        })
    }
}

fn state(word: &str) -> Option<ReservationState> {
    ReservationState::ALL.into_iter().find(|state| state.as_str() == word)
}

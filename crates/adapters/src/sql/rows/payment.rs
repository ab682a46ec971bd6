//! A payment.

use super::{Guarded, Reading};
use frontrow_domain::{Instant, Payment, PaymentId, PaymentKind, PaymentState, ReservationId, UserId, Version};
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "payment")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub kind: String,
    pub reservation_id: Option<Uuid>,
    pub ordinal: i32,
    pub user_id: Uuid,
    pub amount: i64,
    pub state: String,
    pub provider: String,
    pub provider_ref: Option<String>,
    pub at: i64,
    pub version: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for Payment {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let reading = Reading::of("payment", row.id);
        Ok(Self {
            id: PaymentId::new(row.id),
            kind: reading.word(&row.kind, kind(&row.kind))?,
            reservation: row.reservation_id.map(ReservationId::new),
            ordinal: reading.count(row.ordinal.into())?,
            user: UserId::new(row.user_id),
            amount: reading.points(row.amount)?,
            state: reading.word(&row.state, state(&row.state))?,
            provider: row.provider,
            provider_ref: row.provider_ref,
            at: Instant::from_micros(row.at),
            version: Version::new(row.version),
        })
    }
}

pub(crate) fn kind(word: &str) -> Option<PaymentKind> {
    use PaymentKind::{Charge, Refund, Reservation};
    [Reservation, Refund, Charge].into_iter().find(|kind| kind.as_str() == word)
}

fn state(word: &str) -> Option<PaymentState> {
    PaymentState::ALL.into_iter().find(|state| state.as_str() == word)
}

impl Guarded for Entity {
    const GUARD: Column = Column::Version;
}

impl From<&Payment> for ActiveModel {
    fn from(payment: &Payment) -> Self {
        Self {
            id: Unchanged(payment.id.uuid()),
            kind: Unchanged(payment.kind.as_str().to_owned()),
            reservation_id: Unchanged(payment.reservation.map(ReservationId::uuid)),
            ordinal: Unchanged(payment.ordinal.cast_signed()),
            user_id: Unchanged(payment.user.uuid()),
            amount: Unchanged(payment.amount.amount()),
            state: Set(payment.state.as_str().to_owned()),
            provider: Unchanged(payment.provider.clone()),
            provider_ref: Set(payment.provider_ref.clone()),
            at: Unchanged(payment.at.micros()),
            version: Set(payment.version.get()),
        }
    }
}

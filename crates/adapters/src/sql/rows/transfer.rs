//! Points that moved.

use super::Reading;
use frontrow_domain::{AccountId, Instant, PaymentId, Transfer, TransferId};
use sea_orm::ActiveValue::Unchanged;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "transfer")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub debit: Uuid,
    pub credit: Uuid,
    pub amount: i64,
    pub payment_id: Uuid,
    pub at: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for Transfer {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let amount = Reading::of("transfer", row.id).points(row.amount)?;
        Ok(Self {
            id: TransferId::new(row.id),
            debit: AccountId::from(row.debit),
            credit: AccountId::from(row.credit),
            amount,
            payment: PaymentId::new(row.payment_id),
            at: Instant::from_micros(row.at),
        })
    }
}

impl From<&Transfer> for ActiveModel {
    fn from(transfer: &Transfer) -> Self {
        Self {
            id: Unchanged(transfer.id.uuid()),
            debit: Unchanged(transfer.debit.into()),
            credit: Unchanged(transfer.credit.into()),
            amount: Unchanged(transfer.amount.amount()),
            payment_id: Unchanged(transfer.payment.uuid()),
            at: Unchanged(transfer.at.micros()),
        }
    }
}

//! A user's points.

use super::{Guarded, Reading};
use frontrow_domain::{UserId, Version, Wallet};
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wallet")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    pub balance: i64,
    pub pending: i64,
    pub version: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for Wallet {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let reading = Reading::of("wallet", row.user_id);
        Ok(Self {
            user: UserId::new(row.user_id),
            balance: reading.points(row.balance)?,
            pending: reading.points(row.pending)?,
            version: Version::new(row.version),
        })
    }
}

impl Guarded for Entity {
    const GUARD: Column = Column::Version;
}

impl From<&Wallet> for ActiveModel {
    fn from(wallet: &Wallet) -> Self {
        Self {
            user_id: Unchanged(wallet.user.uuid()),
            balance: Set(wallet.balance.amount()),
            pending: Set(wallet.pending.amount()),
            version: Set(wallet.version.get()),
        }
    }
}

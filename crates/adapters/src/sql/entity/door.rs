//! Somebody who was called and has come.

use crate::sql::row::Reading;
use frontrow_domain::waiting_room::Claim;
use frontrow_domain::{BuyerKey, Instant, SaleId, UserId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "door")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub sale_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    pub grp: i16,
    pub number: i64,
    pub turn: i64,
    pub claimed_at: i64,
    pub seen_at: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for Claim {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let reading = Reading::of("door", format!("{}/{}", row.sale_id, row.user_id));
        Ok(Self {
            key: BuyerKey { sale: SaleId::new(row.sale_id), user: UserId::new(row.user_id) },
            group: reading.group(row.grp)?,
            number: reading.queue_number(row.number)?,
            rank: reading.rank(row.turn)?,
            claimed_at: Instant::from_micros(row.claimed_at),
            seen_at: Instant::from_micros(row.seen_at),
        })
    }
}

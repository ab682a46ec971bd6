//! Somebody who was called and has come.

use super::{Reading, written};
use frontrow_domain::waiting_room::CheckIn;
use frontrow_domain::{BuyerKey, Instant, SaleId, UserId};
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "check_in")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub sale_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    pub group_index: i16,
    pub number: i64,
    pub queue_rank: i64,
    pub checked_in_at: i64,
    pub seen_at: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for CheckIn {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let reading = Reading::of("check_in", format!("{}/{}", row.sale_id, row.user_id));
        Ok(Self {
            key: BuyerKey { sale: SaleId::new(row.sale_id), user: UserId::new(row.user_id) },
            group: reading.group(row.group_index)?,
            number: reading.queue_number(row.number)?,
            rank: reading.rank(row.queue_rank)?,
            checked_in_at: Instant::from_micros(row.checked_in_at),
            seen_at: Instant::from_micros(row.seen_at),
        })
    }
}

impl From<&CheckIn> for ActiveModel {
    fn from(check_in: &CheckIn) -> Self {
        Self {
            sale_id: Unchanged(check_in.key.sale.uuid()),
            user_id: Unchanged(check_in.key.user.uuid()),
            group_index: Set(check_in.group.get().into()),
            number: Set(written(check_in.number.get())),
            queue_rank: Set(written(check_in.rank.get())),
            checked_in_at: Set(check_in.checked_in_at.micros()),
            seen_at: Set(check_in.seen_at.micros()),
        }
    }
}

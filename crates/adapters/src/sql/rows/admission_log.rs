//! An entry of the admission log.

use super::{Reading, written};
use frontrow_domain::waiting_room::Admitted;
use frontrow_domain::{BuyerKey, Instant, SaleId, UserId};
use sea_orm::ActiveValue::Unchanged;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "admission_log")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub sale_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub tick: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub group_index: i16,
    #[sea_orm(primary_key, auto_increment = false)]
    pub queue_rank: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    pub checked_in_at: i64,
    pub at: i64,
    pub active_after: i64,
    pub capacity: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for Admitted {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let reading = Reading::of("admission_log", format!("{}/{}/{}", row.sale_id, row.tick, row.user_id));
        Ok(Self {
            key: BuyerKey { sale: SaleId::new(row.sale_id), user: UserId::new(row.user_id) },
            tick: row.tick,
            group: reading.group(row.group_index)?,
            rank: reading.rank(row.queue_rank)?,
            checked_in_at: Instant::from_micros(row.checked_in_at),
            at: Instant::from_micros(row.at),
            active_after: reading.count(row.active_after)?,
            capacity: reading.count(row.capacity)?,
        })
    }
}

impl From<&Admitted> for ActiveModel {
    fn from(admitted: &Admitted) -> Self {
        Self {
            sale_id: Unchanged(admitted.key.sale.uuid()),
            tick: Unchanged(admitted.tick),
            group_index: Unchanged(admitted.group.get().into()),
            queue_rank: Unchanged(written(admitted.rank.get())),
            user_id: Unchanged(admitted.key.user.uuid()),
            checked_in_at: Unchanged(admitted.checked_in_at.micros()),
            at: Unchanged(admitted.at.micros()),
            active_after: Unchanged(admitted.active_after.into()),
            capacity: Unchanged(admitted.capacity.into()),
        }
    }
}

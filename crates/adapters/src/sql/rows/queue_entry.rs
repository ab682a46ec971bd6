//! A queue entry.

use super::{Guarded, Reading, written};
use frontrow_domain::BuyerKey;
use frontrow_domain::waiting_room::QueueEntry;
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "queue_entry")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub sale_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    pub group_index: i16,
    pub number: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for QueueEntry {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let reading = Reading::of("queue_entry", format!("{}/{}", row.sale_id, row.user_id));
        Ok(Self { group: reading.group(row.group_index)?, number: reading.queue_number(row.number)? })
    }
}

impl Guarded for Entity {
    const GUARD: Column = Column::Number;
}

impl From<(&BuyerKey, &QueueEntry)> for ActiveModel {
    fn from((key, entry): (&BuyerKey, &QueueEntry)) -> Self {
        Self {
            sale_id: Unchanged(key.sale.uuid()),
            user_id: Unchanged(key.user.uuid()),
            group_index: Set(entry.group.get().into()),
            number: Set(written(entry.number.get())),
        }
    }
}

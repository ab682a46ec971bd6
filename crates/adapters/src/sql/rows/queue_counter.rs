//! How many numbers of a queue were handed out, and leased.

use super::written;
use frontrow_domain::SaleId;
use frontrow_domain::waiting_room::Group;
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "queue_counter")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub sale_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub group_index: i16,
    pub issued: i64,
    pub above: i64,
    pub ceiling: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

pub(crate) fn key(sale: SaleId, group: Group) -> (Uuid, i16) {
    (sale.uuid(), group.get().into())
}

/// So many numbers, handed out.
pub(crate) fn issued(sale: SaleId, group: Group, count: u64) -> ActiveModel {
    let (sale_id, group_index) = key(sale, group);
    ActiveModel {
        sale_id: Unchanged(sale_id),
        group_index: Unchanged(group_index),
        issued: Set(written(count)),
        ..Default::default()
    }
}

/// A block of numbers that was leased: above the one, up to the other.
pub(crate) fn leased(sale: SaleId, group: Group, above: u64, ceiling: u64) -> ActiveModel {
    let (sale_id, group_index) = key(sale, group);
    let (above, ceiling) = (Set(written(above)), Set(written(ceiling)));
    ActiveModel {
        sale_id: Unchanged(sale_id),
        group_index: Unchanged(group_index),
        above,
        ceiling,
        ..Default::default()
    }
}

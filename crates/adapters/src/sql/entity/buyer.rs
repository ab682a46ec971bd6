//! A user in a sale.

use frontrow_domain::{Buyer, BuyerKey, SaleId, UserId, Version};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "buyer")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub sale_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    pub version: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for Buyer {
    fn from(row: Model) -> Self {
        let key = BuyerKey { sale: SaleId::new(row.sale_id), user: UserId::new(row.user_id) };
        Self { key, version: Version::new(row.version) }
    }
}

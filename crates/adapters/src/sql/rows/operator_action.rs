//! Something that an operator has done.

use frontrow_application::port::OperatorAction;
use frontrow_domain::{Instant, SaleId, UserId};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "operator_action")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub by_user: Uuid,
    pub at: i64,
    pub sale_id: Uuid,
    pub what: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for OperatorAction {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            by: UserId::new(row.by_user),
            at: Instant::from_micros(row.at),
            sale: SaleId::new(row.sale_id),
            what: row.what,
        }
    }
}

impl From<OperatorAction> for ActiveModel {
    fn from(action: OperatorAction) -> Self {
        Self {
            id: Set(action.id),
            by_user: Set(action.by.uuid()),
            at: Set(action.at.micros()),
            sale_id: Set(action.sale.uuid()),
            what: Set(action.what),
        }
    }
}

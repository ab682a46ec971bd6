//! An admission of a waiting room that has not ended.

use frontrow_domain::waiting_room::Admission;
use frontrow_domain::{BuyerKey, Instant, SaleId, UserId};
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "admission")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub sale_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    pub until: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for Admission {
    fn from(row: Model) -> Self {
        let key = BuyerKey { sale: SaleId::new(row.sale_id), user: UserId::new(row.user_id) };
        Self { key, until: Instant::from_micros(row.until) }
    }
}

impl From<&Admission> for ActiveModel {
    fn from(admission: &Admission) -> Self {
        Self {
            sale_id: Unchanged(admission.key.sale.uuid()),
            user_id: Unchanged(admission.key.user.uuid()),
            until: Set(admission.until.micros()),
        }
    }
}

//! Up to when a reservation can be given back, as promised when it was held. To those that were held before, nothing was
//! promised: they go by their sale.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::big_integer;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "reservation";
const COLUMN: &str = "cancel_until";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A step that was cut off on MySQL is taken again.
        if manager.has_column(TABLE, COLUMN).await? {
            return Ok(());
        }
        let column = big_integer(COLUMN).default(0).take();
        manager.alter_table(Table::alter().table(TABLE).add_column(column).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table(TABLE).drop_column(COLUMN).take()).await
    }
}

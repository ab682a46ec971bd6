//! Why an operator gave a reservation back. Nothing for those that were given back before.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::string_len_null;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "reservation";
const COLUMN: &str = "refund_reason";
/// Characters.
const MAX: u32 = 200;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A step that was cut off on MySQL is taken again.
        if manager.has_column(TABLE, COLUMN).await? {
            return Ok(());
        }
        let column = string_len_null(COLUMN, MAX);
        manager.alter_table(Table::alter().table(TABLE).add_column(column).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table(TABLE).drop_column(COLUMN).take()).await
    }
}

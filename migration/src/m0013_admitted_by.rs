//! By which queue entry a buyer was admitted, and how that ended. Nothing for those who were admitted before.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer_null, small_integer_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "buyer";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in columns() {
            // A step that was cut off on MySQL is taken again.
            if !manager.has_column(TABLE, column.get_column_name()).await? {
                manager.alter_table(Table::alter().table(TABLE).add_column(column).take()).await?;
            }
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in columns() {
            let name = column.get_column_name();
            manager.alter_table(Table::alter().table(TABLE).drop_column(name).take()).await?;
        }
        Ok(())
    }
}

/// `SQLite` takes one at a time.
fn columns() -> [ColumnDef; 3] {
    [small_integer_null("admitted_group"), big_integer_null("admitted_number"), small_integer_null("ended")]
}

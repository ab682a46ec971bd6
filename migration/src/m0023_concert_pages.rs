//! What pages show of a concert; NULL for what nobody has said. By the index all saves are counted without reading what was
//! saved.

use crate::table::{drop_index, index};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{small_integer_null, string_len_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "concert";

/// The new columns.
fn columns() -> [ColumnDef; 4] {
    [
        string_len_null("description", 4000),
        string_len_null("image", 500),
        string_len_null("genre", 16),
        small_integer_null("age_limit"),
    ]
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A step that was cut off on MySQL is taken again.
        for column in columns() {
            if !manager.has_column(TABLE, column.get_column_name()).await? {
                manager.alter_table(Table::alter().table(TABLE).add_column(column).take()).await?;
            }
        }
        index(manager, TABLE, ["revision"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_index(manager, TABLE, ["revision"]).await?;
        for column in columns() {
            let name = column.get_column_name();
            if manager.has_column(TABLE, &name).await? {
                manager.alter_table(Table::alter().table(TABLE).drop_column(name).take()).await?;
            }
        }
        Ok(())
    }
}

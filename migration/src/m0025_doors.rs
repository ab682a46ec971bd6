//! When people are let in to a performance; NULL if nobody has said.

use crate::table::{drop_index, index};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::big_integer_null;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "performance";
const COLUMN: &str = "doors_at";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A step that was cut off on MySQL is taken again.
        if !manager.has_column(TABLE, COLUMN).await? {
            manager.alter_table(Table::alter().table(TABLE).add_column(big_integer_null(COLUMN)).take()).await?;
        }
        // By this index all saves are counted without reading what was saved.
        index(manager, TABLE, ["revision"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_index(manager, TABLE, ["revision"]).await?;
        manager.alter_table(Table::alter().table(TABLE).drop_column(COLUMN).take()).await
    }
}

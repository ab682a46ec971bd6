//! What all instances that serve the database have to agree on: one row, which the first of them to start writes.

use crate::table::{drop_tables, new_table};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, small_integer, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "installation";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = new_table(manager, TABLE)
            // 1: there is one.
            .col(small_integer("id").primary_key())
            .col(big_integer("version"))
            .col(text("body"))
            .take();
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, [TABLE]).await
    }
}

//! Idempotency records.

use crate::table::{drop_tables, index, new_table, primary_key};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, binary_len, string_len, text, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = new_table(manager, "idempotency_record")
            .col(uuid("user_id"))
            .col(string_len("key", 64))
            .col(binary_len("request_hash", 32))
            .col(text("outcome"))
            .col(big_integer("at"))
            .primary_key(&mut primary_key(["user_id", "key"]))
            .take();
        manager.create_table(table).await?;
        index(manager, "idempotency_record", ["at"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["idempotency_record"]).await
    }
}

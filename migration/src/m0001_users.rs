//! Accounts: the only table with personal data, so that erasing a person leaves the books whole.

use crate::table::{drop_tables, new_table, unique};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, pk_uuid, string_len};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = new_table(manager, "users")
            .col(pk_uuid("id"))
            .col(string_len("email", 254))
            .col(string_len("name", 100))
            .col(string_len("role", 16))
            .col(string_len("password_hash", 255))
            .col(big_integer("created_at"))
            .take();
        manager.create_table(table).await?;
        unique(manager, "users", ["email"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["users"]).await
    }
}

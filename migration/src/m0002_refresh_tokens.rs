//! Log-ins: a session is the family of its refresh tokens, and ends with them.

use crate::table::{drop_tables, index, keyed};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, binary_len, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = keyed(manager, "refresh_token")
            .col(binary_len("hash", 32).primary_key())
            .col(uuid("session_id"))
            .col(uuid("user_id"))
            .col(big_integer("expires"))
            .col(big_integer_null("replaced"))
            .take();
        manager.create_table(table).await?;
        index(manager, "refresh_token", ["session_id"]).await?;
        index(manager, "refresh_token", ["expires"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["refresh_token"]).await
    }
}

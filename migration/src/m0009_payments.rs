//! Payments.

use crate::table::{drop_tables, index, new_table, unique};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, pk_uuid, string_len, string_len_null, uuid, uuid_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = new_table(manager, "payment")
            .col(pk_uuid("id"))
            .col(string_len("kind", 16))
            .col(uuid_null("reservation_id"))
            .col(uuid("user_id"))
            .col(big_integer("amount"))
            .col(string_len("state", 16))
            .col(string_len("provider", 64))
            .col(string_len_null("provider_ref", 128))
            .col(big_integer("at"))
            .col(big_integer("version"))
            .take();
        manager.create_table(table).await?;
        unique(manager, "payment", ["reservation_id", "kind"]).await?;
        unique(manager, "payment", ["provider", "provider_ref"]).await?;
        // Finds charges that are not settled. A paid reservation's row goes to the right edge of its state's range and
        // never moves: a page that is in memory. Without it each look would read every payment ever made.
        index(manager, "payment", ["state", "at"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["payment"]).await
    }
}

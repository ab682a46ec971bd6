//! Buyers and their reservations.

use crate::table::{drop_tables, index, keyed, new_table, primary_key};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, pk_uuid, small_integer, string_len, text, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = keyed(manager, "buyer")
            .col(uuid("sale_id"))
            .col(uuid("user_id"))
            // A row of version 0 names its key and its version only.
            .col(big_integer_null("admitted_until"))
            .col(big_integer_null("max_until"))
            .col(big_integer("generation").default(0))
            .col(string_len("used_numbers", 100).default(""))
            .col(small_integer("barred").default(0))
            .col(big_integer("version"))
            .primary_key(&mut primary_key(["sale_id", "user_id"]))
            .take();
        manager.create_table(table).await?;

        let table = new_table(manager, "reservation")
            .col(pk_uuid("id"))
            .col(uuid("performance_id"))
            .col(uuid("sale_id"))
            .col(uuid("user_id"))
            .col(string_len("state", 16))
            .col(big_integer("held_until"))
            .col(big_integer("late_until"))
            .col(big_integer("amount"))
            .col(text("line_items"))
            .col(big_integer("version"))
            .take();
        manager.create_table(table).await?;
        index(manager, "reservation", ["user_id", "sale_id"]).await?;
        // Without the state, which changes: whoever looks for lapsed holds starts where the last look ended.
        index(manager, "reservation", ["held_until"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["reservation", "buyer"]).await
    }
}

//! Sales, and what they sell.

use crate::table::{drop_tables, index, keyed, new_table, primary_key};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, boolean, integer, pk_uuid, string_len, text_null, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = new_table(manager, "sale")
            .col(pk_uuid("id"))
            .col(string_len("name", 200))
            .col(big_integer("opens"))
            .col(big_integer("closes"))
            .col(big_integer("pay_until"))
            .col(big_integer("cancel_until"))
            .col(integer("limit_per_person"))
            .col(big_integer("hold_duration"))
            .col(text_null("waiting_room"))
            .col(boolean("published"))
            .col(big_integer("revision"))
            .take();
        manager.create_table(table).await?;

        let table = keyed(manager, "sale_performance")
            .col(uuid("sale_id"))
            .col(uuid("performance_id"))
            .primary_key(&mut primary_key(["sale_id", "performance_id"]))
            .take();
        manager.create_table(table).await?;
        index(manager, "sale_performance", ["performance_id"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["sale_performance", "sale"]).await
    }
}

//! Points, and their double-entry history.

use crate::table::{drop_tables, index, keyed};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, pk_uuid, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = keyed(manager, "wallet")
            .col(pk_uuid("user_id"))
            // A row of version 0 names its key and its version only.
            .col(big_integer("balance").default(0))
            .col(big_integer("version"))
            .check(Expr::col("balance").gte(0))
            .take();
        manager.create_table(table).await?;

        let table = keyed(manager, "transfer")
            .col(pk_uuid("id"))
            .col(uuid("debit"))
            .col(uuid("credit"))
            .col(big_integer("amount"))
            .col(uuid("payment_id"))
            .col(big_integer("at"))
            .check(Expr::col("amount").gt(0))
            .take();
        manager.create_table(table).await?;
        index(manager, "transfer", ["debit", "id"]).await?;
        index(manager, "transfer", ["credit", "id"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["transfer", "wallet"]).await
    }
}

//! Tickets. `live` is 1 or NULL, so that a seat has one valid ticket on databases without partial indexes too.

use crate::table::{drop_tables, keyed, primary_key, unique};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, integer, small_integer_null, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = keyed(manager, "ticket")
            .col(uuid("performance_id"))
            .col(integer("number"))
            .col(big_integer("version"))
            .col(uuid("reservation_id"))
            .col(small_integer_null("live"))
            .primary_key(&mut primary_key(["performance_id", "number", "version"]))
            .take();
        manager.create_table(table).await?;
        unique(manager, "ticket", ["performance_id", "number", "live"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["ticket"]).await
    }
}

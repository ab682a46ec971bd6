//! Concerts and their performances.

use crate::table::{drop_tables, index, new_table};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, json, pk_uuid, string_len, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = new_table(manager, "concert")
            .col(pk_uuid("id"))
            .col(string_len("title", 200))
            .col(string_len("artist", 200))
            .col(big_integer("revision"))
            .take();
        manager.create_table(table).await?;

        let table = new_table(manager, "performance")
            .col(pk_uuid("id"))
            .col(uuid("concert_id"))
            .col(uuid("venue_id"))
            .col(big_integer("seat_map_version"))
            .col(big_integer("starts_at"))
            .col(string_len("status", 16))
            .col(json("prices"))
            .col(big_integer("revision"))
            .take();
        manager.create_table(table).await?;
        // Lists a concert's performances by id, and says whether a concert has a public one.
        index(manager, "performance", ["concert_id", "id"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["performance", "concert"]).await
    }
}

//! Venues and their seat maps.

use crate::table::{drop_tables, new_table, primary_key};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, boolean, json, pk_uuid, string_len, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = new_table(manager, "venue")
            .col(pk_uuid("id"))
            .col(string_len("name", 200))
            .col(string_len("time_zone", 64))
            .col(big_integer("revision"))
            .take();
        manager.create_table(table).await?;

        let table = new_table(manager, "seat_map")
            .col(uuid("venue_id"))
            .col(big_integer("version"))
            .col(json("sections"))
            .col(boolean("frozen"))
            .col(big_integer("revision"))
            .primary_key(&mut primary_key(["venue_id", "version"]))
            .take();
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["seat_map", "venue"]).await
    }
}

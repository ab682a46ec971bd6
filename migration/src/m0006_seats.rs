//! Seats. Locked by primary key only, and without any other index: one on columns that change would deadlock.

use crate::table::{drop_tables, keyed, primary_key};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, integer, small_integer, uuid, uuid_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = keyed(manager, "seat")
            .col(uuid("performance_id"))
            .col(integer("number"))
            .col(small_integer("state"))
            .col(uuid_null("reservation_id"))
            .col(big_integer_null("held_until"))
            .col(big_integer("version"))
            .primary_key(&mut primary_key(["performance_id", "number"]))
            .take();
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["seat"]).await
    }
}

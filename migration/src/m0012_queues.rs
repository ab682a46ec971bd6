//! Waiting rooms: the queues, who has which queue entry in them, who is checked in, and who has an admission.

use crate::table::{drop_tables, index, keyed, new_table, primary_key, unique};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, pk_uuid, small_integer, text, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        queues(manager).await?;
        entries(manager).await?;
        admissions(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables =
            ["operator_action", "admission_log", "admission", "check_in", "queue_entry", "queue_counter", "queue"];
        drop_tables(manager, tables).await
    }
}

async fn queues(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = new_table(manager, "queue")
        .col(pk_uuid("sale_id"))
        .col(big_integer("version"))
        .col(small_integer("live"))
        .col(text("body"))
        .take();
    manager.create_table(table).await?;
    // Queues are locked by primary key; this one is read only, by everybody, several times a second.
    index(manager, "queue", ["live"]).await?;

    let table = new_table(manager, "operator_action")
        .col(pk_uuid("id"))
        .col(uuid("by_user"))
        .col(big_integer("at"))
        .col(uuid("sale_id"))
        .col(text("what"))
        .take();
    manager.create_table(table).await?;
    index(manager, "operator_action", ["sale_id", "id"]).await
}

async fn entries(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = keyed(manager, "queue_counter")
        .col(uuid("sale_id"))
        .col(small_integer("group_index"))
        .col(big_integer("issued").default(0))
        // The last block of numbers that was leased: above the one, up to the other.
        .col(big_integer("above").default(0))
        .col(big_integer("ceiling").default(0))
        .primary_key(&mut primary_key(["sale_id", "group_index"]))
        .take();
    manager.create_table(table).await?;

    let table = keyed(manager, "queue_entry")
        .col(uuid("sale_id"))
        .col(uuid("user_id"))
        .col(small_integer("group_index"))
        .col(big_integer("number"))
        .primary_key(&mut primary_key(["sale_id", "user_id"]))
        .take();
    manager.create_table(table).await?;
    // One person a number; and who has which, in their order.
    unique(manager, "queue_entry", ["sale_id", "group_index", "number"]).await
}

async fn admissions(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = keyed(manager, "check_in")
        .col(uuid("sale_id"))
        .col(uuid("user_id"))
        .col(small_integer("group_index"))
        .col(big_integer("number"))
        .col(big_integer("queue_rank"))
        .col(big_integer("checked_in_at"))
        .col(big_integer("seen_at"))
        .primary_key(&mut primary_key(["sale_id", "user_id"]))
        .take();
    manager.create_table(table).await?;
    index(manager, "check_in", ["sale_id", "group_index", "queue_rank"]).await?;

    let table = keyed(manager, "admission")
        .col(uuid("sale_id"))
        .col(uuid("user_id"))
        .col(big_integer("until"))
        .primary_key(&mut primary_key(["sale_id", "user_id"]))
        .take();
    manager.create_table(table).await?;

    // Whoever lost their number to a dispenser that forgot it may have the turn of somebody else.
    let table = keyed(manager, "admission_log")
        .col(uuid("sale_id"))
        .col(big_integer("tick"))
        .col(small_integer("group_index"))
        .col(big_integer("queue_rank"))
        .col(uuid("user_id"))
        .col(big_integer("checked_in_at"))
        .col(big_integer("at"))
        .col(big_integer("active_after"))
        .col(big_integer("capacity"))
        .primary_key(&mut primary_key(["sale_id", "tick", "group_index", "queue_rank", "user_id"]))
        .take();
    manager.create_table(table).await
}

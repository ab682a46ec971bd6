//! Waiting rooms: the lines, who has which place in them, who stands at the door, and who has a slot.

use crate::table::{drop_tables, index, keyed, new_table, primary_key, unique};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, pk_uuid, small_integer, text, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        lines(manager).await?;
        places(manager).await?;
        admissions(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = ["operator_action", "admission_log", "admission", "door", "place", "counter", "line"];
        drop_tables(manager, tables).await
    }
}

async fn lines(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = new_table(manager, "line")
        .col(pk_uuid("sale_id"))
        .col(big_integer("version"))
        .col(small_integer("live"))
        .col(text("body"))
        .take();
    manager.create_table(table).await?;
    // Lines are locked by primary key; this one is read only, by everybody, several times a second.
    index(manager, "line", ["live"]).await?;

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

async fn places(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = keyed(manager, "counter")
        .col(uuid("sale_id"))
        .col(small_integer("grp"))
        .col(big_integer("issued").default(0))
        // The last block of numbers that was leased: above the one, up to the other.
        .col(big_integer("above").default(0))
        .col(big_integer("ceiling").default(0))
        .primary_key(&mut primary_key(["sale_id", "grp"]))
        .take();
    manager.create_table(table).await?;

    let table = keyed(manager, "place")
        .col(uuid("sale_id"))
        .col(uuid("user_id"))
        .col(small_integer("grp"))
        .col(big_integer("number"))
        .primary_key(&mut primary_key(["sale_id", "user_id"]))
        .take();
    manager.create_table(table).await?;
    // One person a number; and who has which, in their order.
    unique(manager, "place", ["sale_id", "grp", "number"]).await
}

async fn admissions(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = keyed(manager, "door")
        .col(uuid("sale_id"))
        .col(uuid("user_id"))
        .col(small_integer("grp"))
        .col(big_integer("number"))
        .col(big_integer("turn"))
        .col(big_integer("claimed_at"))
        .col(big_integer("seen_at"))
        .primary_key(&mut primary_key(["sale_id", "user_id"]))
        .take();
    manager.create_table(table).await?;
    index(manager, "door", ["sale_id", "grp", "turn"]).await?;

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
        .col(small_integer("grp"))
        .col(big_integer("turn"))
        .col(uuid("user_id"))
        .col(big_integer("claimed_at"))
        .col(big_integer("at"))
        .col(big_integer("active_after"))
        .col(big_integer("capacity"))
        .primary_key(&mut primary_key(["sale_id", "tick", "grp", "turn", "user_id"]))
        .take();
    manager.create_table(table).await
}

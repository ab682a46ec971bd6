//! Mails that are promised and not sent yet, the newest code of each account and purpose, and when an address was verified.
//! No mail is kept with its address or its text.

use crate::table::{drop_tables, index, keyed, primary_key};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, integer, pk_uuid, string_len, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const USERS: &str = "users";
const VERIFIED: &str = "email_verified";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let outbox = keyed(manager, "outbox")
            .col(pk_uuid("id"))
            .col(uuid("user_id"))
            .col(string_len("kind", 32))
            .col(big_integer("at"))
            .col(big_integer("due"))
            .col(integer("tries"))
            .take();
        manager.create_table(outbox).await?;
        index(manager, "outbox", ["due"]).await?;
        let codes = keyed(manager, "mail_code")
            .col(uuid("user_id"))
            .col(string_len("purpose", 32))
            .col(string_len("hash", 255))
            .col(big_integer("made"))
            .col(integer("tries"))
            .primary_key(&mut primary_key(["user_id", "purpose"]))
            .take();
        manager.create_table(codes).await?;
        // A step that was cut off on MySQL is taken again.
        if !manager.has_column(USERS, VERIFIED).await? {
            manager.alter_table(Table::alter().table(USERS).add_column(big_integer_null(VERIFIED)).take()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.has_column(USERS, VERIFIED).await? {
            manager.alter_table(Table::alter().table(USERS).drop_column(VERIFIED).take()).await?;
        }
        drop_tables(manager, ["mail_code", "outbox"]).await
    }
}

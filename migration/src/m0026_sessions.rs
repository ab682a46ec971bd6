//! Log-ins as people see them: since when, from where, until when; and those that were ended, for as long as their access
//! tokens are out.

use crate::table::{drop_tables, index, keyed};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, string_len_null, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Sessions that began before: they end with the newest refresh token that they have. When they began is guessed, as if
/// refresh tokens were good for 30 days; their access tokens are gone by the end of the session at the latest.
const SESSIONS_BEFORE: &str = "INSERT INTO session \
     (id, user_id, started_at, last_used_at, expires, ends_at, access_until) \
     SELECT t.session_id, t.user_id, MIN(t.expires) - 2592000000000, MAX(t.expires) - 2592000000000, \
     MAX(t.expires), MAX(t.expires), MAX(t.expires) FROM refresh_token t \
     WHERE NOT EXISTS (SELECT 1 FROM session s WHERE s.id = t.session_id) \
     GROUP BY t.session_id, t.user_id";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = keyed(manager, "session")
            .col(uuid("id").primary_key())
            .col(uuid("user_id"))
            .col(big_integer("started_at"))
            .col(big_integer("last_used_at"))
            .col(big_integer("expires"))
            .col(big_integer("ends_at"))
            .col(big_integer("access_until"))
            .col(string_len_null("user_agent", 200))
            .col(big_integer_null("ended_at"))
            .take();
        manager.create_table(table).await?;
        index(manager, "session", ["user_id"]).await?;
        index(manager, "session", ["expires"]).await?;
        index(manager, "session", ["ended_at"]).await?;
        manager.get_connection().execute_unprepared(SESSIONS_BEFORE).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["session"]).await
    }
}

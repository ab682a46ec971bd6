//! Which reservations may count against the limit per person, so that a command reads these and no others, and a list
//! of one's own reservations is read in its order.
//!
//! `live` is 1 while the reservation is held or confirmed and NULL once it has ended, as in `ticket`. An index on
//! `state` would find them, too, but every payment would move its entry, and `PostgreSQL` would write all indexes of
//! the table again. `live` stays what it is when a hold is paid; it changes only when a reservation ends, or is paid
//! late. No locking read uses this index, so it can't be part of a deadlock: those that lock go by primary key.

use crate::table::{drop_index, index};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::small_integer_null;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "reservation";
const COLUMN: &str = "live";

const MARK_LIVE: &str = "UPDATE reservation SET live = 1 WHERE state IN ('held', 'confirmed')";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A step that was cut off on MySQL is taken again.
        if !manager.has_column(TABLE, COLUMN).await? {
            manager.alter_table(Table::alter().table(TABLE).add_column(small_integer_null(COLUMN)).take()).await?;
        }
        manager.get_connection().execute_unprepared(MARK_LIVE).await?;
        index(manager, TABLE, ["user_id", "sale_id", COLUMN]).await?;
        index(manager, TABLE, ["user_id", "id"]).await?;
        drop_index(manager, TABLE, ["user_id", "sale_id"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        index(manager, TABLE, ["user_id", "sale_id"]).await?;
        drop_index(manager, TABLE, ["user_id", "id"]).await?;
        drop_index(manager, TABLE, ["user_id", "sale_id", COLUMN]).await?;
        manager.alter_table(Table::alter().table(TABLE).drop_column(COLUMN).take()).await
    }
}

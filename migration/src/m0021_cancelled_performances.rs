//! Which performances owe money because they were cancelled, and up to when reservations of one that was postponed can be
//! given back. `owing` is 1 or NULL, so that its index has those alone that are looked for.

use crate::table::{drop_index, index};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer_null, small_integer_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "performance";
const OWING: &str = "owing";
const GIVE_BACK_UNTIL: &str = "give_back_until";

const MARK_OWING: &str = "UPDATE performance SET owing = 1 WHERE status = 'cancelled'";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A step that was cut off on MySQL is taken again.
        for column in [small_integer_null(OWING), big_integer_null(GIVE_BACK_UNTIL)] {
            if !manager.has_column(TABLE, column.get_column_name()).await? {
                manager.alter_table(Table::alter().table(TABLE).add_column(column).take()).await?;
            }
        }
        manager.get_connection().execute_unprepared(MARK_OWING).await?;
        index(manager, TABLE, [OWING, "id"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_index(manager, TABLE, [OWING, "id"]).await?;
        for column in [GIVE_BACK_UNTIL, OWING] {
            manager.alter_table(Table::alter().table(TABLE).drop_column(column).take()).await?;
        }
        Ok(())
    }
}

//! Room in wallets for charges that are pending, also for those that were begun before.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::big_integer;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "wallet";
const COLUMN: &str = "pending";

/// Whoever has a pending charge has a row to keep room in; one of version 0 counts as absent until it is written.
const MAKE_ROWS: &str = "INSERT INTO wallet (user_id, version) \
     SELECT DISTINCT p.user_id, 0 FROM payment p WHERE p.kind = 'charge' AND p.state = 'pending' \
     AND NOT EXISTS (SELECT 1 FROM wallet w WHERE w.user_id = p.user_id)";

/// The sum of their pending charges, or as much as a wallet can hold: nothing kept them below that.
const KEEP_ROOM: &str = "UPDATE wallet SET version = version + 1, pending = (\
     SELECT CASE WHEN SUM(p.amount) > 9007199254740991 THEN 9007199254740991 ELSE SUM(p.amount) END FROM payment p \
     WHERE p.user_id = wallet.user_id AND p.kind = 'charge' AND p.state = 'pending') \
     WHERE EXISTS (SELECT 1 FROM payment p \
     WHERE p.user_id = wallet.user_id AND p.kind = 'charge' AND p.state = 'pending')";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A step that was cut off on MySQL is taken again.
        if !manager.has_column(TABLE, COLUMN).await? {
            let column = big_integer(COLUMN).default(0).check(Expr::col(COLUMN).gte(0)).take();
            manager.alter_table(Table::alter().table(TABLE).add_column(column).take()).await?;
        }
        for statement in [MAKE_ROWS, KEEP_ROOM] {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table(TABLE).drop_column(COLUMN).take()).await
    }
}

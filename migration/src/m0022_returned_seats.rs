//! Seats of a reservation that were given back while others were kept, and which of its refunds a payment is. To those that
//! were given back before, nothing is added: they were given back whole, with one refund.

use crate::table::{drop_unique, unique};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{integer, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const RESERVATION: &str = "reservation";
const RETURNED: &str = "returned";
const PAYMENT: &str = "payment";
const ORDINAL: &str = "ordinal";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A step that was cut off on MySQL is taken again.
        for (table, column) in [(RESERVATION, text_null(RETURNED)), (PAYMENT, integer(ORDINAL).default(0).take())] {
            if !manager.has_column(table, column.get_column_name()).await? {
                manager.alter_table(Table::alter().table(table).add_column(column).take()).await?;
            }
        }
        // At no time is nothing in the way of a second payment.
        unique(manager, PAYMENT, ["reservation_id", "kind", ORDINAL]).await?;
        drop_unique(manager, PAYMENT, ["reservation_id", "kind"]).await
    }

    /// Fails if seats of a reservation were given back while others were kept: an older release would not know of them.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.has_column(RESERVATION, RETURNED).await? {
            let some =
                Query::select().column("id").from(RESERVATION).and_where(Expr::col(RETURNED).is_not_null()).take();
            if manager.get_connection().query_one(&some).await?.is_some() {
                return Err(DbErr::Migration("some reservations have returned seats".into()));
            }
        }
        unique(manager, PAYMENT, ["reservation_id", "kind"]).await?;
        drop_unique(manager, PAYMENT, ["reservation_id", "kind", ORDINAL]).await?;
        for (table, column) in [(PAYMENT, ORDINAL), (RESERVATION, RETURNED)] {
            if manager.has_column(table, column).await? {
                manager.alter_table(Table::alter().table(table).drop_column(column).take()).await?;
            }
        }
        Ok(())
    }
}

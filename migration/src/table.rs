//! What the steps have in common.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// A new table. Words are compared byte by byte, as on the other databases, and not as `MySQL` thinks people would.
pub(crate) fn new_table(manager: &SchemaManager<'_>, name: &'static str) -> TableCreateStatement {
    let mut table = Table::create().table(name).if_not_exists().take();
    if manager.get_database_backend() == DbBackend::MySql {
        table.engine("InnoDB").character_set("utf8mb4").collate("utf8mb4_bin");
    }
    table
}

/// The same for small rows with a key of their own, which need no row numbers on `SQLite`: one tree instead of two.
pub(crate) fn keyed(manager: &SchemaManager<'_>, name: &'static str) -> TableCreateStatement {
    let mut table = new_table(manager, name);
    if manager.get_database_backend() == DbBackend::Sqlite {
        table.extra("WITHOUT ROWID");
    }
    table
}

/// A primary key of several columns.
pub(crate) fn primary_key<const N: usize>(columns: [&'static str; N]) -> IndexCreateStatement {
    columns.into_iter().fold(Index::create().primary().take(), |mut index, column| index.col(column).take())
}

/// Makes an index, named after its table and columns.
pub(crate) async fn index<const N: usize>(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: [&'static str; N],
) -> Result<(), DbErr> {
    create(manager, table, &index_name(table, columns), columns, &mut Index::create()).await
}

/// Drops what [`index`] has made, if it is there.
pub(crate) async fn drop_index<const N: usize>(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: [&'static str; N],
) -> Result<(), DbErr> {
    drop_named(manager, table, &index_name(table, columns)).await
}

/// Drops what [`unique`] has made, if it is there.
pub(crate) async fn drop_unique<const N: usize>(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: [&'static str; N],
) -> Result<(), DbErr> {
    drop_named(manager, table, &unique_name(table, columns)).await
}

async fn drop_named(manager: &SchemaManager<'_>, table: &'static str, name: &str) -> Result<(), DbErr> {
    if !manager.has_index(table, name).await? {
        return Ok(());
    }
    manager.drop_index(Index::drop().name(name).table(table).to_owned()).await
}

fn unique_name<const N: usize>(table: &str, columns: [&'static str; N]) -> String {
    format!("uq_{table}_{}", columns.join("_"))
}

fn index_name<const N: usize>(table: &str, columns: [&'static str; N]) -> String {
    format!("ix_{table}_{}", columns.join("_"))
}

/// Makes a unique index, named after its table and columns.
pub(crate) async fn unique<const N: usize>(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: [&'static str; N],
) -> Result<(), DbErr> {
    create(manager, table, &unique_name(table, columns), columns, Index::create().unique()).await
}

/// If it is not there yet: `MySQL` can't take a step back that was cut off in its middle, so every step can be taken
/// again.
async fn create<const N: usize>(
    manager: &SchemaManager<'_>,
    table: &'static str,
    name: &str,
    columns: [&'static str; N],
    index: &mut IndexCreateStatement,
) -> Result<(), DbErr> {
    if manager.has_index(table, name).await? {
        return Ok(());
    }
    let index = index.name(name).table(table);
    manager.create_index(columns.into_iter().fold(index, |index, column| index.col(column)).take()).await
}

pub(crate) async fn drop_tables<const N: usize>(
    manager: &SchemaManager<'_>,
    names: [&'static str; N],
) -> Result<(), DbErr> {
    for name in names {
        manager.drop_table(Table::drop().table(name).take()).await?;
    }
    Ok(())
}

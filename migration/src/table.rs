//! What the steps have in common.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// A new table. Small rows with a key of their own need no row numbers on `SQLite`: one tree instead of two.
pub(crate) fn keyed(manager: &SchemaManager<'_>, name: &'static str) -> TableCreateStatement {
    let mut table = Table::create().table(name).take();
    if manager.get_database_backend() == DbBackend::Sqlite {
        table.extra("WITHOUT ROWID");
    }
    table
}

/// A primary key of several columns.
pub(crate) fn primary_key<const N: usize>(columns: [&'static str; N]) -> IndexCreateStatement {
    columns.into_iter().fold(Index::create().primary().take(), |mut index, column| index.col(column).take())
}

/// An index, named after its table and columns.
pub(crate) fn index<const N: usize>(table: &'static str, columns: [&'static str; N]) -> IndexCreateStatement {
    let name = format!("ix_{table}_{}", columns.join("_"));
    columns
        .into_iter()
        .fold(Index::create().name(name).table(table).take(), |mut index, column| index.col(column).take())
}

/// A unique index, named after its table and columns.
pub(crate) fn unique<const N: usize>(table: &'static str, columns: [&'static str; N]) -> IndexCreateStatement {
    let name = format!("uq_{table}_{}", columns.join("_"));
    index(table, columns).name(name).unique().take()
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

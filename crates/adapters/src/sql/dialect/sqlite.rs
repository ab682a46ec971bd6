//! `SQLite`: a file, with one writer, built in.

use super::address::{AddressError, Location};
use super::carrier::Carrier;
use super::class::Class;
use super::differences::{Dialect, Release, Session};
use super::purpose::{CONNECT_TIMEOUT, Opened, Purpose, is_free};
use async_trait::async_trait;
use sea_orm::sea_query::ColumnType;
use sea_orm::sqlx::Error as SqlxError;
use sea_orm::sqlx::error::DatabaseError;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteError, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, DatabaseConnection, DbBackend, DbErr, IsolationLevel, RuntimeErr, SqliteTransactionMode,
    TransactionOptions,
};
use std::time::Duration;
use uuid::Uuid;

#[derive(Debug)]
struct Sqlite;

pub(in crate::sql) const SQLITE: &dyn Dialect = &Sqlite;

#[async_trait]
impl Dialect for Sqlite {
    fn backend(&self) -> DbBackend {
        DbBackend::Sqlite
    }

    fn schemes(&self) -> &'static [&'static str] {
        &["sqlite"]
    }

    fn form(&self) -> Option<&'static str> {
        Some("sqlite://PATH")
    }

    fn locate(&self, rest: &str) -> Result<Location, AddressError> {
        let path = rest.strip_prefix("//").unwrap_or(rest);
        if path.contains(":memory:") || path.contains("mode=memory") {
            return Err(AddressError::InMemory);
        }
        if path.contains('?') {
            return Err(AddressError::Parameters);
        }
        if path.is_empty() {
            return Err(AddressError::NotAnAddress);
        }
        let url = format!("sqlite:{rest}");
        Ok(Location { shown: url.clone(), url, files: Vec::new() })
    }

    fn is_missing(&self, error: &DbErr) -> bool {
        let DbErr::Conn(RuntimeErr::SqlxError(cause)) = error else { return false };
        matches!(&**cause, SqlxError::Database(cause)
            if code(&**cause).is_some_and(|code| code & 0xff == CANNOT_OPEN))
    }

    fn is_server(&self) -> bool {
        false
    }

    fn oldest(&self) -> Option<Release> {
        None
    }

    /// There is one lock for everything, which BEGIN IMMEDIATE takes.
    fn locks_rows(&self) -> bool {
        false
    }

    /// The write-ahead log had no room for the last page, the one that makes a transaction count.
    fn undoes_when_full(&self) -> bool {
        true
    }

    fn prepare(&self, options: &mut ConnectOptions, purpose: Purpose, _opened: &Opened) {
        options
            .map_sqlx_sqlite_opts(move |options| tune(options, purpose))
            .map_sqlx_sqlite_before_acquire(|connection, _| is_free(connection));
    }

    async fn session(&self, _connection: &DatabaseConnection, _id: Uuid) -> Result<Box<dyn Session>, DbErr> {
        Ok(Box::new(Embedded))
    }

    fn writing(&self) -> TransactionOptions {
        TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        }
    }

    fn snapshot(&self) -> Option<IsolationLevel> {
        None
    }

    fn classify(&self, error: &dyn DatabaseError) -> Option<Class> {
        error.try_downcast_ref::<SqliteError>().map(|_| class(code(error)))
    }

    /// What comes next is a savepoint of a transaction that nobody will commit.
    fn spoils(&self) -> &'static str {
        "BEGIN"
    }

    /// It is a limit of the connection, and lasts as long.
    fn limits_pages(&self, pages: u32) -> Option<String> {
        Some(format!("PRAGMA max_page_count = {pages}"))
    }

    fn time(&self) -> &'static str {
        "SELECT CAST(unixepoch('now', 'subsec') * 1000000 AS INTEGER)"
    }

    fn greatest(&self) -> &'static str {
        "MAX"
    }

    fn list(&self, _columns: &[ColumnType]) -> String {
        "json_each($1) k".to_owned()
    }

    fn item(&self, index: usize, kind: &ColumnType) -> String {
        match Carrier::of(kind) {
            Carrier::Hex => format!("unhex(k.value->>{index})"),
            Carrier::Number | Carrier::Text => format!("k.value->>{index}"),
        }
    }

    fn looks_up(&self, table: &str) -> String {
        format!("CROSS JOIN {table} t")
    }

    fn looks_up_by(&self, table: &str, _index: &str) -> String {
        self.looks_up(table)
    }

    fn in_order_of_list(&self) -> &'static str {
        "ORDER BY k.key "
    }

    fn lock_listed(&self) -> &'static str {
        ""
    }

    fn lock_listed_skipping(&self) -> &'static str {
        ""
    }

    /// An ON CONFLICT would be taken for the ON of a join.
    fn ends_selection(&self) -> &'static str {
        " WHERE true"
    }

    fn delete_listed(&self, table: &str, key: &str, items: &str, list: &str, _named: &str) -> String {
        format!("DELETE FROM {table} WHERE ({key}) IN (SELECT {items} FROM {list})")
    }
}

/// A session that ends with its connection.
struct Embedded;

#[async_trait]
impl Session for Embedded {
    async fn end(&self, _from: &DatabaseConnection) -> Result<(), DbErr> {
        Ok(())
    }
}

/// How long to wait for whoever else writes, each time.
const LOCK: Duration = Duration::from_secs(2);

fn tune(options: SqliteConnectOptions, purpose: Purpose) -> SqliteConnectOptions {
    let wait = match purpose {
        Purpose::Read { limit, .. } => limit,
        Purpose::Write { .. } | Purpose::Work => LOCK,
        Purpose::Audit | Purpose::Migrate => CONNECT_TIMEOUT,
    };
    let options = options.busy_timeout(wait).foreign_keys(false);
    match purpose {
        Purpose::Read { .. } | Purpose::Audit => options.pragma("query_only", "ON"),
        Purpose::Write { create } => keep_safe(options.create_if_missing(create)),
        Purpose::Work | Purpose::Migrate => keep_safe(options),
    }
}

fn keep_safe(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full)
}

/// `SQLITE_BUSY`.
const BUSY: u32 = 5;
/// `SQLITE_LOCKED`.
const LOCKED: u32 = 6;
/// `SQLITE_READONLY`.
const READ_ONLY: u32 = 8;
/// `SQLITE_IOERR`: the file could not be read or written, so what the connection believes of it may be wrong.
const IO_ERROR: u32 = 10;
/// `SQLITE_FULL`.
const FULL: u32 = 13;
/// `SQLITE_CANTOPEN`.
const CANNOT_OPEN: u32 = 14;
/// `SQLITE_CONSTRAINT_PRIMARYKEY`.
const DUPLICATE_KEY: u32 = 1555;
/// `SQLITE_CONSTRAINT_UNIQUE`.
const DUPLICATE_VALUE: u32 = 2067;

/// The extended result code.
fn code(error: &dyn DatabaseError) -> Option<u32> {
    error.try_downcast_ref::<SqliteError>()?;
    error.code()?.parse().ok()
}

fn class(code: Option<u32>) -> Class {
    match code {
        // The extended codes (snapshot, recovery, shared cache) share their lowest byte.
        Some(code) if [BUSY, LOCKED].contains(&(code & 0xff)) => Class::Retry,
        Some(DUPLICATE_KEY | DUPLICATE_VALUE) => Class::Duplicate,
        Some(FULL) => Class::Full,
        Some(code) if [READ_ONLY, IO_ERROR, CANNOT_OPEN].contains(&(code & 0xff)) => Class::Unwritable,
        _ => Class::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of `docs/locking.md`.
    #[test]
    fn every_code_has_its_class() {
        for code in [5, 6, 261, 262, 517, 773] {
            assert_eq!(class(Some(code)), Class::Retry, "{code}");
        }
        assert_eq!(class(Some(13)), Class::Full);
        assert_eq!([8, 10, 14, 778, 1034].map(|code| class(Some(code))), [Class::Unwritable; 5]);
        assert_eq!([1555, 2067].map(|code| class(Some(code))), [Class::Duplicate; 2]);
        assert_eq!([Some(1), None].map(class), [Class::Other; 2]);
    }
}

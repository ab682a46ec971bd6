//! What a database error means.

use frontrow_application::FaultId;
use frontrow_application::port::{IdSource, StoreError};
use sea_orm::sqlx::Error as SqlxError;
use sea_orm::sqlx::error::DatabaseError;
use sea_orm::sqlx::mysql::MySqlDatabaseError;
use sea_orm::sqlx::postgres::PgDatabaseError;
use sea_orm::sqlx::sqlite::SqliteError;
use sea_orm::{DbErr, RuntimeErr};
use std::time::Duration;

/// What to do about a database error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Somebody else was in the way: the whole transaction may be tried again.
    Retry,
    /// A row with that key, or with that unique value, exists.
    Duplicate,
    /// The connection is worth nothing any more, or there was none to be had.
    Lost,
    /// There is no room left for what was to be written.
    Full,
    /// It can be read, perhaps, but not written: a broken disk, or a server that is not the one to write to (any more).
    Unwritable,
    /// Anything else: a defect.
    Other,
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

/// What the error means.
pub(crate) fn classify(error: &DbErr) -> Class {
    let (DbErr::Conn(RuntimeErr::SqlxError(cause))
    | DbErr::Exec(RuntimeErr::SqlxError(cause))
    | DbErr::Query(RuntimeErr::SqlxError(cause))) = error
    else {
        return if matches!(error, DbErr::ConnectionAcquire(_)) { Class::Lost } else { Class::Other };
    };
    match &**cause {
        SqlxError::Database(cause) => classify_database(&**cause),
        SqlxError::Io(_)
        | SqlxError::Tls(_)
        | SqlxError::Protocol(_)
        | SqlxError::PoolTimedOut
        | SqlxError::PoolClosed
        | SqlxError::WorkerCrashed => Class::Lost,
        _ => Class::Other,
    }
}

fn classify_database(error: &dyn DatabaseError) -> Class {
    if let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() {
        classify_mysql(error.number(), error.message())
    } else if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
        classify_postgres(error.code())
    } else {
        classify_sqlite(sqlite_code(error))
    }
}

fn classify_sqlite(code: Option<u32>) -> Class {
    match code {
        // The extended codes (snapshot, recovery, shared cache) share their lowest byte.
        Some(code) if [BUSY, LOCKED].contains(&(code & 0xff)) => Class::Retry,
        Some(DUPLICATE_KEY | DUPLICATE_VALUE) => Class::Duplicate,
        Some(FULL) => Class::Full,
        Some(code) if [READ_ONLY, IO_ERROR, CANNOT_OPEN].contains(&(code & 0xff)) => Class::Unwritable,
        _ => Class::Other,
    }
}

/// `MySQL`'s and `MariaDB`'s numbers.
fn classify_mysql(number: u16, message: &str) -> Class {
    match number {
        // A deadlock; a row that has changed since (snapshot isolation); a lock, or a statement, that took too long;
        // a statement that was cancelled.
        1213 | 1020 | 1205 | 3024 | 1969 | 1317 | 3572 => Class::Retry,
        1062 | 1586 => Class::Duplicate,
        // The disk is full; the table is full.
        1021 | 1114 | 20 => Class::Full,
        // The storage engine, a file or the binary log: the operating system's number says why.
        1030 | 1026 | 1598 | 3 if message.contains("28") || message.contains("No space left") => Class::Full,
        // The same for other reasons; not writable (any more: a failover).
        1030 | 1026 | 1598 | 3 | 1290 | 1836 | 1792 => Class::Unwritable,
        // Too many connections; shutting down; killed; idle for too long.
        1040 | 1053 | 1077 | 1079 | 1203 | 1927 | 3168 | 4031 => Class::Lost,
        _ => Class::Other,
    }
}

/// `PostgreSQL`'s codes.
fn classify_postgres(code: &str) -> Class {
    match code {
        // A serialization failure; a deadlock; a lock, or a statement, that took too long.
        "40001" | "40P01" | "55P03" | "57014" => Class::Retry,
        "23505" => Class::Duplicate,
        "53100" => Class::Full,
        // Not writable (any more: a failover); the operating system can't.
        "25006" | "58030" => Class::Unwritable,
        // Too many connections; shutting down, crashed, or starting; idle in a transaction, or altogether, for too
        // long.
        "53300" | "57P01" | "57P02" | "57P03" | "57P05" | "25P03" => Class::Lost,
        code if code.starts_with("08") => Class::Lost,
        _ => Class::Other,
    }
}

/// The extended result code.
fn sqlite_code(error: &dyn DatabaseError) -> Option<u32> {
    error.try_downcast_ref::<SqliteError>()?;
    error.code()?.parse().ok()
}

/// Whether `SQLite` could not open its file.
pub(super) fn is_cannot_open(error: &DbErr) -> bool {
    let DbErr::Conn(RuntimeErr::SqlxError(cause)) = error else { return false };
    matches!(&**cause, SqlxError::Database(cause)
        if sqlite_code(&**cause).is_some_and(|code| code & 0xff == CANNOT_OPEN))
}

/// When to try again what lost too often.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(1);
/// When to try again where there was no room: somebody has to make some.
pub(super) const FULL_RETRY_AFTER: Duration = Duration::from_secs(5);

/// What an error in `name` is to whoever asked; its cause goes to the log.
pub(super) fn store_error(ids: &dyn IdSource, name: &'static str, error: &DbErr) -> StoreError {
    told(ids, name, classify(error), error)
}

/// The same for an error whose class is known.
pub(super) fn told(ids: &dyn IdSource, name: &'static str, class: Class, cause: &dyn std::fmt::Display) -> StoreError {
    match class {
        Class::Duplicate | Class::Other => fault(ids, name, cause),
        class => {
            tracing::warn!(operation = name, %cause, "gave up for now");
            transient(class)
        }
    }
}

/// What to tell whoever asked while the database can't do it.
pub(super) const fn transient(class: Class) -> StoreError {
    match class {
        Class::Lost | Class::Unwritable => StoreError::Unavailable { retry_after: RETRY_AFTER },
        Class::Full => StoreError::StorageFull { retry_after: FULL_RETRY_AFTER },
        _ => StoreError::Busy { retry_after: RETRY_AFTER },
    }
}

/// Notes the cause of a defect in the log, and gives its name there.
pub(super) fn fault(ids: &dyn IdSource, name: &'static str, cause: &dyn std::fmt::Display) -> StoreError {
    let fault = FaultId(ids.id());
    tracing::error!(%fault, operation = name, %cause, "a database operation failed");
    StoreError::Fault(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of `docs/locking.md`, whole.
    #[test]
    fn every_database_has_its_own_word_for_it() {
        let classify_mysql = |number| super::classify_mysql(number, "(errno: 5)");
        for number in [1213, 1205, 1020, 1317, 1969, 3024, 3572] {
            assert_eq!(classify_mysql(number), Class::Retry, "{number}");
        }
        for number in [1040, 1203, 1053, 1077, 1079, 1927, 3168, 4031] {
            assert_eq!(classify_mysql(number), Class::Lost, "{number}");
        }
        for number in [1290, 1836, 1792, 1030, 1026, 1598, 3] {
            assert_eq!(classify_mysql(number), Class::Unwritable, "{number}");
        }
        for code in ["40001", "40P01", "55P03", "57014"] {
            assert_eq!(classify_postgres(code), Class::Retry, "{code}");
        }
        for code in ["08000", "08003", "08006", "53300", "57P01", "57P02", "57P03", "57P05", "25P03"] {
            assert_eq!(classify_postgres(code), Class::Lost, "{code}");
        }
        for code in [5, 6, 261, 262, 517, 773] {
            assert_eq!(classify_sqlite(Some(code)), Class::Retry, "{code}");
        }
        let full = [classify_sqlite(Some(13)), classify_mysql(1021), classify_mysql(1114), classify_postgres("53100")];
        assert_eq!(full, [Class::Full; 4]);
        for number in [1030, 1026, 1598, 3] {
            let message = "Got error 28 \"No space left on device\" from storage engine InnoDB";
            assert_eq!(super::classify_mysql(number, message), Class::Full, "{number}");
        }
        assert_eq!([8, 10, 14, 778, 1034].map(|code| classify_sqlite(Some(code))), [Class::Unwritable; 5]);
        assert_eq!(["25006", "58030"].map(classify_postgres), [Class::Unwritable; 2]);
        let duplicates = [
            classify_mysql(1062),
            classify_mysql(1586),
            classify_postgres("23505"),
            classify_sqlite(Some(1555)),
            classify_sqlite(Some(2067)),
        ];
        assert_eq!(duplicates, [Class::Duplicate; 5]);
        assert_eq!([classify_mysql(1064), classify_postgres("42601"), classify_sqlite(Some(1))], [Class::Other; 3]);
        assert_eq!(classify_sqlite(None), Class::Other);
    }

    #[test]
    fn a_broken_socket_and_silence_are_a_lost_connection() {
        let broken = SqlxError::Io(std::io::ErrorKind::UnexpectedEof.into());
        for error in [broken, SqlxError::PoolTimedOut, SqlxError::PoolClosed] {
            let error = DbErr::Query(RuntimeErr::SqlxError(std::sync::Arc::new(error)));
            assert_eq!(classify(&error), Class::Lost, "{error}");
        }
        assert_eq!(classify(&crate::sql::pool::Silence.into()), Class::Lost);
    }
}

//! What a database error means.

use frontrow_application::FaultId;
use frontrow_application::port::{IdSource, StoreError};
use sea_orm::sqlx::Error as SqlxError;
use sea_orm::sqlx::error::DatabaseError;
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
    /// Anything else: a defect.
    Other,
}

/// `SQLITE_BUSY`.
const BUSY: u32 = 5;
/// `SQLITE_LOCKED`.
const LOCKED: u32 = 6;
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
        SqlxError::Database(cause) => classify_sqlite(&**cause),
        SqlxError::Io(_)
        | SqlxError::Protocol(_)
        | SqlxError::PoolTimedOut
        | SqlxError::PoolClosed
        | SqlxError::WorkerCrashed => Class::Lost,
        _ => Class::Other,
    }
}

fn classify_sqlite(error: &dyn DatabaseError) -> Class {
    match sqlite_code(error) {
        // The extended codes (snapshot, recovery, shared cache) share their lowest byte.
        Some(code) if [BUSY, LOCKED].contains(&(code & 0xff)) => Class::Retry,
        Some(DUPLICATE_KEY | DUPLICATE_VALUE) => Class::Duplicate,
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
    const CANNOT_OPEN: u32 = 14;
    let DbErr::Conn(RuntimeErr::SqlxError(cause)) = error else { return false };
    matches!(&**cause, SqlxError::Database(cause)
        if sqlite_code(&**cause).is_some_and(|code| code & 0xff == CANNOT_OPEN))
}

/// When to try again what lost too often.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What an error in `name` is to whoever asked; its cause goes to the log.
pub(super) fn store_error(ids: &dyn IdSource, name: &'static str, error: &DbErr) -> StoreError {
    match classify(error) {
        Class::Retry | Class::Lost => {
            tracing::warn!(operation = name, %error, "gave up for now");
            StoreError::Busy { retry_after: RETRY_AFTER }
        }
        Class::Duplicate | Class::Other => fault(ids, name, error),
    }
}

/// Notes the cause of a defect in the log, and gives its name there.
pub(super) fn fault(ids: &dyn IdSource, name: &'static str, cause: &dyn std::fmt::Display) -> StoreError {
    let fault = FaultId(ids.id());
    tracing::error!(%fault, operation = name, %cause, "a database operation failed");
    StoreError::Fault(fault)
}

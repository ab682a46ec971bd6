//! What a database error means, and what whoever asked is told.

use crate::sql::dialect;
use crate::sql::dialect::class::Class;
use frontrow_application::FaultId;
use frontrow_application::port::{IdSource, StoreError};
use sea_orm::sqlx::Error as SqlxError;
use sea_orm::{DbErr, RuntimeErr};
use std::io::ErrorKind;

/// What the error means.
pub(in crate::sql) fn classify(error: &DbErr) -> Class {
    let (DbErr::Conn(RuntimeErr::SqlxError(cause))
    | DbErr::Exec(RuntimeErr::SqlxError(cause))
    | DbErr::Query(RuntimeErr::SqlxError(cause))) = error
    else {
        return if matches!(error, DbErr::ConnectionAcquire(_)) { Class::Lost } else { Class::Other };
    };
    match &**cause {
        SqlxError::Database(cause) => dialect::classify(&**cause),
        SqlxError::Io(_)
        | SqlxError::Tls(_)
        | SqlxError::Protocol(_)
        | SqlxError::PoolTimedOut
        | SqlxError::PoolClosed
        | SqlxError::WorkerCrashed => Class::Lost,
        _ => Class::Other,
    }
}

/// Whether nobody answered in time who was to be connected to.
pub(in crate::sql) fn is_timeout(error: &DbErr) -> bool {
    match error {
        DbErr::ConnectionAcquire(_) => true,
        DbErr::Conn(RuntimeErr::SqlxError(cause)) => match &**cause {
            SqlxError::PoolTimedOut => true,
            SqlxError::Io(error) => error.kind() == ErrorKind::TimedOut,
            _ => false,
        },
        _ => false,
    }
}

/// What an error in `name` is to whoever asked; its cause goes to the log.
pub(in crate::sql) fn store_error(ids: &dyn IdSource, name: &'static str, error: &DbErr) -> StoreError {
    told(ids, name, classify(error), error)
}

/// The same for an error whose class is known.
pub(in crate::sql) fn told(
    ids: &dyn IdSource,
    name: &'static str,
    class: Class,
    cause: &dyn std::fmt::Display,
) -> StoreError {
    let Some(outage) = class.outage() else { return fault(ids, name, cause) };
    tracing::warn!(operation = name, %cause, "gave up for now");
    outage.into()
}

/// Notes the cause of a defect in the log, and gives its name there.
pub(in crate::sql) fn fault(ids: &dyn IdSource, name: &'static str, cause: &dyn std::fmt::Display) -> StoreError {
    let fault = FaultId(ids.id());
    tracing::error!(%fault, operation = name, %cause, "a database operation failed");
    StoreError::Fault(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_socket_and_silence_are_a_lost_connection() {
        let broken = SqlxError::Io(std::io::ErrorKind::UnexpectedEof.into());
        for error in [broken, SqlxError::PoolTimedOut, SqlxError::PoolClosed] {
            let error = DbErr::Query(RuntimeErr::SqlxError(std::sync::Arc::new(error)));
            assert_eq!(classify(&error), Class::Lost, "{error}");
        }
        assert_eq!(classify(&super::super::pool::Silence.into()), Class::Lost);
    }
}

//! Why a transaction did not come to a good end.

use super::error::classify;
use super::pool::Silence;
use super::transaction::{NotBegun, Uncommitted};
use super::writers::NoWriter;
use crate::sql::dialect::class::{Class, RETRY_AFTER};
use crate::sql::hook::{Fault, Hook};
use frontrow_application::Outage;
use sea_orm::DbErr;
use std::convert::Infallible;
use thiserror::Error;

/// Why a transaction did not come to a good end. Nothing has changed, except perhaps after [`Failure::UnknownOutcome`].
#[derive(Debug, Error)]
pub(in crate::sql) enum Failure {
    /// A version guard or a unique key fired: somebody else was faster.
    #[error("somebody else changed {0}")]
    Overtaken(String),
    /// The database said no.
    #[error("database: {cause}")]
    Database { class: Class, cause: String },
    /// The connection was in a transaction already, and is thrown away.
    #[error("the connection was in a transaction")]
    Within,
    /// The transaction may have happened, or not: the answer to COMMIT did not arrive, or nobody answered for so long that
    /// it is not known how far it came.
    #[error("unknown outcome: {0}")]
    UnknownOutcome(String),
    /// A defect of ours.
    #[error("bug: {0}")]
    Bug(String),
}

impl Failure {
    /// The connection can't be trusted any more.
    pub(in crate::sql) fn lost(error: &DbErr) -> Self {
        Self::Database { class: Class::Lost, cause: error.to_string() }
    }

    /// There is no connection whose session is known.
    pub(in crate::sql) fn disconnected() -> Self {
        Self::Database { class: Class::Lost, cause: "disconnected".into() }
    }

    /// What kind of error of the database it was.
    pub(in crate::sql) fn class(&self) -> Class {
        if let Self::Database { class, .. } = self { *class } else { Class::Other }
    }

    pub(in crate::sql) fn needs_new_connection(&self) -> bool {
        matches!(
            self,
            Self::UnknownOutcome(_)
                | Self::Within
                | Self::Database { class: Class::Lost | Class::Reconnect | Class::Unwritable, .. }
        )
    }

    /// Whether another attempt would only find the same.
    pub(in crate::sql) fn is_final(&self) -> bool {
        matches!(self, Self::Bug(_) | Self::Database { class: Class::Other | Class::Full, .. })
    }

    /// Whether one request of several may be at fault, so that the others would succeed without it.
    pub(in crate::sql) fn is_of_one(&self) -> bool {
        matches!(self, Self::Overtaken(_) | Self::Bug(_) | Self::Database { class: Class::Other, .. })
    }

    /// What to tell whoever asked once it was tried often enough; `None` for a defect, or where the outcome is not known.
    pub(in crate::sql) fn outage(&self) -> Option<Outage> {
        match self {
            Self::Overtaken(_) => Some(Outage::Busy { retry_after: RETRY_AFTER }),
            Self::Within => Some(Outage::Unavailable { retry_after: RETRY_AFTER }),
            Self::Database { class, .. } => class.outage(),
            Self::UnknownOutcome(_) | Self::Bug(_) => None,
        }
    }

    /// The word for it, in metrics.
    pub(in crate::sql) fn name(&self) -> &'static str {
        match self {
            Self::Overtaken(_) => "conflict",
            Self::Database { class: Class::Retry, .. } => "contention",
            Self::Within | Self::Database { class: Class::Lost | Class::Reconnect, .. } => "connection_lost",
            Self::Database { class: Class::Full, .. } => "storage_full",
            Self::Database { class: Class::Unwritable, .. } => "unwritable",
            Self::UnknownOutcome(_) => "commit_unknown",
            Self::Database { class: Class::Duplicate | Class::Other, .. } | Self::Bug(_) => "fault",
        }
    }
}

/// Whoever finds that a row of theirs exists was overtaken by whoever made it, so no failure of a statement has
/// [`Class::Duplicate`].
impl From<DbErr> for Failure {
    fn from(error: DbErr) -> Self {
        match classify(&error) {
            Class::Duplicate => Self::Overtaken(error.to_string()),
            class => Self::Database { class, cause: error.to_string() },
        }
    }
}

impl From<Silence> for Failure {
    fn from(silence: Silence) -> Self {
        DbErr::from(silence).into()
    }
}

impl From<NoWriter> for Failure {
    fn from(error: NoWriter) -> Self {
        let class = match error {
            NoWriter::Crowd => Class::Retry,
            NoWriter::Closed => Class::Lost,
            NoWriter::Database(error) => return error.into(),
        };
        Self::Database { class, cause: error.to_string() }
    }
}

impl From<NotBegun> for Failure {
    fn from(error: NotBegun) -> Self {
        match error {
            NotBegun::Within => Self::Within,
            NotBegun::Database(error) => error.into(),
        }
    }
}

/// A row that can always be written.
impl From<Infallible> for Failure {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl From<Uncommitted> for Failure {
    fn from(uncommitted: Uncommitted) -> Self {
        match uncommitted {
            Uncommitted::Undone { class, cause } => Self::Database { class, cause },
            Uncommitted::Unknown { cause } => Self::UnknownOutcome(cause),
        }
    }
}

impl dyn Hook + '_ {
    /// What strikes instead of the statement, as the store sees it.
    pub(in crate::sql) fn strike(&self, text: &str) -> Result<(), Failure> {
        self.before(text).map_or(Ok(()), |fault| Err(fault.into()))
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        let class = match fault {
            Fault::Contention => Class::Retry,
            Fault::ConnectionLost => Class::Lost,
            Fault::Full => Class::Full,
            Fault::Other => Class::Other,
        };
        Self::Database { class, cause: "injected by the hook".into() }
    }
}

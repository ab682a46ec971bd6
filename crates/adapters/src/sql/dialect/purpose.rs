//! What connections are for, and what every dialect makes of that.

use futures::future::BoxFuture;
use sea_orm::sqlx::{Connection, Error as SqlxError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// What connections are for.
#[derive(Clone, Copy)]
pub(in crate::sql) enum Purpose {
    /// Only to read, no longer than that for a statement.
    Read { connections: u32, limit: Duration },
    /// Only to read, and everything: that takes as long as it takes.
    Audit,
    /// What is not a booking.
    Write { create: bool },
    /// What a worker does.
    Work,
    /// The schema: steps take as long as they take.
    Migrate,
}

/// How long to wait for a connection, or for a sign of life on one.
pub(in crate::sql) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a worker's connection may be idle before it checks that it is alive: less than half of what `MySQL` allows.
pub(in crate::sql) const IDLE_CHECK: Duration = Duration::from_millis(1500);

/// Counts the connections that a pool has opened. A pool opens another one, without a word, when it finds one broken.
#[derive(Clone, Default)]
pub(in crate::sql) struct Opened(Arc<AtomicU32>);

impl Opened {
    /// Whether the first connection is still the only one there ever was.
    pub(in crate::sql) fn at_most_once(&self) -> bool {
        self.0.load(Ordering::SeqCst) <= 1
    }

    pub(super) fn note(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Whether a connection may be used. One that its driver knows to be in a transaction is closed instead: what began there
/// would be a savepoint. Asks nobody, so it costs nothing.
pub(super) fn is_free(connection: &impl Connection) -> BoxFuture<'static, Result<bool, SqlxError>> {
    let within = connection.is_in_transaction();
    if within {
        tracing::error!("a connection was left in a transaction: it is closed");
    }
    Box::pin(std::future::ready(Ok(!within)))
}

//! Connections. What is agreed with the database for as long as they last is the dialect's business.

use super::address::Address;
use crate::sql::dialect::purpose::{CONNECT_TIMEOUT, Opened, Purpose};
use sea_orm::{ConnectOptions, DatabaseConnection, DbErr};
use std::time::Duration;

/// How long a statement may take that a reader waits for: less than they wait, so that they hear of it.
pub(in crate::sql) const READ_LIMIT: Duration = Duration::from_millis(1500);
/// The same for commands that are typed, and may take their time.
pub(in crate::sql) const PATIENT_READ_LIMIT: Duration = Duration::from_secs(25);
/// A connection that was not used for so long is tried before it is used: its server may have been restarted.
const IDLE: Duration = Duration::from_secs(1);

pub(in crate::sql) async fn connect(address: &Address, purpose: Purpose) -> Result<DatabaseConnection, DbErr> {
    sea_orm::Database::connect(options(address, purpose, &Opened::default())).await
}

/// The same, but for connections that are made when they are needed.
pub(in crate::sql) async fn connect_lazily(address: &Address, purpose: Purpose) -> Result<DatabaseConnection, DbErr> {
    let mut options = options(address, purpose, &Opened::default());
    options.connect_lazy(true);
    sea_orm::Database::connect(options).await
}

/// One connection for a worker, which must know when it has become another one.
pub(in crate::sql) async fn connect_worker(address: &Address) -> Result<(DatabaseConnection, Opened), DbErr> {
    let opened = Opened::default();
    let connection = sea_orm::Database::connect(options(address, Purpose::Work, &opened)).await?;
    Ok((connection, opened))
}

fn options(address: &Address, purpose: Purpose, opened: &Opened) -> ConnectOptions {
    let connections = match purpose {
        Purpose::Read { connections, .. } => connections,
        Purpose::Write { .. } | Purpose::Work | Purpose::Audit | Purpose::Migrate => 1,
    };
    let mut options = ConnectOptions::new(&address.url);
    options
        .min_connections(match purpose {
            Purpose::Read { .. } => connections,
            // A lost connection must not be replaced behind a worker's back.
            Purpose::Write { .. } | Purpose::Work | Purpose::Audit | Purpose::Migrate => 0,
        })
        .max_connections(connections)
        .acquire_timeout(CONNECT_TIMEOUT)
        // Both stay off: sqlx 0.9.0 counts idle connections in a way that can wrap, and then looks after them for ever.
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .record_stmt_in_spans(false);
    address.dialect.prepare(&mut options, purpose, opened);
    // A worker notices by itself when its connection is gone, and looks into what became of its transaction.
    if address.dialect.is_server() && !matches!(purpose, Purpose::Work) {
        options.test_before_acquire_if_idle_for(IDLE);
    }
    options
}

//! A transaction, and the connection that it runs on.
//!
//! When COMMIT or ROLLBACK fails, or a transaction is dropped, its connection may still be in it. What began there next
//! would be a savepoint within it, and would be lost with it, however well it "committed". So a connection notes when a
//! transaction begins, and only a COMMIT or ROLLBACK that succeeded clears the note: whoever has a connection that is
//! not [usable](Connection::is_usable) throws it away.

use super::error::{Class, classify};
use super::faults::Faults;
use super::storage::Storage;
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use thiserror::Error;

/// One connection (a pool of one), for one transaction at a time.
pub(crate) struct Connection {
    pool: DatabaseConnection,
    /// A transaction has begun, and it is not known to have ended.
    open: Arc<AtomicBool>,
    storage: Arc<Storage>,
    faults: Faults,
}

/// Why there is no transaction.
#[derive(Debug, Error)]
pub(crate) enum NotBegun {
    /// The connection is in one already, or may be: it has to be thrown away.
    #[error("the connection is in a transaction already")]
    Within,
    #[error(transparent)]
    Database(#[from] DbErr),
}

/// Why a transaction was not committed, or may not have been.
#[derive(Debug)]
pub(crate) enum Uncommitted {
    /// Nothing has changed.
    Undone { class: Class, cause: String },
    /// It may have happened.
    Unknown { cause: String },
}

impl Connection {
    pub(super) fn new(pool: DatabaseConnection, storage: Arc<Storage>, faults: Faults) -> Self {
        Self { pool, open: Arc::new(AtomicBool::new(false)), storage, faults }
    }

    /// Whether a transaction may begin: every one before it is known to have ended.
    pub(crate) fn is_usable(&self) -> bool {
        !self.open.load(Ordering::SeqCst)
    }

    /// Begins a transaction that has the right to write from its first statement: one that only asks for it later can
    /// lose what it has read.
    pub(crate) async fn begin(&self) -> Result<Transaction, NotBegun> {
        if self.open.swap(true, Ordering::SeqCst) {
            tracing::error!("a transaction was to begin within another one: its connection is thrown away");
            return Err(NotBegun::Within);
        }
        self.faults.before_begin(&self.pool).await?;
        // Only SQLite has modes; the others have agreed on their isolation when they connected.
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        match self.pool.begin_with_options(options).await {
            Ok(inner) => {
                let (open, storage) = (Arc::clone(&self.open), Arc::clone(&self.storage));
                Ok(Transaction { inner, open, storage, pool: self.pool.clone(), faults: self.faults.clone() })
            }
            Err(error) => Err(self.not_begun(error)),
        }
    }

    fn not_begun(&self, error: DbErr) -> NotBegun {
        match classify(&error) {
            // Others were in the way, before anything had begun.
            Class::Retry => self.open.store(false, Ordering::SeqCst),
            // SQLite refuses to begin one within another.
            Class::Other | Class::Duplicate => {
                tracing::error!(%error, "a transaction did not begin: its connection is thrown away");
                return NotBegun::Within;
            }
            Class::Lost | Class::Full | Class::Unwritable => {}
        }
        error.into()
    }

    /// Waits until nothing is left of it: a transaction that is still open is rolled back by its database.
    pub(crate) async fn close(&self) -> Result<(), DbErr> {
        self.pool.close_by_ref().await
    }
}

/// For what needs no transaction, such as to see whether anybody answers.
impl Deref for Connection {
    type Target = DatabaseConnection;

    fn deref(&self) -> &DatabaseConnection {
        &self.pool
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if !self.is_usable() {
            metrics::counter!("frontrow_connections_discarded_total").increment(1);
            tracing::warn!("a transaction did not end as it should: its connection was thrown away");
        }
    }
}

/// A transaction that can write.
pub(crate) struct Transaction {
    inner: DatabaseTransaction,
    open: Arc<AtomicBool>,
    storage: Arc<Storage>,
    pool: DatabaseConnection,
    faults: Faults,
}

impl Transaction {
    pub(crate) async fn commit(self) -> Result<(), Uncommitted> {
        let Self { inner, open, storage, pool, faults } = self;
        let backend = pool.get_database_backend();
        let inner = match faults.instead_of_commit(inner, &pool).await {
            Ok(inner) => inner,
            Err(uncommitted) => return Err(uncommitted),
        };
        let error = match inner.commit().await {
            Ok(()) => {
                open.store(false, Ordering::SeqCst);
                return Ok(());
            }
            Err(error) => error,
        };
        let (class, cause) = (classify(&error), error.to_string());
        storage.note(class);
        if is_undone(backend, class) {
            return Err(Uncommitted::Undone { class, cause });
        }
        Err(Uncommitted::Unknown { cause })
    }

    pub(crate) async fn rollback(self) -> Result<(), DbErr> {
        self.inner.rollback().await?;
        self.open.store(false, Ordering::SeqCst);
        Ok(())
    }
}

/// Whether a COMMIT that failed like this is known not to have happened.
fn is_undone(backend: DbBackend, class: Class) -> bool {
    match class {
        // The database says that it has rolled back.
        Class::Retry => true,
        // SQLite: the write-ahead log had no room for the last page, the one that makes a transaction count. PostgreSQL:
        // what it reports as an error it has rolled back; without room for its log it stops. The others may keep the
        // transaction, and have no room for their binary log.
        Class::Full => matches!(backend, DbBackend::Sqlite | DbBackend::Postgres),
        // For example: SQLite's log is written, and can't be synced. Nobody sees the transaction, until a crash makes
        // SQLite read the log again.
        Class::Unwritable | Class::Lost | Class::Duplicate | Class::Other => false,
    }
}

impl Deref for Transaction {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &DatabaseTransaction {
        &self.inner
    }
}

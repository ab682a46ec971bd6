//! A transaction, and the connection that it runs on.
//!
//! When COMMIT or ROLLBACK fails, or a transaction is dropped, its connection may still be in it. What began there next
//! would be a savepoint within it, and would be lost with it, however well it "committed". So a connection notes when a
//! transaction begins, and only a COMMIT or ROLLBACK that succeeded clears the note: whoever has a connection that is
//! not [usable](Connection::is_usable) throws it away.

use super::error::classify;
use super::faults::Faults;
use super::storage::Storage;
use crate::sql::dialect::Dialect;
use crate::sql::dialect::class::Class;
use crate::sql::hook::CommitFault;
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr, TransactionTrait};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use thiserror::Error;

/// One connection (a pool of one), for one transaction at a time.
pub(in crate::sql) struct Connection {
    pool: DatabaseConnection,
    dialect: &'static dyn Dialect,
    /// A transaction has begun, and it is not known to have ended.
    open: Arc<AtomicBool>,
    /// COMMIT was sent for the transaction that began last.
    commits: Arc<AtomicBool>,
    storage: Arc<Storage>,
    faults: Faults,
}

/// Why there is no transaction.
#[derive(Debug, Error)]
pub(in crate::sql) enum NotBegun {
    /// The connection is in one already, or may be: it has to be thrown away.
    #[error("the connection is in a transaction already")]
    Within,
    #[error(transparent)]
    Database(#[from] DbErr),
}

/// Why a transaction was not committed, or may not have been.
#[derive(Debug)]
pub(in crate::sql) enum Uncommitted {
    /// Nothing has changed.
    Undone { class: Class, cause: String },
    /// It may have happened.
    Unknown { cause: String },
}

impl From<CommitFault> for Uncommitted {
    fn from(fault: CommitFault) -> Self {
        let cause = "injected by the hook".to_owned();
        match fault {
            CommitFault::Full => Self::Undone { class: Class::Full, cause },
            CommitFault::Unknown => Self::Unknown { cause },
        }
    }
}

impl Connection {
    pub(in crate::sql) fn new(
        pool: DatabaseConnection,
        dialect: &'static dyn Dialect,
        storage: Arc<Storage>,
        faults: Faults,
    ) -> Self {
        Self { pool, dialect, open: Arc::default(), commits: Arc::default(), storage, faults }
    }

    /// Whether a transaction may begin: every one before it is known to have ended.
    pub(in crate::sql) fn is_usable(&self) -> bool {
        !self.open.load(Ordering::SeqCst)
    }

    /// Whether COMMIT was sent for the transaction that began last: it may have happened, whatever became of its answer.
    pub(in crate::sql) fn has_sent_commit(&self) -> bool {
        self.commits.load(Ordering::SeqCst)
    }

    /// What was committed before is known.
    pub(in crate::sql) fn forget_commit(&self) {
        self.commits.store(false, Ordering::SeqCst);
    }

    /// Begins a transaction that has the right to write from its first statement: one that only asks for it later can
    /// lose what it has read.
    pub(in crate::sql) async fn begin(&self) -> Result<Transaction, NotBegun> {
        if self.open.swap(true, Ordering::SeqCst) {
            tracing::error!("a transaction was to begin within another one: its connection is thrown away");
            return Err(NotBegun::Within);
        }
        self.commits.store(false, Ordering::SeqCst);
        self.faults.before_begin(self.dialect, &self.pool).await?;
        match self.pool.begin_with_options(self.dialect.writing()).await {
            Ok(inner) => {
                let (open, commits) = (Arc::clone(&self.open), Arc::clone(&self.commits));
                let storage = Arc::clone(&self.storage);
                let (dialect, pool, faults) = (self.dialect, self.pool.clone(), self.faults.clone());
                Ok(Transaction { inner, dialect, open, commits, storage, pool, faults })
            }
            Err(error) => Err(self.not_begun(error)),
        }
    }

    fn not_begun(&self, error: DbErr) -> NotBegun {
        match classify(&error) {
            // Others were in the way, before anything had begun.
            Class::Retry => self.open.store(false, Ordering::SeqCst),
            // SQLite refuses to begin one within another. (What can't be connected is another matter.)
            Class::Other | Class::Duplicate if !matches!(error, DbErr::Conn(_)) => {
                tracing::error!(%error, "a transaction did not begin: its connection is thrown away");
                return NotBegun::Within;
            }
            _ => {}
        }
        error.into()
    }

    /// Waits until nothing is left of it: a transaction that is still open is rolled back by its database.
    pub(in crate::sql) async fn close(&self) -> Result<(), DbErr> {
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
pub(in crate::sql) struct Transaction {
    inner: DatabaseTransaction,
    dialect: &'static dyn Dialect,
    open: Arc<AtomicBool>,
    commits: Arc<AtomicBool>,
    storage: Arc<Storage>,
    pool: DatabaseConnection,
    faults: Faults,
}

impl Transaction {
    pub(in crate::sql) async fn commit(self) -> Result<(), Uncommitted> {
        let Self { inner, dialect, open, commits, storage, pool, faults } = self;
        let inner = match faults.instead_of_commit(inner, dialect, &pool).await {
            Ok(inner) => inner,
            Err(fault) => return Err(fault.into()),
        };
        commits.store(true, Ordering::SeqCst);
        let error = match inner.commit().await {
            Ok(()) => {
                open.store(false, Ordering::SeqCst);
                return Ok(());
            }
            Err(error) => error,
        };
        let (class, cause) = (classify(&error), error.to_string());
        if is_undone(dialect, class) {
            return Err(Uncommitted::Undone { class, cause });
        }
        // Whoever hears of it does not hear its class any more.
        storage.note(class);
        Err(Uncommitted::Unknown { cause })
    }

    pub(in crate::sql) async fn rollback(self) -> Result<(), DbErr> {
        self.inner.rollback().await?;
        self.open.store(false, Ordering::SeqCst);
        Ok(())
    }
}

/// Whether a COMMIT that failed like this is known not to have happened.
fn is_undone(dialect: &dyn Dialect, class: Class) -> bool {
    match class {
        // The database says that it has rolled back.
        Class::Retry => true,
        Class::Full => dialect.undoes_when_full(),
        // For example: SQLite's log is written, and can't be synced. Nobody sees the transaction, until a crash makes
        // SQLite read the log again.
        Class::Unwritable | Class::Lost | Class::Reconnect | Class::Duplicate | Class::Other => false,
    }
}

impl Deref for Transaction {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &DatabaseTransaction {
        &self.inner
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::dialect::mysql::MYSQL;
    use crate::sql::dialect::postgres::POSTGRES;
    use crate::sql::dialect::sqlite::SQLITE;
    use crate::sql::testing::database;
    use sea_orm::ConnectionTrait;

    async fn connection() -> (Connection, tempfile::TempDir) {
        let (database, folder) = database().await;
        (database.worker_connection().await.unwrap().0, folder)
    }

    #[tokio::test]
    async fn what_ends_well_lets_the_next_one_begin() {
        let (connection, _folder) = connection().await;
        connection.begin().await.unwrap().commit().await.unwrap();
        connection.begin().await.unwrap().rollback().await.unwrap();
        assert!(connection.is_usable());
        let begun = connection.begin().await.unwrap();
        assert!(!connection.is_usable());
        begun.commit().await.unwrap();
    }

    #[tokio::test]
    async fn a_commit_that_was_sent_is_remembered_until_the_next_transaction() {
        let (connection, _folder) = connection().await;
        let begun = connection.begin().await.unwrap();
        assert!(!connection.has_sent_commit());
        begun.commit().await.unwrap();
        assert!(connection.has_sent_commit());
        connection.begin().await.unwrap().rollback().await.unwrap();
        assert!(!connection.has_sent_commit());
    }

    #[tokio::test]
    async fn nothing_begins_after_a_transaction_that_was_dropped() {
        let (connection, _folder) = connection().await;
        drop(connection.begin().await.unwrap());
        assert!(!connection.is_usable());
        assert!(matches!(connection.begin().await, Err(NotBegun::Within)));
        assert!(!connection.is_usable(), "it never is again");
    }

    /// `SQLite` rolls back by itself when there is no room, and the driver's ROLLBACK fails.
    #[tokio::test]
    async fn nothing_begins_after_a_transaction_that_did_not_end_when_it_was_told_to() {
        for commit in [true, false] {
            let (connection, _folder) = connection().await;
            let transaction = connection.begin().await.unwrap();
            transaction.execute_unprepared("ROLLBACK").await.unwrap();
            if commit {
                assert!(matches!(transaction.commit().await, Err(Uncommitted::Unknown { .. })));
            } else {
                assert!(transaction.rollback().await.is_err());
            }
            assert!(matches!(connection.begin().await, Err(NotBegun::Within)));
        }
    }

    #[tokio::test]
    async fn nothing_begins_within_a_transaction_that_somebody_else_began() {
        let (connection, _folder) = connection().await;
        connection.execute_unprepared("BEGIN").await.unwrap();
        assert!(matches!(connection.begin().await, Err(NotBegun::Within)));
        assert!(!connection.is_usable());
    }

    /// The driver's own view, if everything else fails: a pool closes such a connection instead of handing it out.
    #[tokio::test]
    async fn a_pool_hands_out_no_connection_that_is_in_a_transaction() {
        let (connection, _folder) = connection().await;
        connection.execute_unprepared("CREATE TEMP TABLE mark (mark)").await.unwrap();
        let transaction = connection.begin().await.unwrap();
        transaction.execute_unprepared("ROLLBACK").await.unwrap();
        drop(transaction);
        let gone = connection.execute_unprepared("SELECT mark FROM mark").await;
        assert!(gone.unwrap_err().to_string().contains("no such table"), "it is another connection");
    }

    #[test]
    fn only_some_commits_that_fail_are_known_not_to_have_happened() {
        let dialects = [SQLITE, POSTGRES, MYSQL];
        assert_eq!(dialects.map(|dialect| is_undone(dialect, Class::Retry)), [true; 3]);
        assert_eq!(dialects.map(|dialect| is_undone(dialect, Class::Full)), [true, true, false]);
        for class in [Class::Lost, Class::Reconnect, Class::Unwritable, Class::Other] {
            assert_eq!(dialects.map(|dialect| is_undone(dialect, class)), [false; 3], "{class:?}");
        }
    }
}

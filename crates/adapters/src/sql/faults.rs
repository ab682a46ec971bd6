//! Where tests let transactions fail. Without the feature `hooks` nothing happens here.

use super::transaction::Uncommitted;
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr};

#[cfg(feature = "hooks")]
use super::error::Class;
#[cfg(feature = "hooks")]
use super::store::hook::{CommitFault, Hook};
#[cfg(feature = "hooks")]
use sea_orm::{ConnectionTrait, DbBackend};
#[cfg(feature = "hooks")]
use std::sync::Arc;

/// Faults of the transactions of one database.
#[derive(Clone, Default)]
pub(crate) struct Faults {
    #[cfg(feature = "hooks")]
    hook: Option<Arc<dyn Hook>>,
}

#[cfg(not(feature = "hooks"))]
#[expect(
    clippy::unused_self,
    clippy::unused_async,
    clippy::unnecessary_wraps,
    reason = "the tests' build has a hook here"
)]
impl Faults {
    pub(super) fn let_try(&self) -> bool {
        true
    }

    pub(super) async fn before_begin(&self, _: &DatabaseConnection) -> Result<(), DbErr> {
        Ok(())
    }

    pub(super) async fn instead_of_commit(
        &self,
        transaction: DatabaseTransaction,
        _: &DatabaseConnection,
    ) -> Result<DatabaseTransaction, Uncommitted> {
        Ok(transaction)
    }
}

#[cfg(feature = "hooks")]
impl Faults {
    pub(super) fn of(hook: Arc<dyn Hook>) -> Self {
        Self { hook: Some(hook) }
    }

    /// Whether a row may be tried.
    pub(super) fn let_try(&self) -> bool {
        self.hook.as_ref().is_none_or(|hook| hook.lets_try())
    }

    pub(super) async fn before_begin(&self, connection: &DatabaseConnection) -> Result<(), DbErr> {
        let pages = self.hook.as_ref().and_then(|hook| hook.most_pages());
        let Some(pages) = pages.filter(|_| connection.get_database_backend() == DbBackend::Sqlite) else {
            return Ok(());
        };
        // It is a limit of the connection, and lasts as long.
        connection.execute_unprepared(&format!("PRAGMA max_page_count = {pages}")).await.map(drop)
    }

    /// The transaction, unless its COMMIT is to fail. Then what was done in it is undone, and its connection is left as
    /// one that must not be used again.
    pub(super) async fn instead_of_commit(
        &self,
        transaction: DatabaseTransaction,
        connection: &DatabaseConnection,
    ) -> Result<DatabaseTransaction, Uncommitted> {
        let Some(fault) = self.hook.as_ref().and_then(|hook| hook.fails_commit()) else { return Ok(transaction) };
        // Behind the driver's back: it tries to roll back once more, fails, and believes that it is still in there.
        drop(transaction.execute_unprepared("ROLLBACK").await);
        drop(transaction);
        let spoil = match connection.get_database_backend() {
            // And it is: what comes next is a savepoint of a transaction that nobody will commit.
            DbBackend::Sqlite => "BEGIN",
            DbBackend::Postgres => "SET default_transaction_read_only = on",
            _ => "SET SESSION TRANSACTION READ ONLY",
        };
        drop(connection.execute_unprepared(spoil).await);
        let cause = "injected by the hook".to_owned();
        Err(match fault {
            CommitFault::Full => Uncommitted::Undone { class: Class::Full, cause },
            CommitFault::Unknown => Uncommitted::Unknown { cause },
        })
    }
}

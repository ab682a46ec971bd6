//! Where tests let transactions fail.

use crate::sql::dialect::Dialect;
use crate::sql::hook::{CommitFault, Hook};
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr};
use std::sync::Arc;

/// Faults of the transactions of one database.
#[derive(Clone)]
pub(in crate::sql) struct Faults(Arc<dyn Hook>);

impl Default for Faults {
    /// Lets every transaction be.
    fn default() -> Self {
        Self(<dyn Hook>::none())
    }
}

impl Faults {
    #[cfg(feature = "hooks")]
    pub(in crate::sql) fn of(hook: Arc<dyn Hook>) -> Self {
        Self(hook)
    }

    /// Whether a row may be tried.
    pub(in crate::sql) fn let_try(&self) -> bool {
        self.0.lets_try()
    }

    pub(in crate::sql) async fn before_begin(
        &self,
        dialect: &dyn Dialect,
        connection: &DatabaseConnection,
    ) -> Result<(), DbErr> {
        let limit = self.0.most_pages().and_then(|pages| dialect.limits_pages(pages));
        let Some(limit) = limit else { return Ok(()) };
        connection.execute_unprepared(&limit).await.map(drop)
    }

    /// The transaction, unless its COMMIT is to fail. Then what was done in it is undone, and its connection is left as
    /// one that must not be used again.
    pub(in crate::sql) async fn instead_of_commit(
        &self,
        transaction: DatabaseTransaction,
        dialect: &dyn Dialect,
        connection: &DatabaseConnection,
    ) -> Result<DatabaseTransaction, CommitFault> {
        let Some(fault) = self.0.fails_commit() else { return Ok(transaction) };
        // Behind the driver's back: it tries to roll back once more, fails, and believes that it is still in there.
        drop(transaction.execute_unprepared("ROLLBACK").await);
        drop(transaction);
        drop(connection.execute_unprepared(dialect.spoils()).await);
        Err(fault)
    }
}

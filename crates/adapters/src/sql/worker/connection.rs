//! A worker's connection, and the session behind it.

use super::context::WorkerContext;
use crate::sql::connection::{Class, Connection, Failure, Silence, Transaction};
use crate::sql::dialect::purpose::{CONNECT_TIMEOUT, Opened};
use crate::sql::dialect::{Dialect, Session};
use crate::sql::hook::Hook;
use frontrow_application::port::StoreError;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};
use std::ops::Deref;
use std::sync::Arc;
use tokio::time::timeout;

/// A connection, for one transaction at a time, and the session that it reaches.
pub(in crate::sql) struct WorkerConnection {
    connection: Connection,
    session: Box<dyn Session>,
    opened: Opened,
    hook: Arc<dyn Hook>,
}

impl WorkerConnection {
    pub(super) async fn open(context: &WorkerContext) -> Result<Self, StoreError> {
        let WorkerContext { database, ids, hook } = context;
        let (connection, opened) = database.worker_connection().await?;
        let session = database.dialect().session(&connection, ids.id());
        let session = timeout(database.silence(), session).await.unwrap_or_else(|_| Err(Silence.into()));
        let session = session.map_err(|error| database.fault("connect", &error))?;
        Ok(Self { connection, session, opened, hook: Arc::clone(hook) })
    }

    /// Begins a transaction that can write, in the session that is known.
    pub(in crate::sql) async fn begin(&self) -> Result<Transaction, Failure> {
        self.hook.strike("begin")?;
        let transaction = self.connection.begin().await?;
        if self.is_known() { Ok(transaction) } else { Err(roll_back(transaction, Failure::disconnected()).await) }
    }

    /// Commits what was done, or undoes it.
    pub(in crate::sql) async fn end<T>(
        &self,
        transaction: Transaction,
        done: Result<T, Failure>,
    ) -> Result<T, Failure> {
        let done = match done.and_then(|done| self.hook.strike("commit").map(|()| done)) {
            Ok(done) => done,
            Err(failure) => return Err(roll_back(transaction, failure).await),
        };
        transaction.commit().await?;
        if self.hook.loses_commit_answer() { Err(Failure::UnknownOutcome("lost by the hook".into())) } else { Ok(done) }
    }

    /// What comes next has nothing to do with what was committed before.
    pub(super) fn forget_commit(&self) {
        self.connection.forget_commit();
    }

    /// What a panic in the middle of a transaction means. The transaction, if there still is one, ends with its session.
    pub(super) fn panicked(&self, reason: &str) -> Failure {
        let cause = format!("a panic: {reason}");
        if self.connection.has_sent_commit() { Failure::UnknownOutcome(cause) } else { Failure::Bug(cause) }
    }

    /// Has its statements planned anew. Where that fails, so does what comes next.
    pub(super) async fn forget_plans(&self, dialect: &dyn Dialect) {
        if let Some(text) = dialect.forgets_plans()
            && let Err(error) = self.connection.execute_unprepared(text).await
        {
            tracing::debug!(%error, "plans could not be forgotten");
        }
    }

    /// Whether what goes over it still reaches its session. The pool opens another connection by itself where it finds the
    /// first one broken, and a session that nobody knows could not be ended after a lost COMMIT.
    fn is_known(&self) -> bool {
        self.opened.at_most_once()
    }

    /// Whether it may be worked on: it is known, and no transaction on it may still be open.
    pub(super) fn is_usable(&self) -> bool {
        self.is_known() && self.connection.is_usable()
    }

    /// Whether somebody answers. If nobody does, it must not be used again.
    pub(super) async fn is_alive(&self) -> bool {
        let answered = timeout(CONNECT_TIMEOUT, self.connection.ping()).await;
        answered.is_ok_and(|answer| answer.is_ok()) && self.is_known()
    }

    /// Its session, which may go on at the database.
    pub(super) fn cut(self) -> Box<dyn Session> {
        let Self { connection, session, .. } = self;
        // It may wait for an answer that never comes.
        tokio::spawn(async move { drop(connection.close().await) });
        session
    }

    pub(super) async fn close(self) -> Result<(), DbErr> {
        self.connection.close().await
    }
}

/// For what needs no transaction.
impl Deref for WorkerConnection {
    type Target = DatabaseConnection;

    fn deref(&self) -> &DatabaseConnection {
        &self.connection
    }
}

/// Ends the transaction. If even that fails, its connection is not usable any more.
async fn roll_back(transaction: Transaction, cause: Failure) -> Failure {
    let Err(error) = transaction.rollback().await else { return cause };
    tracing::debug!(%error, %cause, "a rollback failed");
    // SQLite has rolled back by itself when there was no room. Whatever else the cause was: it may have been the
    // connection.
    if matches!(cause.class(), Class::Full | Class::Unwritable) { cause } else { Failure::lost(&error) }
}

//! Connections that are used in turns, and thrown away, all of them, once a server says nothing any more on one (its host
//! may be gone without a word), or nothing that is of use.

use super::address::Address;
use super::connect::{connect, connect_lazily};
use super::error::classify;
use crate::sql::dialect::class::Class;
use crate::sql::dialect::purpose::Purpose;
use async_trait::async_trait;
use parking_lot::RwLock;
use sea_orm::sqlx::Error as SqlxError;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement};
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

/// Nobody answered for too long.
pub(in crate::sql) struct Silence;

impl From<Silence> for DbErr {
    fn from(_: Silence) -> Self {
        let timed_out = SqlxError::Io(ErrorKind::TimedOut.into());
        Self::Conn(RuntimeErr::SqlxError(Arc::new(timed_out)))
    }
}

pub(in crate::sql) struct Pool {
    address: Address,
    purpose: Purpose,
    silence: Duration,
    current: RwLock<Arc<DatabaseConnection>>,
}

impl Pool {
    /// `silence`: how long a server may take for one statement, which is more than its own limits.
    pub(in crate::sql) async fn open(address: &Address, purpose: Purpose, silence: Duration) -> Result<Self, DbErr> {
        let connection = connect(address, purpose).await?;
        Ok(Self { address: address.clone(), purpose, silence, current: RwLock::new(Arc::new(connection)) })
    }

    /// The connections as they are now.
    pub(in crate::sql) fn current(&self) -> Arc<DatabaseConnection> {
        Arc::clone(&self.current.read())
    }

    /// What comes of so many statements on `connection`, unless nobody answers. Then a statement is cut off, and what
    /// it was sent on must not be used again.
    pub(in crate::sql) async fn hear<T>(
        &self,
        connection: &Arc<DatabaseConnection>,
        statements: u32,
        answer: impl Future<Output = T>,
    ) -> Result<T, Silence> {
        if !self.address.dialect.is_server() {
            return Ok(answer.await);
        }
        let heard = tokio::time::timeout(self.silence * statements, answer).await;
        if heard.is_err() {
            self.throw_away(connection, "the database says nothing").await;
        }
        heard.map_err(|_| Silence)
    }

    /// What comes of one statement; over new connections, once, where the old ones are of no use any more.
    async fn ask<T, F>(&self, statement: impl Fn(Arc<DatabaseConnection>) -> F) -> Result<T, DbErr>
    where
        F: Future<Output = Result<T, DbErr>>,
    {
        let connection = self.current();
        let answer = self.hear(&connection, 1, statement(Arc::clone(&connection))).await?;
        let Some(error) = answer.as_ref().err().filter(|error| classify(error) == Class::Reconnect) else {
            return answer;
        };
        self.throw_away(&connection, &error.to_string()).await;
        let fresh = self.current();
        self.hear(&fresh, 1, statement(Arc::clone(&fresh))).await?
    }

    async fn throw_away(&self, useless: &Arc<DatabaseConnection>, why: &str) {
        let fresh = match connect_lazily(&self.address, self.purpose).await {
            Ok(fresh) => Arc::new(fresh),
            Err(error) => return tracing::error!(%error, "useless connections could not be replaced"),
        };
        let mut current = self.current.write();
        // Somebody else may have been faster.
        if Arc::ptr_eq(&current, useless) {
            tracing::warn!(why, "connections to the database are thrown away");
            let old = std::mem::replace(&mut *current, fresh);
            // It may wait for an answer that never comes.
            tokio::spawn(async move { old.close_by_ref().await });
        }
    }
}

#[async_trait]
impl ConnectionTrait for Pool {
    fn get_database_backend(&self) -> DbBackend {
        self.address.dialect.backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.ask(|connection| {
            let statement = statement.clone();
            async move { connection.execute_raw(statement).await }
        })
        .await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.ask(|connection| async move { connection.execute_unprepared(sql).await }).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.ask(|connection| {
            let statement = statement.clone();
            async move { connection.query_one_raw(statement).await }
        })
        .await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.ask(|connection| {
            let statement = statement.clone();
            async move { connection.query_all_raw(statement).await }
        })
        .await
    }
}

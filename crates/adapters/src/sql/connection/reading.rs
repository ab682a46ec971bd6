//! Reading, for those who may go away at any moment: a statement that was sent comes to its end on a task of its own, so
//! that no connection is left in the middle of an answer.

use super::error::classify;
use super::pool::{Pool, Silence};
use super::read_permits::ReadPermits;
use crate::deadline::Heard;
use crate::sql::dialect::class::Class;
use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use std::sync::Arc;
use tokio::runtime::Handle;

/// Connections that can't write.
pub(in crate::sql) struct ReadPool {
    pool: Arc<Pool>,
    permits: ReadPermits,
    heard: Arc<Heard>,
    runtime: Handle,
}

impl ReadPool {
    /// Has to be called on the runtime that reads shall run on.
    pub(in crate::sql) fn new(pool: Pool, connections: u32, heard: Arc<Heard>) -> Self {
        Self { pool: Arc::new(pool), permits: ReadPermits::new(connections), heard, runtime: Handle::current() }
    }

    /// The connections themselves, for whoever sees to it that nothing is cut off.
    pub(in crate::sql) fn pool(&self) -> &Pool {
        &self.pool
    }

    async fn send<T, F>(&self, statement: impl FnOnce(Arc<Pool>) -> F) -> Result<T, DbErr>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, DbErr>> + Send + 'static,
    {
        let permit = self.permits.take(&self.pool).await;
        let (statement, heard) = (statement(Arc::clone(&self.pool)), Arc::clone(&self.heard));
        let sent = self.runtime.spawn(async move {
            let _until_answered = permit;
            let answer = statement.await;
            if !matches!(&answer, Err(error) if classify(error) == Class::Lost) {
                heard.note();
            }
            answer
        });
        // A runtime that has ended answers nobody.
        sent.await.unwrap_or_else(|error| {
            Err(if error.is_panic() { DbErr::Custom(error.to_string()) } else { Silence.into() })
        })
    }
}

#[async_trait]
impl ConnectionTrait for ReadPool {
    fn get_database_backend(&self) -> DbBackend {
        self.pool.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.send(|pool| async move { pool.execute_raw(statement).await }).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let sql = sql.to_owned();
        self.send(|pool| async move { pool.execute_unprepared(&sql).await }).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.send(|pool| async move { pool.query_one_raw(statement).await }).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.send(|pool| async move { pool.query_all_raw(statement).await }).await
    }
}

//! One transaction that writes something other than a booking: begun, ended whatever happens, tried again if others were
//! in the way.

use super::error::{Class, RETRY_AFTER, classify, fault, store_error};
use super::pool::Pool;
use frontrow_application::port::{IdSource, StoreError};
use futures::future::BoxFuture;
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use std::time::Duration;

/// Why a transaction is not to be committed.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The row has been changed, made or removed since it was read.
    Stale,
    /// The database said no.
    Database(DbErr),
}

impl From<DbErr> for Refusal {
    fn from(error: DbErr) -> Self {
        if classify(&error) == Class::Duplicate { Self::Stale } else { Self::Database(error) }
    }
}

/// Transactions that one piece of work may take.
const ATTEMPTS: u32 = 4;
/// As long as so many statements may take, one piece of work may: a publication inserts all seats of a hall.
const MOST_STATEMENTS: u32 = 4;

/// See [`Database::write`](super::Database::write).
pub(super) async fn run<T, F>(pool: &Pool, ids: &dyn IdSource, name: &'static str, work: &F) -> Result<T, StoreError>
where
    F: for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, Refusal>>,
{
    for attempt in 1..=ATTEMPTS {
        match run_once(pool, work).await {
            Ok(done) => return Ok(done),
            Err(Failure::Stale) => return Err(StoreError::Stale),
            Err(Failure::Database(error)) if classify(&error) != Class::Retry => {
                return Err(store_error(ids, name, &error));
            }
            Err(Failure::Database(error)) => tracing::debug!(operation = name, attempt, %error, "in the way"),
            // Nobody knows whether it has happened, so "nothing has changed" would be a guess.
            Err(Failure::Commit(error)) => return Err(fault(ids, name, &format!("commit: {error}"))),
        }
        pause(attempt, ids).await;
    }
    tracing::warn!(operation = name, "gave up for now");
    Err(StoreError::Busy { retry_after: RETRY_AFTER })
}

/// Why a transaction has ended without an answer.
enum Failure {
    Stale,
    Database(DbErr),
    Commit(DbErr),
}

async fn run_once<T, F>(pool: &Pool, work: &F) -> Result<T, Failure>
where
    F: for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, Refusal>>,
{
    let connection = pool.current();
    let begun = pool.hear(&connection, 1, begin(&connection)).await;
    let transaction = begun.map_err(DbErr::from).flatten().map_err(Failure::Database)?;
    let worked = match pool.hear(&connection, MOST_STATEMENTS, work(&transaction)).await {
        Ok(worked) => worked,
        // Its connection is closed, and the server rolls it back.
        Err(silence) => return Err(Failure::Database(silence.into())),
    };
    let failure = match worked {
        Ok(done) => {
            let committed = pool.hear(&connection, 1, transaction.commit()).await;
            return committed.map_err(DbErr::from).flatten().map_err(not_committed).map(|()| done);
        }
        Err(Refusal::Stale) => Failure::Stale,
        Err(Refusal::Database(error)) => Failure::Database(error),
    };
    let rolled_back = pool.hear(&connection, 1, transaction.rollback()).await;
    if let Err(error) = rolled_back.map_err(DbErr::from).flatten() {
        tracing::warn!(%error, "a rollback failed");
    }
    Err(failure)
}

/// Begins a transaction that has the right to write from its first statement: one that only asks for it later can lose
/// what it has read.
pub(super) async fn begin(connection: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    // Only SQLite has modes; the others have agreed on their isolation when they connected.
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    connection.begin_with_options(options).await
}

fn not_committed(error: DbErr) -> Failure {
    match classify(&error) {
        Class::Retry => Failure::Database(error),
        _ => Failure::Commit(error),
    }
}

/// Some milliseconds, more with every attempt, and not the same for everybody.
pub(super) async fn pause(attempt: u32, ids: &dyn IdSource) {
    let jitter = u64::from(ids.secret()[0]) % 8;
    tokio::time::sleep(Duration::from_millis(u64::from(attempt) * 4 + jitter)).await;
}

/// A guarded write has to touch its one row.
pub(super) fn one(rows: u64) -> Result<(), Refusal> {
    if rows == 1 { Ok(()) } else { Err(Refusal::Stale) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::testing::{Counter, database};
    use sea_orm::{ConnectOptions, ConnectionTrait};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// A connection that does not wait for others.
    async fn impatient(folder: &tempfile::TempDir) -> Pool {
        let mut options = ConnectOptions::new(format!("sqlite://{}/test.db", folder.path().display()));
        options.max_connections(1).map_sqlx_sqlite_opts(|options| options.busy_timeout(Duration::ZERO));
        Pool::of(sea_orm::Database::connect(options).await.unwrap())
    }

    fn nothing(_: &DatabaseTransaction) -> BoxFuture<'_, Result<(), Refusal>> {
        Box::pin(async { Ok(()) })
    }

    #[tokio::test]
    async fn who_is_always_in_the_way_makes_it_busy_and_who_leaves_does_not() {
        let (_database, folder) = database().await;
        let (one, other) = (impatient(&folder).await, impatient(&folder).await);
        let in_the_way = begin(&one.current()).await.unwrap();
        let busy = run(&other, &Counter::default(), "test", &nothing).await;
        assert_eq!(busy, Err(StoreError::Busy { retry_after: RETRY_AFTER }));
        in_the_way.rollback().await.unwrap();
        assert_eq!(run(&other, &Counter::default(), "test", &nothing).await, Ok(()));
    }

    #[tokio::test]
    async fn what_is_refused_or_fails_leaves_nothing_and_no_transaction_behind() {
        let (database, _folder) = database().await;
        let write = |end: fn() -> Refusal| {
            database.write("test", move |transaction| {
                Box::pin(async move {
                    let buyer = "INSERT INTO buyer (sale_id, user_id, version) VALUES (x'01', x'01', 1)";
                    transaction.execute_unprepared(buyer).await?;
                    Err::<(), _>(end())
                })
            })
        };
        assert_eq!(write(|| Refusal::Stale).await, Err(StoreError::Stale));
        let failed = write(|| Refusal::Database(DbErr::Custom("no".into()))).await;
        assert!(matches!(failed, Err(StoreError::Fault(_))), "{failed:?}");
        let panicked = write(|| panic!("the work panics")).await;
        assert!(matches!(panicked, Err(StoreError::Fault(_))), "{panicked:?}");
        let twice = database.write("test", |transaction| {
            Box::pin(async move {
                let buyer = "INSERT INTO buyer (sale_id, user_id, version) VALUES (x'01', x'01', 1)";
                transaction.execute_unprepared(buyer).await?;
                transaction.execute_unprepared(buyer).await?;
                Ok(())
            })
        });
        assert_eq!(twice.await, Err(StoreError::Stale));
        let left = database
            .readers()
            .query_all_raw(sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, "SELECT 1 FROM buyer"));
        assert!(left.await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn who_goes_away_does_not_cut_the_work_off() {
        let (database, _folder) = database().await;
        let (begun, done) = (Arc::new(tokio::sync::Notify::new()), Arc::new(AtomicU32::new(0)));
        let go_on = Arc::new(tokio::sync::Notify::new());
        let asked = {
            let (database, begun, done, go_on) = (database.clone(), begun.clone(), done.clone(), go_on.clone());
            tokio::spawn(async move {
                let written = database.write("test", move |_| {
                    let (begun, done, go_on) = (begun.clone(), done.clone(), go_on.clone());
                    Box::pin(async move {
                        begun.notify_one();
                        go_on.notified().await;
                        done.fetch_add(1, Ordering::SeqCst);
                        Ok(())
                    })
                });
                written.await
            })
        };
        begun.notified().await;
        asked.abort();
        assert!(asked.await.unwrap_err().is_cancelled());
        go_on.notify_one();
        database.write("test", nothing).await.unwrap();
        assert_eq!(done.load(Ordering::SeqCst), 1);
    }
}

//! One transaction that writes something other than a booking: begun, ended whatever happens, tried again if others were
//! in the way.

use super::connection::storage::Storage;
use super::connection::{Class, Failure, classify};
use super::dialect::class::RETRY_AFTER;
use super::error::{fault, told};
use super::rows::Guarded;
use super::statements::update;
use super::writers::Writers;
use crate::retry::Retry;
use frontrow_application::Outage;
use frontrow_application::port::{IdSource, StoreError};
use futures::future::BoxFuture;
use sea_orm::{ActiveModelTrait, ConnectionTrait, DatabaseTransaction, DbErr, QueryTrait, Value};

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

/// As long as so many statements may take, one piece of work may: a publication inserts all seats of a hall.
const MAX_STATEMENTS: u32 = 4;

/// See [`Database::write`](super::Database::write).
pub(super) async fn run<T, F>(
    (writers, storage): (&Writers, &Storage),
    ids: &dyn IdSource,
    name: &'static str,
    work: &F,
) -> Result<T, StoreError>
where
    F: for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, Refusal>>,
{
    let mut retry = Retry::new(ids);
    loop {
        let failure = match run_once(writers, work).await {
            Ok(done) => return Ok(done),
            Err(failure) => failure,
        };
        storage.note(failure.class());
        match failure {
            Failure::Overtaken(_) => return Err(StoreError::Stale),
            Failure::Within | Failure::Database { class: Class::Retry | Class::Reconnect, .. } => {
                tracing::debug!(operation = name, %failure, "in the way");
            }
            Failure::Database { class, cause } => return Err(told(ids, name, class, &cause)),
            Failure::Bug(cause) => return Err(fault(ids, name, &cause)),
            // "Nothing has changed" would be a guess.
            Failure::UnknownOutcome(cause) => {
                tracing::error!(operation = name, cause, "whether a commit has happened is not known");
                return Err(StoreError::Unknown);
            }
        }
        if !retry.again().await {
            tracing::warn!(operation = name, "gave up for now");
            return Err(StoreError::Outage(Outage::Busy { retry_after: RETRY_AFTER }));
        }
    }
}

/// One transaction, ended whatever happens. What does not end well is the end of its connection.
pub(super) async fn run_once<T, F>(writers: &Writers, work: &F) -> Result<T, Failure>
where
    F: for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, Refusal>>,
{
    let writer = writers.writer().await?;
    let transaction = writers.hear(1, writer.connection.begin()).await??;
    // If nobody answers, its connection is closed, and the server rolls it back.
    let failure = match writers.hear(MAX_STATEMENTS, work(&transaction)).await? {
        Ok(done) => {
            let committed = writers.hear(1, transaction.commit()).await;
            let committed = committed.map_err(|_| Failure::UnknownOutcome("no answer".into()))?;
            return committed.map(|()| done).map_err(Failure::from);
        }
        Err(Refusal::Stale) => Failure::Overtaken("the row".into()),
        Err(Refusal::Database(error)) => error.into(),
    };
    // Its server may have become one that can't be written: the next connection may lead to another one. What is dropped in
    // a transaction is closed.
    if matches!(failure.class(), Class::Lost | Class::Reconnect | Class::Unwritable) {
        return Err(failure);
    }
    let rolled_back = writers.hear(1, transaction.rollback()).await;
    if let Err(error) = rolled_back.map_err(DbErr::from).flatten() {
        tracing::debug!(%error, %failure, "a rollback failed");
    }
    Err(failure)
}

/// Updates the row with the key of `row`, if its guard says what it said when it was read.
pub(super) async fn update_guarded<A>(
    transaction: &DatabaseTransaction,
    row: A,
    read: impl Into<Value>,
) -> Result<(), Refusal>
where
    A: ActiveModelTrait,
    A::Entity: Guarded,
{
    update_one(transaction, &update(row, Some((A::Entity::GUARD, read.into())))?).await
}

/// Carries an update of one row out, which has to find it.
pub(super) async fn update_one(transaction: &DatabaseTransaction, update: &impl QueryTrait) -> Result<(), Refusal> {
    let update = update.build(transaction.get_database_backend());
    one(transaction.execute_raw(update).await?.rows_affected())
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
    use std::time::Duration;

    /// A connection that does not wait for others.
    async fn impatient(folder: &tempfile::TempDir) -> Writers {
        let mut options = ConnectOptions::new(format!("sqlite://{}/test.db", folder.path().display()));
        options
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .map_sqlx_sqlite_opts(|options| options.busy_timeout(Duration::ZERO));
        Writers::of(sea_orm::Database::connect(options).await.unwrap())
    }

    fn nothing(_: &DatabaseTransaction) -> BoxFuture<'_, Result<(), Refusal>> {
        Box::pin(async { Ok(()) })
    }

    #[tokio::test]
    async fn who_is_always_in_the_way_makes_it_busy_and_who_leaves_does_not() {
        let (_database, folder) = database().await;
        let (one, other) = (impatient(&folder).await, impatient(&folder).await);
        let one = one.writer().await.unwrap();
        let in_the_way = one.connection.begin().await.unwrap();
        let storage = Storage::default();
        let busy = run((&other, &storage), &Counter::default(), "test", &nothing).await;
        assert_eq!(busy, Err(StoreError::Outage(Outage::Busy { retry_after: RETRY_AFTER })));
        in_the_way.rollback().await.unwrap();
        assert_eq!(run((&other, &storage), &Counter::default(), "test", &nothing).await, Ok(()));
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
            .booking_readers()
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

//! The connections to one database, and the one way to write through them.

mod pools;
mod settings;

pub(in crate::sql) use pools::QUEUE_WRITERS;
pub use settings::DatabaseSettings;

use super::address::Address;
use super::asker::Asker;
use super::connect::{PATIENT_READ_LIMIT, READ_LIMIT, connect, connect_worker};
use super::connection::Class;
use super::connection::storage::Storage;
use super::database_error::DatabaseError;
use super::dialect::Dialect;
use super::dialect::class::RETRY_AFTER;
use super::dialect::purpose::{Opened, Purpose};
use super::error::{store_error, told};
use super::faults::Faults;
use super::reading::ReadPool;
use super::statements::Texts;
use super::storage;
use super::transaction::Connection;
use super::unreadable::UnreadableRows;
use super::version;
use super::write::{self, Refusal};
use super::writers::Writers;
use crate::deadline::{self, Heard};
use crate::panics;
use crate::retry::Retry;
use frontrow_application::Outage;
use frontrow_application::deadline::READ;
use frontrow_application::port::{IdSource, StoreError};
use frontrow_migration::{Migrator, MigratorTrait, SchemaState};
use futures::future::BoxFuture;
use pools::{Pools, Waits};
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr};
use settings::not_opened;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

/// How long a server may say nothing. Its own limits are far below: only a connection that leads nowhere any more takes
/// longer.
const SILENCE: Duration = Duration::from_secs(30);
/// The same for what is only read, which has to be found out sooner: a connection is made first, and then a statement may
/// take its limit.
const SILENT_READ: Duration = Duration::from_secs(10);

/// A database: connections that read, and some that write what no worker does.
pub struct Database {
    address: Address,
    dialect: &'static dyn Dialect,
    texts: Texts,
    pools: Pools,
    /// How long whoever reads waits.
    read_within: Duration,
    storage: Arc<Storage>,
    faults: Faults,
    heard: Arc<Heard>,
    silence: Duration,
    runtime: Handle,
    ids: Arc<dyn IdSource>,
    unreadable: UnreadableRows,
    /// Tries to write as long as writes fail.
    watch: AbortHandle,
}

impl Database {
    /// Opens the database. Must be called on the runtime that writes shall run on, which must outlive those who wait.
    pub async fn open(settings: &DatabaseSettings, ids: Arc<dyn IdSource>) -> Result<Self, DatabaseError> {
        Self::open_with(settings, ids, SILENCE, READ_LIMIT, Faults::default()).await
    }

    /// [`Database::open`] for commands that are typed, whose reads may take their time.
    pub async fn open_patiently(settings: &DatabaseSettings, ids: Arc<dyn IdSource>) -> Result<Self, DatabaseError> {
        Self::open_with(settings, ids, SILENCE, PATIENT_READ_LIMIT, Faults::default()).await
    }

    async fn open_with(
        settings: &DatabaseSettings,
        ids: Arc<dyn IdSource>,
        silence: Duration,
        limit: Duration,
        faults: Faults,
    ) -> Result<Self, DatabaseError> {
        let address = settings.check()?;
        address.check_files()?;
        let (storage, heard) = (Arc::new(Storage::new()), Arc::new(Heard::now()));
        let patient = limit > READ_LIMIT;
        let silent_read = if patient { silence } else { silence.min(SILENT_READ) };
        let waits = Waits { silence, silent_read, read_limit: limit };
        let pools = Pools::open(&address, settings, waits, &storage, &faults, &heard).await;
        let pools = pools.map_err(|error| not_opened(&address, &error))?;
        let dialect = version::dialect(&address, pools.booking_readers.pool()).await?;
        let runtime = Handle::current();
        let watch = {
            let (storage, writers, ids) = (Arc::clone(&storage), Arc::clone(&pools.queue_writers), Arc::clone(&ids));
            let watch = async move {
                panics::restarted("watch_storage", || storage::watch(&storage, &writers, &*ids)).await;
            };
            runtime.spawn(watch).abort_handle()
        };
        Ok(Self {
            texts: Texts::of_lists(dialect),
            pools,
            read_within: if patient { silence } else { READ },
            address,
            dialect,
            storage,
            faults,
            heard,
            silence,
            runtime,
            ids,
            unreadable: UnreadableRows::default(),
            watch,
        })
    }

    /// [`Database::open`] with faults in its transactions; for tests.
    #[cfg(feature = "hooks")]
    pub async fn open_with_hook(
        settings: &DatabaseSettings,
        ids: Arc<dyn IdSource>,
        hook: Arc<dyn super::hook::Hook>,
    ) -> Result<Self, DatabaseError> {
        Self::open_with(settings, ids, SILENCE, READ_LIMIT, Faults::of(hook)).await
    }

    /// [`Database::open`] for a server that may not be silent for longer than that; for tests.
    #[cfg(feature = "hooks")]
    pub async fn open_with_silence(
        settings: &DatabaseSettings,
        ids: Arc<dyn IdSource>,
        silence: Duration,
    ) -> Result<Self, DatabaseError> {
        Self::open_with(settings, ids, silence, READ_LIMIT, Faults::default()).await
    }

    /// Takes all steps that are pending. One process at a time does; others wait for it, and find nothing left to do.
    pub async fn migrate(&self) -> Result<(), DatabaseError> {
        if let SchemaState::Newer(steps) = self.schema_state().await? {
            return Err(DatabaseError::Newer(steps));
        }
        let failed = |error: String| DatabaseError::Failed(format!("migrate: {error}"));
        if !self.is_server() {
            // Whole or not at all, because its steps can be taken back; and alone, because it writes.
            let up = self
                .write("migrate", |transaction| Box::pin(async move { Ok(Migrator::up(transaction, None).await?) }));
            return up.await.map_err(|error| failed(error.to_string()));
        }
        let alone = connect(&self.address, Purpose::Migrate).await.map_err(|error| failed(error.to_string()))?;
        let migrated = frontrow_migration::migrate_alone(&alone).await.map_err(|error| failed(error.to_string()));
        drop(alone.close().await);
        migrated
    }

    /// Whether the database is a server's, which several instances may use, and not a file.
    pub fn is_server(&self) -> bool {
        self.dialect.is_server()
    }

    /// Whether the schema is the one that this release needs. Changes nothing.
    pub async fn schema_state(&self) -> Result<SchemaState, DatabaseError> {
        let state = frontrow_migration::schema_state(&self.pools.booking_readers.pool().current()).await;
        state.map_err(|error| DatabaseError::Failed(error.to_string()))
    }

    /// Whether there is no table in it. Changes nothing.
    pub async fn is_empty(&self) -> Result<bool, DatabaseError> {
        let empty = frontrow_migration::is_empty(&self.pools.booking_readers.pool().current()).await;
        empty.map_err(|error| DatabaseError::Failed(error.to_string()))
    }

    /// Closes all connections, once those who use them are done.
    pub async fn close(&self) {
        self.watch.abort();
        self.pools.close(self.silence).await;
    }

    /// How the database is spoken to.
    pub(in crate::sql) fn dialect(&self) -> &'static dyn Dialect {
        self.dialect
    }

    /// The statements of whoever is not a worker.
    pub(in crate::sql) fn texts(&self) -> &Texts {
        &self.texts
    }

    /// Connections that can't write, for what a hold, a payment, a pass, a check-in or a tick needs: short reads only.
    pub(in crate::sql) fn booking_readers(&self) -> &ReadPool {
        &self.pools.booking_readers
    }

    /// Connections that can't write, for all else: the catalogue, accounts, histories, what operators look at.
    pub(in crate::sql) fn browsing_readers(&self) -> &ReadPool {
        &self.pools.browsing_readers
    }

    /// Whether what is written can be kept.
    pub(in crate::sql) fn storage(&self) -> &Storage {
        &self.storage
    }

    /// How long the database may take for a statement, or for a transaction of a booking.
    pub(in crate::sql) fn silence(&self) -> Duration {
        self.silence
    }

    /// A new connection of one's own that only reads, for as long as it takes.
    pub(in crate::sql) async fn audit_connection(&self) -> Result<DatabaseConnection, DbErr> {
        connect(&self.address, Purpose::Audit).await
    }

    /// A new connection of one's own that can write, and whether it still is the one that was opened.
    pub(in crate::sql) async fn worker_connection(&self) -> Result<(Connection, Opened), StoreError> {
        let connection = connect_worker(&self.address).await;
        let (pool, opened) = connection.map_err(|error| self.fault("connect a worker", &error))?;
        Ok((Connection::new(pool, self.dialect, Arc::clone(&self.storage), self.faults.clone()), opened))
    }

    /// An id that nobody else has.
    pub(in crate::sql) fn id(&self) -> Uuid {
        self.ids.id()
    }

    /// For work that may be tried again.
    pub(in crate::sql) fn retry(&self) -> Retry<'_> {
        Retry::new(&*self.ids)
    }

    /// What an error in `name` is to whoever asked; its cause goes to the log.
    pub(in crate::sql) fn fault(&self, name: &'static str, error: &DbErr) -> StoreError {
        store_error(&*self.ids, name, error)
    }

    /// The same for an error whose class is known.
    pub(in crate::sql) fn told(&self, name: &'static str, class: Class, cause: &dyn std::fmt::Display) -> StoreError {
        told(&*self.ids, name, class, cause)
    }

    /// What these rows say, and those that can't be read, each with its fault: they are logged once, and in no other's way.
    pub(in crate::sql) fn readable<R, T>(
        &self,
        name: &'static str,
        rows: Vec<R>,
        id: impl Fn(&R) -> Uuid,
    ) -> (Vec<T>, Vec<(Uuid, StoreError)>)
    where
        T: TryFrom<R, Error = DbErr>,
    {
        self.unreadable.read(name, rows, id, |error| self.fault(name, error))
    }

    /// The runtime that the connections live on.
    pub(in crate::sql) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Notes a sign of life.
    pub(in crate::sql) fn hear(&self) {
        self.heard.note();
    }

    /// What to tell whoever has waited for `name` since then, and can wait no longer: that there is too much to do, or that
    /// the database is away.
    pub(in crate::sql) fn late(&self, name: &'static str, begun: Instant) -> Outage {
        let is_there = !self.is_server() || self.heard.since(begun);
        let why = if is_there { "busy" } else { "unavailable" };
        tracing::warn!(operation = name, why, "not done when its deadline came");
        metrics::counter!("frontrow_deadlines_missed_total", "why" => why).increment(1);
        let retry_after = RETRY_AFTER;
        if is_there { Outage::Busy { retry_after } } else { Outage::Unavailable { retry_after } }
    }

    /// Carries a query out; whoever asked waits no longer than for a read.
    pub(in crate::sql) async fn read<T>(
        &self,
        name: &'static str,
        query: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, StoreError> {
        let begun = Instant::now();
        match timeout_at(deadline::until(self.read_within), query).await {
            Ok(found) => found.map_err(|error| self.fault(name, &error)),
            Err(_) => Err(self.late(name, begun).into()),
        }
    }

    /// Runs `work` in a transaction that can write, and commits it if all is well; tries again if others were in the way.
    /// A row that exists already is [`StoreError::Stale`]. Once begun it comes to its end, whether or not anybody still
    /// waits for it, unless whoever asked has been told that it has not happened: then it is undone.
    pub(in crate::sql) async fn write<T, F>(&self, name: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, Refusal>> + Send + Sync + 'static,
    {
        self.write_through(&self.pools.writers, name, work).await
    }

    /// [`Database::write`] for queues: it waits for no log-in, and for nothing else that is written there.
    pub(in crate::sql) async fn write_queue<T, F>(&self, name: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, Refusal>> + Send + Sync + 'static,
    {
        self.write_through(&self.pools.queue_writers, name, work).await
    }

    async fn write_through<T, F>(&self, writers: &Arc<Writers>, name: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, Refusal>> + Send + Sync + 'static,
    {
        let (begun, until) = (Instant::now(), deadline::until(Duration::MAX));
        let late = || StoreError::from(self.late(name, begun));
        let permit = timeout_at(until, writers.permit()).await.map_err(|_| late())?;
        let permit = permit.map_err(|_| Outage::Unavailable { retry_after: RETRY_AFTER })?;
        let (asker, work) = (Arc::new(Asker::default()), Arc::new(work));
        let (writers, storage) = (Arc::clone(writers), Arc::clone(&self.storage));
        let (ids, heard, asked) = (Arc::clone(&self.ids), Arc::clone(&self.heard), Arc::clone(&asker));
        let mut task = self.runtime.spawn(async move {
            let _until_ended = permit;
            let written = write::run((&writers, &storage), &*ids, name, &|transaction| {
                let (work, asked) = (Arc::clone(&work), Arc::clone(&asked));
                Box::pin(async move { asked.served_by(work(transaction)).await })
            })
            .await;
            // Others may never have heard of it: a commit that nobody answered, a connection that nobody made.
            if matches!(written, Ok(_) | Err(StoreError::Stale | StoreError::Outage(Outage::StorageFull { .. }))) {
                heard.note();
            }
            written
        });
        match timeout_at(until, &mut task).await {
            Ok(ended) => ended.unwrap_or_else(|error| Err(self.fault(name, &DbErr::Custom(error.to_string())))),
            Err(_) if asker.gives_up() => Err(late()),
            Err(_) => {
                tracing::error!(operation = name, "its commit was not answered in time");
                Err(StoreError::Unknown)
            }
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::testing::database;
    use sea_orm::{ConnectionTrait, DbBackend, Statement};

    async fn pragma<T: sea_orm::TryGetable>(connection: &impl ConnectionTrait, name: &str) -> T {
        let statement = Statement::from_string(DbBackend::Sqlite, format!("PRAGMA {name}"));
        let row = connection.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }

    #[tokio::test]
    async fn who_writes_writes_safely_and_who_reads_can_not_write() {
        let (database, _folder) = database().await;
        let (worker, _) = database.worker_connection().await.unwrap();
        let writer = database.pools.writers.writer().await.unwrap();
        for connection in [&*worker, &**writer.connection] {
            assert_eq!(pragma::<String>(connection, "journal_mode").await, "wal");
            assert_eq!(pragma::<i32>(connection, "synchronous").await, 2);
            assert_eq!(pragma::<i32>(connection, "busy_timeout").await, 2000);
        }
        assert_eq!(pragma::<i32>(database.booking_readers(), "busy_timeout").await, 1500);
        let refused = database.booking_readers().execute_unprepared("DELETE FROM users").await;
        assert!(refused.unwrap_err().to_string().contains("readonly"));
    }

    /// Some seconds of counting.
    const SLOW: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) \
                        SELECT COUNT(*) FROM n";

    #[tokio::test]
    async fn who_waits_for_readers_that_are_at_work_is_told_that_there_is_too_much_to_do() {
        let (database, _folder) = database().await;
        let count = || async {
            let text = Statement::from_string(DbBackend::Sqlite, SLOW);
            let row = database.booking_readers().query_one_raw(text).await?;
            row.ok_or_else(|| DbErr::RecordNotFound("a count".into()))?.try_get_by_index::<i64>(0)
        };
        let soon = Duration::from_millis(10);
        let asked = (0..5).map(|_| frontrow_application::deadline::within(soon, database.read("test", count())));
        for told in futures::future::join_all(asked).await {
            assert!(matches!(told, Err(StoreError::Outage(Outage::Busy { .. }))), "{told:?}");
        }
        // The connections are as good as they were.
        for _ in 0..5 {
            assert_eq!(pragma::<String>(database.booking_readers(), "journal_mode").await, "wal");
        }
    }
}

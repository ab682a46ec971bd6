//! The connections to one database, and the one way to write through them.

use super::error::{is_cannot_open, store_error};
use super::write::{self, Refusal};
use frontrow_application::port::{IdSource, StoreError};
use frontrow_migration::{Migrator, MigratorTrait, SchemaState};
use futures::future::BoxFuture;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, DatabaseConnection, DatabaseTransaction, DbErr};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::runtime::Handle;

/// Which database, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseSettings {
    /// Such as `sqlite://frontrow.db` or `sqlite:///var/lib/frontrow/frontrow.db`.
    pub url: String,
    /// Connections that only read: 1 to [`DatabaseSettings::MOST_READERS`].
    pub readers: u32,
    /// Whether to make the file if it does not exist.
    pub create: bool,
}

impl DatabaseSettings {
    /// Readers unless the settings say otherwise.
    pub const DEFAULT_READERS: u32 = 4;
    /// More than these only wait for the same processors.
    pub const MOST_READERS: u32 = 64;
}

/// Why the database can't be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DatabaseError {
    /// The address is not one of a file.
    #[error("the database address is sqlite://PATH, such as sqlite://frontrow.db")]
    NotAnAddress,
    /// Several connections would each have a memory of their own.
    #[error(
        "the database is a file that several connections share: write sqlite://PATH instead of an in-memory address"
    )]
    InMemory,
    /// How the file is opened is not the address's business.
    #[error("write the path alone: the database address takes no parameters after a question mark")]
    Parameters,
    /// Too few or too many.
    #[error("write 1 to {} readers", DatabaseSettings::MOST_READERS)]
    Readers,
    /// There is no such file, or it can't be read or made.
    #[error("there is no database that can be opened at {0}: check the path and whose it is, or make one first")]
    CannotOpen(String),
    /// Made by a newer release.
    #[error("the database was made by a newer release (it has {}): run that one, or one that is newer", .0.join(", "))]
    Newer(Vec<String>),
    /// Anything else.
    #[error("the database does not work: {0}")]
    Failed(String),
}

/// A database: connections that read, and one that writes what is not a booking.
pub struct Database {
    url: String,
    readers: DatabaseConnection,
    writer: DatabaseConnection,
    runtime: Handle,
    ids: Arc<dyn IdSource>,
}

/// What a connection is for.
#[derive(Clone, Copy)]
enum Purpose {
    Read { connections: u32 },
    Write { create: bool },
}

impl Database {
    /// Opens the database. Must be called on the runtime that writes shall run on, which must outlive those who wait.
    pub async fn open(settings: &DatabaseSettings, ids: Arc<dyn IdSource>) -> Result<Self, DatabaseError> {
        check(settings)?;
        let url = settings.url.clone();
        // The writer comes first: it makes the file and its write-ahead log.
        let writer = connect(&url, Purpose::Write { create: settings.create }).await;
        let writer = writer.map_err(|error| open_error(&url, &error))?;
        let readers = connect(&url, Purpose::Read { connections: settings.readers }).await;
        let readers = readers.map_err(|error| open_error(&url, &error))?;
        Ok(Self { url, readers, writer, runtime: Handle::current(), ids })
    }

    /// Takes all steps that are pending, whole: in one transaction, which another process that migrates waits for.
    pub async fn migrate(&self) -> Result<(), DatabaseError> {
        if let SchemaState::Newer(steps) = self.schema_state().await? {
            return Err(DatabaseError::Newer(steps));
        }
        let migrated =
            self.write("migrate", |transaction| Box::pin(async move { Ok(Migrator::up(transaction, None).await?) }));
        migrated.await.map_err(|error| DatabaseError::Failed(format!("migrate: {error}")))
    }

    /// Whether the schema is the one that this release needs. Changes nothing.
    pub async fn schema_state(&self) -> Result<SchemaState, DatabaseError> {
        let state = frontrow_migration::schema_state(&self.readers).await;
        state.map_err(|error| DatabaseError::Failed(error.to_string()))
    }

    /// Closes all connections, once those who use them are done.
    pub async fn close(&self) {
        for connection in [&self.readers, &self.writer] {
            if let Err(error) = connection.close_by_ref().await {
                tracing::warn!(%error, "a connection did not close");
            }
        }
    }

    /// Connections that can't write.
    pub(crate) fn readers(&self) -> &DatabaseConnection {
        &self.readers
    }

    /// A new connection of one's own that can write.
    pub(crate) async fn lane_connection(&self) -> Result<DatabaseConnection, StoreError> {
        let connection = connect(&self.url, Purpose::Write { create: false }).await;
        connection.map_err(|error| self.fault("open a lane", &error))
    }

    /// What an error in `name` is to whoever asked; its cause goes to the log.
    pub(crate) fn fault(&self, name: &'static str, error: &DbErr) -> StoreError {
        store_error(&*self.ids, name, error)
    }

    /// Carries a query out.
    pub(crate) async fn read<T>(
        &self,
        name: &'static str,
        query: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, StoreError> {
        query.await.map_err(|error| self.fault(name, &error))
    }

    /// Runs `work` in a transaction that can write, and commits it if all is well; tries again if others were in the way.
    /// A row that exists already is [`StoreError::Stale`]. Once begun it comes to its end, whether or not anybody still
    /// waits for it.
    pub(crate) async fn write<T, F>(&self, name: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, Refusal>> + Send + Sync + 'static,
    {
        let (writer, ids) = (self.writer.clone(), Arc::clone(&self.ids));
        let task = self.runtime.spawn(async move { write::run(&writer, &*ids, name, &work).await });
        task.await.unwrap_or_else(|error| Err(self.fault(name, &DbErr::Custom(error.to_string()))))
    }
}

fn check(settings: &DatabaseSettings) -> Result<(), DatabaseError> {
    let path = settings.url.strip_prefix("sqlite:").ok_or(DatabaseError::NotAnAddress)?;
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.contains(":memory:") || path.contains("mode=memory") {
        return Err(DatabaseError::InMemory);
    }
    if path.contains('?') {
        return Err(DatabaseError::Parameters);
    }
    if path.is_empty() {
        return Err(DatabaseError::NotAnAddress);
    }
    if !(1..=DatabaseSettings::MOST_READERS).contains(&settings.readers) {
        return Err(DatabaseError::Readers);
    }
    Ok(())
}

async fn connect(url: &str, purpose: Purpose) -> Result<DatabaseConnection, DbErr> {
    let connections = match purpose {
        Purpose::Read { connections } => connections,
        Purpose::Write { .. } => 1,
    };
    let mut options = ConnectOptions::new(url);
    options
        .min_connections(connections)
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        // A connection to a file does not age.
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .map_sqlx_sqlite_opts(move |options| tune(options, purpose));
    sea_orm::Database::connect(options).await
}

/// How long to wait for a connection, or for another writer.
const PATIENCE: Duration = Duration::from_secs(5);

fn tune(options: SqliteConnectOptions, purpose: Purpose) -> SqliteConnectOptions {
    let options = options.busy_timeout(PATIENCE).foreign_keys(false);
    match purpose {
        Purpose::Read { .. } => options.pragma("query_only", "ON"),
        Purpose::Write { create } => {
            options.create_if_missing(create).journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full)
        }
    }
}

fn open_error(url: &str, error: &DbErr) -> DatabaseError {
    if is_cannot_open(error) {
        DatabaseError::CannotOpen(url.to_owned())
    } else {
        DatabaseError::Failed(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use crate::sql::testing::database;
    use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

    async fn pragma<T: sea_orm::TryGetable>(connection: &DatabaseConnection, name: &str) -> T {
        let statement = Statement::from_string(DbBackend::Sqlite, format!("PRAGMA {name}"));
        let row = connection.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }

    #[tokio::test]
    async fn who_writes_writes_safely_and_who_reads_can_not_write() {
        let (database, _folder) = database().await;
        let lane = database.lane_connection().await.unwrap();
        for connection in [&lane, &database.writer] {
            assert_eq!(pragma::<String>(connection, "journal_mode").await, "wal");
            assert_eq!(pragma::<i32>(connection, "synchronous").await, 2);
            assert_eq!(pragma::<i32>(connection, "busy_timeout").await, 5000);
        }
        assert_eq!(pragma::<i32>(database.readers(), "busy_timeout").await, 5000);
        let refused = database.readers().execute_unprepared("DELETE FROM users").await;
        assert!(refused.unwrap_err().to_string().contains("readonly"));
    }
}

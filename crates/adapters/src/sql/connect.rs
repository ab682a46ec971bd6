//! Connections, and what is agreed with the database for as long as they last.

use super::address::Address;
use futures::future::BoxFuture;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{Connection, Error as SqlxError, Executor};
use sea_orm::{ConnectOptions, DatabaseConnection, DbBackend, DbErr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// What connections are for.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// Only to read, no longer than that for a statement.
    Read { connections: u32, limit: Duration },
    /// Only to read, and everything: that takes as long as it takes.
    Audit,
    /// What is not a booking.
    Write { create: bool },
    /// Bookings.
    Book,
    /// The schema: steps take as long as they take.
    Migrate,
}

/// How long to wait for a connection, or for a sign of life on one.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait for whoever else writes, each time.
const LOCK: Duration = Duration::from_secs(2);
/// How long a statement may take that somebody waits for who reads: less than they wait, so that they hear of it.
pub(super) const READ_LIMIT: Duration = Duration::from_millis(1500);
/// The same for commands that are typed, and may take their time.
pub(super) const PATIENT_READ_LIMIT: Duration = Duration::from_secs(25);
/// A connection that was not used for so long is tried before it is used: its server may have been restarted.
const IDLE: Duration = Duration::from_secs(1);
/// How long nothing may be said on a connection that can write: less than half of what `MySQL` allows. A lane says
/// something then; others are closed, and opened again when they are needed.
pub(crate) const QUIET: Duration = Duration::from_millis(1500);

/// Counts the connections that a pool has opened. A pool opens another one, without a word, when it finds one broken.
#[derive(Clone, Default)]
pub(crate) struct Opened(Arc<AtomicU32>);

impl Opened {
    /// Whether the first connection is still the only one there ever was.
    pub(crate) fn at_most_once(&self) -> bool {
        self.0.load(Ordering::SeqCst) <= 1
    }

    fn note(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

pub(super) async fn connect(address: &Address, purpose: Purpose) -> Result<DatabaseConnection, DbErr> {
    sea_orm::Database::connect(options(address, purpose, &Opened::default())).await
}

/// The same, but for connections that are made when they are needed.
pub(super) async fn connect_lazily(address: &Address, purpose: Purpose) -> Result<DatabaseConnection, DbErr> {
    let mut options = options(address, purpose, &Opened::default());
    options.connect_lazy(true);
    sea_orm::Database::connect(options).await
}

/// One connection for bookings, which its lane must know when it has become another one.
pub(super) async fn connect_lane(address: &Address) -> Result<(DatabaseConnection, Opened), DbErr> {
    let opened = Opened::default();
    let connection = sea_orm::Database::connect(options(address, Purpose::Book, &opened)).await?;
    Ok((connection, opened))
}

fn options(address: &Address, purpose: Purpose, opened: &Opened) -> ConnectOptions {
    let connections = match purpose {
        Purpose::Read { connections, .. } => connections,
        Purpose::Write { .. } | Purpose::Book | Purpose::Audit | Purpose::Migrate => 1,
    };
    let mut options = ConnectOptions::new(&address.url);
    options
        .min_connections(match purpose {
            Purpose::Read { .. } => connections,
            // A lost connection must not be replaced behind a lane's back.
            Purpose::Write { .. } | Purpose::Book | Purpose::Audit | Purpose::Migrate => 0,
        })
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .record_stmt_in_spans(false);
    match address.backend {
        DbBackend::MySql => agree_with_mysql(&mut options, purpose, opened),
        DbBackend::Postgres => agree_with_postgres(&mut options, purpose, opened),
        _ => drop(options.map_sqlx_sqlite_opts(move |options| tune_sqlite(options, purpose))),
    }
    refuse_open_transactions(&mut options);
    // A lane notices by itself when its connection is gone, and looks into what became of its transaction.
    if address.backend != DbBackend::Sqlite && !matches!(purpose, Purpose::Book) {
        options.test_before_acquire_if_idle_for(IDLE);
    }
    if address.backend == DbBackend::MySql && matches!(purpose, Purpose::Write { .. }) {
        options.idle_timeout(QUIET);
    }
    options
}

/// A connection that its driver knows to be in a transaction is closed instead of being used: what began there would be a
/// savepoint. Asks nobody, so it costs nothing.
fn refuse_open_transactions(options: &mut ConnectOptions) {
    fn is_free(connection: &impl Connection) -> BoxFuture<'static, Result<bool, SqlxError>> {
        let within = connection.is_in_transaction();
        if within {
            tracing::error!("a connection was left in a transaction: it is closed");
        }
        Box::pin(std::future::ready(Ok(!within)))
    }
    options
        .map_sqlx_sqlite_before_acquire(|connection, _| is_free(connection))
        .map_sqlx_mysql_before_acquire(|connection, _| is_free(connection))
        .map_sqlx_postgres_before_acquire(|connection, _| is_free(connection));
}

/// Limits that the server keeps: a client that gave up by itself would leave its transaction open.
fn agree_with_postgres(options: &mut ConnectOptions, purpose: Purpose, opened: &Opened) {
    const LIMITS: &str = "SET lock_timeout = '2s'; SET statement_timeout = '10s'; \
                          SET idle_in_transaction_session_timeout = '4s'; ";
    const ISOLATION: &str = "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED";
    let agreed = match purpose {
        Purpose::Read { limit, .. } => {
            format!("SET statement_timeout = {}; {ISOLATION}, READ ONLY", limit.as_millis())
        }
        Purpose::Write { .. } => format!("{LIMITS}{ISOLATION}, READ WRITE"),
        // A lane looks rows up by key, whatever the planner thinks of tables that were empty when it last looked.
        Purpose::Book => format!(
            "{LIMITS}SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off; \
             SET plan_cache_mode = force_generic_plan; {ISOLATION}, READ WRITE"
        ),
        Purpose::Audit => format!("SET statement_timeout = 0; {ISOLATION}, READ ONLY"),
        Purpose::Migrate => format!("SET statement_timeout = 0; SET lock_timeout = 0; {ISOLATION}, READ WRITE"),
    };
    options.set_application_name("frontrow");
    let opened = opened.clone();
    options.map_sqlx_postgres_pool_opts(move |pool| {
        let (agreed, opened) = (agreed.clone(), opened.clone());
        pool.after_connect(move |connection, _| {
            opened.note();
            let agreed = agreed.clone();
            Box::pin(async move { connection.execute(sea_orm::sqlx::AssertSqlSafe(agreed)).await.map(drop) })
        })
    });
}

/// The same. What stands in `/*M! */` is for `MariaDB` alone, which calls things otherwise.
fn agree_with_mysql(options: &mut ConnectOptions, purpose: Purpose, opened: &Opened) {
    // MySQL has no limit for idle transactions, but one for idle connections, whether or not a transaction is open.
    const LIMITS: &str = "SET SESSION innodb_lock_wait_timeout = 2 /*!80000 , wait_timeout = 4 */ \
                          /*M! , max_statement_time = 10, idle_transaction_timeout = 4 */; ";
    const ISOLATION: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";
    let agreed = match purpose {
        Purpose::Read { limit, .. } => {
            format!(
                "SET SESSION /*!80000 max_execution_time = {} */ /*M! max_statement_time = {} */; {ISOLATION}, READ ONLY",
                limit.as_millis(),
                limit.as_secs_f64()
            )
        }
        Purpose::Audit => {
            format!(
                "SET SESSION /*!80000 max_execution_time = 0 */ /*M! max_statement_time = 0 */; {ISOLATION}, READ ONLY"
            )
        }
        Purpose::Write { .. } | Purpose::Book => format!("{LIMITS}{ISOLATION}, READ WRITE"),
        Purpose::Migrate => format!("{ISOLATION}, READ WRITE"),
    };
    let opened = opened.clone();
    options.map_sqlx_mysql_pool_opts(move |pool| {
        let (agreed, opened) = (agreed.clone(), opened.clone());
        pool.after_connect(move |connection, _| {
            opened.note();
            let agreed = agreed.clone();
            Box::pin(async move { connection.execute(sea_orm::sqlx::AssertSqlSafe(agreed)).await.map(drop) })
        })
    });
}

fn tune_sqlite(options: SqliteConnectOptions, purpose: Purpose) -> SqliteConnectOptions {
    let wait = match purpose {
        Purpose::Read { limit, .. } => limit,
        Purpose::Write { .. } | Purpose::Book => LOCK,
        Purpose::Audit | Purpose::Migrate => PATIENCE,
    };
    let options = options.busy_timeout(wait).foreign_keys(false);
    match purpose {
        Purpose::Read { .. } | Purpose::Audit => options.pragma("query_only", "ON"),
        Purpose::Write { create } => writing(options.create_if_missing(create)),
        Purpose::Book | Purpose::Migrate => writing(options),
    }
}

fn writing(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full)
}

//! The databases of test contexts: a new file for each, or a server's database that is emptied in between.

use super::context::World;
use crate::connection::connect;
use frontrow_adapters::sql::hook::Hook;
use frontrow_adapters::sql::{Database, DatabaseSettings};
use frontrow_migration::{Migrator, MigratorTrait};
use frontrow_test_databases::{Kind, Template, TestDatabase, database};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement, TransactionTrait};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;
use url::Url;
use uuid::Uuid;

/// A database that nobody else uses.
#[derive(Clone)]
pub struct Testbed(Arc<Inner>);

enum Inner {
    /// New files, when somebody asks for one.
    Files {
        hook: Arc<dyn Hook>,
    },
    File {
        url: String,
        raw: DatabaseConnection,
        _directory: tempfile::TempDir,
    },
    Server {
        raw: DatabaseConnection,
        database: Arc<Database>,
        test: Arc<TestDatabase>,
        columns: OnceCell<BTreeMap<String, String>>,
    },
}

/// Makes a test of every function named, in files and on every server that can be had.
macro_rules! on_every_database {
    ($($test:ident),+ $(,)?) => {
        crate::store::testbed::on_database! { sqlite None; $($test),+ }
        crate::store::testbed::on_every_server! { $($test),+ }
    };
}
pub(crate) use on_every_database;

/// The same without files.
macro_rules! on_every_server {
    ($($test:ident),+ $(,)?) => {
        frontrow_test_databases::for_each_kind! { crate::store::testbed::on_server; $($test),+ }
    };
}
pub(crate) use on_every_server;

macro_rules! on_server {
    ($server:ident $kind:ident; $($test:ident),+) => {
        crate::store::testbed::on_database! { $server Some(frontrow_test_databases::Kind::$kind); $($test),+ }
    };
}
pub(crate) use on_server;

macro_rules! on_database {
    ($database:ident $kind:expr; $($test:ident),+) => {
        mod $database {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                if let Some(testbed) = crate::store::testbed::Testbed::on($kind, stringify!($test)).await {
                    super::$test(&testbed).await;
                }
            })+
        }
    };
}
pub(crate) use on_database;

/// All tables that a context may have written.
pub const TABLES: [&str; 28] = [
    "buyer",
    "reservation",
    "payment",
    "wallet",
    "seat",
    "ticket",
    "transfer",
    "idempotency_record",
    "performance",
    "sale",
    "users",
    "queue",
    "queue_counter",
    "queue_entry",
    "check_in",
    "admission",
    "admission_log",
    "operator_action",
    "venue",
    "seat_map",
    "concert",
    "sale_performance",
    "refresh_token",
    "session",
    "mail_code",
    "outbox",
    "installation",
    "chore",
];

/// What is asked for again and again comes about within this time.
const PATIENCE: Duration = Duration::from_secs(10);

impl Testbed {
    /// `None`: there is no such server, which has been said.
    pub async fn on(kind: Option<Kind>, test: &str) -> Option<Self> {
        let Some(kind) = kind else { return Some(Self(Arc::new(Inner::Files { hook: Arc::new(Nobody) }))) };
        Some(Self::of(database(kind, test).await?).await)
    }

    /// With the schema in it.
    pub async fn of(test: TestDatabase) -> Self {
        let database = open(test.url(), false, Arc::new(Nobody)).await;
        database.migrate().await.unwrap();
        let raw = connect(test.url()).await;
        Self(Arc::new(Inner::Server { raw, database, test: Arc::new(test), columns: OnceCell::new() }))
    }

    /// The same database, whose transactions fail as the hook says.
    pub async fn with_faults(&self, hook: Arc<dyn Hook>) -> Self {
        match &*self.0 {
            Inner::Files { .. } | Inner::File { .. } => Self(Arc::new(Inner::Files { hook })),
            Inner::Server { raw, test, .. } => {
                let database = open(test.url(), false, hook).await;
                let (raw, test) = (raw.clone(), Arc::clone(test));
                Self(Arc::new(Inner::Server { raw, database, test, columns: OnceCell::new() }))
            }
        }
    }

    /// The same database, opened once more.
    pub async fn opened_again(&self) -> Arc<Database> {
        match &*self.0 {
            Inner::Files { .. } => panic!("there is no file yet"),
            Inner::File { url, .. } => open(url, false, Arc::new(Nobody)).await,
            Inner::Server { test, .. } => open(test.url(), false, Arc::new(Nobody)).await,
        }
    }

    /// A database of a server, if this is on one.
    pub fn server(&self) -> Option<&TestDatabase> {
        match &*self.0 {
            Inner::Server { test, .. } => Some(test),
            Inner::Files { .. } | Inner::File { .. } => None,
        }
    }

    /// Where its server listens.
    pub async fn server_address(&self) -> SocketAddr {
        let server = self.server().unwrap();
        let url: Url = server.url().parse().unwrap();
        let port = url.port().unwrap_or(server.kind().usual_port());
        let mut found = tokio::net::lookup_host((url.host_str().unwrap(), port)).await.unwrap();
        found.find(SocketAddr::is_ipv4).unwrap()
    }

    /// The same database of the same server, reached at another address, where nothing is encrypted.
    pub async fn through(&self, address: SocketAddr) -> Self {
        self.through_impatiently(address, Duration::from_secs(30)).await
    }

    /// The same, for a client that does not put up with silence for longer than that.
    pub async fn through_impatiently(&self, address: SocketAddr, silence: Duration) -> Self {
        let Inner::Server { raw, test, .. } = &*self.0 else { panic!("files have no address") };
        let (raw, test) = (raw.clone(), Arc::clone(test));
        let mut url: Url = test.url().parse().unwrap();
        url.set_ip_host(address.ip()).unwrap();
        url.set_port(Some(address.port())).unwrap();
        url.set_query(Some(test.kind().unencrypted()));
        let settings = DatabaseSettings { readers: 1, ..DatabaseSettings::new(url) };
        let database = Database::open_with_silence(&settings, Arc::new(World::default()), silence).await.unwrap();
        Self(Arc::new(Inner::Server { raw, database: Arc::new(database), test, columns: OnceCell::new() }))
    }

    /// An empty database with the schema in it.
    pub async fn clear(&self) -> (Self, Arc<Database>) {
        match &*self.0 {
            Inner::File { .. } => panic!("a file is for one context"),
            Inner::Files { hook } => {
                let directory = SCHEMA.copy(migrated).await.unwrap();
                let url = sqlite(directory.path());
                let database = open(&url, false, Arc::clone(hook)).await;
                let raw = connect(&url).await;
                (Self(Arc::new(Inner::File { url, raw, _directory: directory })), database)
            }
            Inner::Server { database, .. } => {
                let delete = TABLES.map(|table| format!("DELETE FROM {table}"));
                self.run(&delete.join("; ")).await;
                (self.clone(), Arc::clone(database))
            }
        }
    }

    /// Undoes that step of the schema, and all after it.
    pub async fn undo(&self, step: &str) {
        let steps = Migrator::migrations();
        let before = steps.iter().position(|known| known.name() == step).unwrap();
        Migrator::down(self.raw(), Some(u32::try_from(steps.len() - before).unwrap())).await.unwrap();
    }

    /// What stores of a server's database work on.
    pub fn database(&self) -> Arc<Database> {
        match &*self.0 {
            Inner::Server { database, .. } => Arc::clone(database),
            Inner::Files { .. } | Inner::File { .. } => panic!("every context has a file of its own"),
        }
    }

    /// Behind everybody's back.
    fn raw(&self) -> &DatabaseConnection {
        match &*self.0 {
            Inner::Server { raw, .. } | Inner::File { raw, .. } => raw,
            Inner::Files { .. } => panic!("there is no file yet"),
        }
    }

    fn kind(&self) -> Option<Kind> {
        self.server().map(TestDatabase::kind)
    }

    /// Runs statements, one after the other.
    pub async fn run(&self, statements: &str) {
        let done = self.raw().execute_unprepared(statements).await;
        done.unwrap_or_else(|error| panic!("{error}: {statements}"));
    }

    /// An id, written as the database wants it.
    pub fn id(&self, id: Uuid) -> String {
        match self.kind() {
            None | Some(Kind::MySql | Kind::MariaDb) => format!("x'{}'", id.simple()),
            Some(Kind::Postgres) => format!("'{id}'::uuid"),
        }
    }

    /// The first column of what the query finds.
    pub async fn texts(&self, query: &str) -> Vec<String> {
        let raw = self.raw();
        let rows = raw.query_all_raw(Statement::from_string(raw.get_database_backend(), query)).await;
        let rows = rows.unwrap_or_else(|error| panic!("{error}: {query}"));
        rows.into_iter().map(|row| row.try_get_by_index::<String>(0).unwrap()).collect()
    }

    /// How many rows the query finds, such as `check_in WHERE group_index = 0`.
    pub async fn count(&self, from: &str) -> i64 {
        let (raw, query) = (self.raw(), format!("SELECT COUNT(*) FROM {from}"));
        let row = raw.query_one_raw(Statement::from_string(raw.get_database_backend(), query)).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }

    /// Ends the sessions of this database but those that run statements behind everybody's back.
    pub async fn end_all_other_sessions(&self) {
        let query = match self.server().unwrap().kind() {
            Kind::Postgres => {
                "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid()"
            }
            // The other table fails on statements with bytes in them, although nobody asks for those.
            Kind::MySql => {
                "SELECT CONCAT('KILL ', processlist_id) FROM performance_schema.threads \
                 WHERE processlist_db = DATABASE() AND processlist_id <> CONNECTION_ID()"
            }
            Kind::MariaDb => {
                "SELECT CONCAT('KILL ', id) FROM information_schema.processlist \
                 WHERE db = DATABASE() AND id <> CONNECTION_ID()"
            }
        };
        for kill in self.texts(query).await.iter().filter(|text| text.starts_with("KILL")) {
            // It may have ended by itself meanwhile.
            let _ = self.raw().execute_unprepared(kill).await;
        }
    }

    /// The server's sessions of this database, by their ids; none where there is no server.
    pub async fn sessions(&self) -> BTreeSet<String> {
        let query = match self.kind() {
            None => return BTreeSet::new(),
            Some(Kind::Postgres) => "SELECT pid::text FROM pg_stat_activity WHERE datname = current_database()",
            Some(Kind::MySql) => {
                "SELECT CAST(processlist_id AS CHAR) FROM performance_schema.threads WHERE processlist_db = DATABASE()"
            }
            Some(Kind::MariaDb) => "SELECT CAST(id AS CHAR) FROM information_schema.processlist WHERE db = DATABASE()",
        };
        self.texts(query).await.into_iter().collect()
    }

    /// Something that is the same exactly if everything that is stored is.
    pub async fn dump(&self) -> Vec<String> {
        let mut dump = Vec::new();
        for table in TABLES {
            let query = match self.kind() {
                None => format!("SELECT json_array({}) FROM {table} t ORDER BY 1", self.columns(table).await),
                Some(Kind::Postgres) => format!("SELECT t::text FROM {table} t ORDER BY 1"),
                Some(Kind::MySql | Kind::MariaDb) => {
                    format!("SELECT CONCAT_WS(',', {}) FROM {table} t ORDER BY 1", self.columns(table).await)
                }
            };
            dump.extend(self.texts(&query).await.into_iter().map(|row| format!("{table} {row}")));
        }
        dump
    }

    /// All columns of the table, as text.
    async fn columns(&self, table: &str) -> String {
        match &*self.0 {
            Inner::Server { columns, .. } => columns.get_or_init(|| self.columns_by_table()).await[table].clone(),
            Inner::File { .. } | Inner::Files { .. } => {
                as_text(&self.texts(&format!("SELECT name FROM pragma_table_info('{table}')")).await)
            }
        }
    }

    /// To be asked for once: it takes a server longer than many of the statements that are tested.
    async fn columns_by_table(&self) -> BTreeMap<String, String> {
        let query = "SELECT CONCAT(table_name, '.', column_name) FROM information_schema.columns \
                     WHERE table_schema = DATABASE() ORDER BY ordinal_position";
        let mut columns = BTreeMap::<_, Vec<_>>::new();
        for name in self.texts(query).await {
            let (table, column) = name.split_once('.').unwrap();
            columns.entry(table.to_owned()).or_default().push(column.to_owned());
        }
        columns.into_iter().map(|(table, columns)| (table, as_text(&columns))).collect()
    }

    /// Fails if a transaction is left open: everything can be locked. (A server may take a moment to notice that somebody
    /// has gone.)
    pub async fn assert_nobody_writes(&self) {
        let Some(kind) = self.kind() else {
            return self.run("PRAGMA busy_timeout = 0; BEGIN IMMEDIATE; ROLLBACK").await;
        };
        let lock_all = match kind {
            Kind::Postgres => format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", TABLES.join(", ")),
            Kind::MySql | Kind::MariaDb => {
                TABLES.map(|table| format!("SELECT COUNT(*) FROM {table} FOR UPDATE")).join("; ")
            }
        };
        let nobody = async {
            let transaction = self.raw().begin().await.unwrap();
            transaction.execute_unprepared(&lock_all).await.unwrap();
            transaction.rollback().await.unwrap();
        };
        assert!(tokio::time::timeout(PATIENCE, nobody).await.is_ok(), "a transaction was left open");
    }
}

fn as_text(columns: &[String]) -> String {
    let columns: Vec<_> = columns.iter().map(|name| format!("coalesce(hex(t.`{name}`), '-')")).collect();
    columns.join(", ")
}

/// A file with the schema in it.
static SCHEMA: Template = Template::new();

async fn migrated(directory: PathBuf) -> std::io::Result<()> {
    let database = open(&sqlite(&directory), true, Arc::new(Nobody)).await;
    database.migrate().await.unwrap();
    database.close().await;
    Ok(())
}

fn sqlite(directory: &Path) -> String {
    format!("sqlite://{}", directory.join("frontrow.sqlite").display())
}

async fn open(url: &str, create: bool, hook: Arc<dyn Hook>) -> Arc<Database> {
    let settings = DatabaseSettings { readers: 1, create, ..DatabaseSettings::new(url) };
    Arc::new(Database::open_with_hook(&settings, Arc::new(World::default()), hook).await.unwrap())
}

/// Does nothing.
struct Nobody;

impl Hook for Nobody {}

//! On every SQL database.

use async_trait::async_trait;
use frontrow_adapters::sql::hook::Hook;
use frontrow_adapters::sql::{
    Database, DatabaseSettings, SqlAccounts, SqlAuditor, SqlCatalogue, SqlHousekeeping, SqlLines, SqlReaders,
    SqlSessions, SqlStore, StorePorts, StoreSettings,
};
use frontrow_adapters::{EventLog, ManualClock, UuidV7Source};
use frontrow_contract_tests::{
    AccountPorts, BookingPorts, CataloguePorts, Failure, Fixture, KeepingPorts, LineInstance, LinePorts, Part,
    Programme, World, run_all,
};
use frontrow_test_databases::{Kind, database};
use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

/// A database of its own for every world: a file, or one on a server.
pub struct OnSql {
    server: Option<Kind>,
    /// Answers to a COMMIT that were lost, in all worlds together.
    lost: Arc<AtomicU32>,
}

impl OnSql {
    pub fn file() -> Self {
        Self { server: None, lost: Arc::default() }
    }

    /// `None`, loudly, where there is no such server.
    pub async fn server(kind: Kind, test: &str) -> Option<Self> {
        database(kind, test).await.map(|_| Self { server: Some(kind), lost: Arc::default() })
    }

    async fn place(&self) -> Result<(String, Box<dyn Any + Send + Sync>), Failure> {
        if let Some(kind) = self.server {
            // The compiler does not see that looking for a server can go on in another thread.
            let here = Handle::current();
            let made = spawn_blocking(move || here.block_on(database(kind, "a world"))).await?;
            let database = made.ok_or_else(|| Failure::new("the server has gone"))?;
            return Ok((database.url().to_owned(), Box::new(database)));
        }
        let directory = tempfile::tempdir()?;
        Ok((format!("sqlite://{}", directory.path().join("frontrow.db").display()), Box::new(directory)))
    }
}

#[async_trait]
impl World for OnSql {
    async fn fresh(&self, programme: &Programme) -> Result<Fixture, Failure> {
        let (url, keep) = self.place().await?;
        let (clock, ids) = (Arc::new(ManualClock::default()), Arc::new(UuidV7Source));
        let settings = DatabaseSettings { url, readers: 2, create: true };
        let database = Arc::new(Database::open(&settings, ids.clone()).await?);
        database.migrate().await?;
        let ports = StorePorts { clock: clock.clone(), ids: ids.clone(), announcer: Arc::new(EventLog::default()) };
        let hook = Arc::new(LosesAnswers { next: AtomicBool::new(false), lost: Arc::clone(&self.lost) });
        let store = SqlStore::open_with_hook(&database, StoreSettings::default(), ports, hook.clone()).await?;
        let mut fixture = fixture(&database, store, &clock);
        fixture.lose_next_commit = Some(Box::new(move || hook.next.store(true, Ordering::SeqCst)));
        fixture.lines = Some(lines(&database, &clock, &ids).await?);
        fixture.keep = keep;
        if let (Some(catalogue), Some(accounts)) = (&fixture.catalogue, &fixture.accounts) {
            programme.put_on(catalogue, accounts).await?;
        }
        Ok(fixture)
    }
}

/// Two instances on one database.
async fn lines(
    database: &Arc<Database>,
    clock: &Arc<ManualClock>,
    ids: &Arc<UuidV7Source>,
) -> Result<LinePorts, Failure> {
    let first = Arc::new(SqlLines::open(database, clock.clone(), ids.clone()).await?);
    let second = Arc::new(SqlLines::open(database, clock.clone(), ids.clone()).await?);
    let instance = |lines: &Arc<SqlLines>| LineInstance { store: lines.clone(), dispenser: lines.clone() };
    let instances = [instance(&first), instance(&second)];
    Ok(LinePorts { instances, leases: Some(first), lose_numbers: None })
}

fn fixture(database: &Arc<Database>, store: SqlStore, clock: &Arc<ManualClock>) -> Fixture {
    let readers = Arc::new(SqlReaders::new(database.clone()));
    let catalogue = Arc::new(SqlCatalogue::new(database.clone(), clock.clone()));
    let housekeeping = Arc::new(SqlHousekeeping::new(database.clone()));
    let clock = clock.clone();
    Fixture {
        booking: BookingPorts {
            store: Arc::new(store),
            done: readers.clone(),
            seats: readers.clone(),
            reservations: readers.clone(),
            wallets: readers,
            auditor: Arc::new(SqlAuditor::new(database.clone(), clock.clone())),
        },
        catalogue: Some(CataloguePorts {
            venues: catalogue.clone(),
            concerts: catalogue.clone(),
            performances: catalogue.clone(),
            sales: catalogue.clone(),
            on_sale: catalogue,
        }),
        accounts: Some(AccountPorts {
            accounts: Arc::new(SqlAccounts::new(database.clone())),
            sessions: Arc::new(SqlSessions::new(database.clone())),
        }),
        keeping: Some(KeepingPorts { housekeeping: housekeeping.clone(), probe: housekeeping }),
        lines: None,
        set_now: Box::new(move |now| clock.set(now)),
        lose_next_commit: None,
        keep: Box::new(()),
    }
}

/// Loses the answer to the next COMMIT whenever it is told to.
struct LosesAnswers {
    next: AtomicBool,
    lost: Arc<AtomicU32>,
}

impl Hook for LosesAnswers {
    fn loses_commit_answer(&self) -> bool {
        let loses = self.next.swap(false, Ordering::SeqCst);
        self.lost.fetch_add(loses.into(), Ordering::SeqCst);
        loses
    }
}

async fn keeps_every_promise(world: OnSql) -> Result<(), Failure> {
    let lost = Arc::clone(&world.lost);
    // Numbers are lost with the database only.
    run_all(Arc::new(world)).await.require(&[Part::LostNumbers])?;
    assert!(lost.load(Ordering::SeqCst) >= 8, "the hook has to strike, or the case proves nothing");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_every_promise() -> Result<(), Failure> {
    keeps_every_promise(OnSql::file()).await
}

macro_rules! on_servers {
    ($($name:ident: $kind:expr;)+) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() -> Result<(), Failure> {
            match OnSql::server($kind, stringify!($name)).await {
                Some(world) => keeps_every_promise(world).await,
                None => Ok(()),
            }
        }
    )+};
}

on_servers! {
    mysql_keeps_every_promise: Kind::MySql;
    mariadb_keeps_every_promise: Kind::MariaDb;
    postgres_keeps_every_promise: Kind::Postgres;
}

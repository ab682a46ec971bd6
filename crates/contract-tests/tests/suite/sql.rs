//! On every SQL database.

use crate::gate::Gate;
use crate::memory::seed;
use async_trait::async_trait;
use frontrow_adapters::sql::hook::Hook;
use frontrow_adapters::sql::{
    Database, DatabaseSettings, SqlAccounts, SqlAuditor, SqlCatalogue, SqlChores, SqlCodes, SqlHousekeeping, SqlOutbox,
    SqlQueues, SqlReaders, SqlSessions, SqlStore, StorePorts, StoreSettings,
};
use frontrow_adapters::{SeatSnapshotCache, UuidV7Source};
use frontrow_application::port::{Announcer, Clock};
use frontrow_contract_tests::{
    AccountPorts, BookingStorePorts, CataloguePorts, Durability, Failure, Fixture, KeepingPorts, Part, Programme,
    QueueInstance, QueuePorts, SuitePorts, World, run_all,
};
use frontrow_test_databases::{Kind, Template, database, for_each_kind};
use futures::future::BoxFuture;
use std::any::Any;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

/// A database of its own for every world: a file, or one on a server.
pub struct OnSql {
    server: Option<Kind>,
    /// Answers to a COMMIT that were lost, in all worlds together.
    lost: Arc<AtomicU32>,
    /// In whose worlds stores have one worker, which stops at it.
    gate: Option<Arc<Gate>>,
}

impl OnSql {
    pub fn file() -> Self {
        Self { server: None, lost: Arc::default(), gate: None }
    }

    pub fn behind(self, gate: Arc<Gate>) -> Self {
        Self { gate: Some(gate), ..self }
    }

    /// `None`, loudly, where there is no such server.
    pub async fn server(kind: Kind, test: &str) -> Option<Self> {
        database(kind, test).await.map(|_| Self { server: Some(kind), ..Self::file() })
    }

    async fn testbed(&self, suite: &SuitePorts) -> Result<Testbed, Failure> {
        let (suite, lost, gate) = (suite.clone(), Arc::clone(&self.lost), self.gate.clone());
        if let Some(kind) = self.server {
            // The compiler does not see that looking for a server can go on in another thread.
            let here = Handle::current();
            let made = spawn_blocking(move || here.block_on(database(kind, "a world"))).await?;
            let database = made.ok_or_else(|| Failure::new("the server has gone"))?;
            return Ok(Testbed { url: database.url().to_owned(), suite, lost, gate, keep: Arc::new(database) });
        }
        // Boxed: what contains all that opening a database does is too deep for the compiler.
        let directory = Box::pin(SCHEMA.copy(|directory| Box::pin(migrated(directory)))).await?;
        let url = sqlite(directory.path());
        Ok(Testbed { url, suite, lost, gate, keep: Arc::new(directory) })
    }
}

/// A file with the schema in it: to make it again takes longer than most cases.
static SCHEMA: Template = Template::new();

async fn migrated(directory: PathBuf) -> Result<(), Failure> {
    let settings = DatabaseSettings { readers: 1, create: true, ..DatabaseSettings::new(sqlite(&directory)) };
    let database = Database::open(&settings, Arc::new(UuidV7Source)).await?;
    database.migrate().await?;
    database.close().await;
    Ok(())
}

fn sqlite(directory: &Path) -> String {
    format!("sqlite://{}", directory.join("frontrow.db").display())
}

#[async_trait]
impl World for OnSql {
    async fn fresh(&self, programme: &Programme, suite: &SuitePorts) -> Result<Fixture, Failure> {
        let fixture = self.testbed(suite).await?.open().await?;
        if let (Some(catalogue), Some(accounts)) = (&fixture.catalogue, &fixture.accounts) {
            programme.put_on(catalogue, accounts).await?;
        }
        Ok(fixture)
    }

    fn name(&self) -> String {
        self.server.map_or_else(|| "SQLite".into(), |kind| format!("{kind:?}"))
    }

    fn seed(&self) -> u64 {
        seed()
    }
}

/// Where the data of a world are.
#[derive(Clone)]
struct Testbed {
    url: String,
    suite: SuitePorts,
    lost: Arc<AtomicU32>,
    gate: Option<Arc<Gate>>,
    /// The folder, or the server's database.
    keep: Arc<dyn Any + Send + Sync>,
}

impl Testbed {
    async fn open(self) -> Result<Fixture, Failure> {
        let (clock, ids) = (self.suite.clock.clone(), Arc::new(UuidV7Source));
        let settings = DatabaseSettings { readers: 2, create: true, ..DatabaseSettings::new(self.url.clone()) };
        let database = Arc::new(Database::open(&settings, ids.clone()).await?);
        database.migrate().await?;
        let readers = Arc::new(SqlReaders::new(database.clone()));
        let snapshots = Arc::new(SeatSnapshotCache::new(readers, clock.clone()));
        let announcers: Vec<Arc<dyn Announcer>> = vec![self.suite.announcer.clone(), snapshots.clone()];
        let ports = StorePorts { clock: clock.clone(), ids: ids.clone(), announcer: Arc::new(announcers) };
        let answers = Arc::new(LosesAnswers { next: AtomicBool::new(false), lost: Arc::clone(&self.lost) });
        let mut hook: Arc<dyn Hook> = answers.clone();
        // More of the suite's racers are one person than a server would let into its queue.
        let mut settings = StoreSettings { per_buyer: 1024, ..StoreSettings::default() };
        if let Some(gate) = &self.gate {
            settings.workers = Some(1);
            gate.guard(SqlAuditor::new(database.clone(), clock.clone()));
            hook = gate.clone();
        }
        let store = SqlStore::open_with_hook(&database, settings, ports, hook).await?;
        let mut fixture = fixture(&database, store, &clock);
        fixture.lose_next_commit = Some(Box::new(move || answers.next.store(true, Ordering::SeqCst)));
        fixture.seat_snapshots = Some(snapshots);
        fixture.queues = Some(queues(&database, &clock, &ids).await?);
        fixture.keep = Box::new(Arc::clone(&self.keep));
        fixture.durability = Durability::Kept(Box::new(move || self.reopen()));
        Ok(fixture)
    }

    fn reopen(self) -> BoxFuture<'static, Result<Fixture, Failure>> {
        Box::pin(self.open())
    }
}

/// The suite says what time it is, and the database's clock shows another: nobody compares them.
struct ClockOfItsOwn;

impl Hook for ClockOfItsOwn {}

/// Two instances on one database.
async fn queues(
    database: &Arc<Database>,
    clock: &Arc<dyn Clock>,
    ids: &Arc<UuidV7Source>,
) -> Result<QueuePorts, Failure> {
    let open = || SqlQueues::open_with_hook(database, clock.clone(), ids.clone(), Arc::new(ClockOfItsOwn));
    let (first, second) = (Arc::new(open().await?), Arc::new(open().await?));
    let instance = |queues: &Arc<SqlQueues>| QueueInstance { store: queues.clone(), dispenser: queues.clone() };
    let instances = [instance(&first), instance(&second)];
    Ok(QueuePorts { instances, leases: Some(first), lose_numbers: None })
}

fn fixture(database: &Arc<Database>, store: SqlStore, clock: &Arc<dyn Clock>) -> Fixture {
    let readers = Arc::new(SqlReaders::new(database.clone()));
    let catalogue = Arc::new(SqlCatalogue::new(database.clone(), clock.clone()));
    let housekeeping = Arc::new(SqlHousekeeping::new(database.clone()));
    Fixture {
        booking: BookingStorePorts {
            store: Arc::new(store),
            idempotency_records: readers.clone(),
            seats: readers.clone(),
            reservations: readers.clone(),
            wallets: readers,
            auditor: Arc::new(SqlAuditor::new(database.clone(), clock.clone())),
        },
        catalogue: Some(CataloguePorts {
            venues: catalogue.clone(),
            concerts: catalogue.clone(),
            programme: catalogue.clone(),
            performances: catalogue.clone(),
            sales: catalogue.clone(),
            on_sale: catalogue,
        }),
        accounts: Some(AccountPorts {
            accounts: Arc::new(SqlAccounts::new(database.clone())),
            sessions: Arc::new(SqlSessions::new(database.clone())),
            outbox: Arc::new(SqlOutbox::new(database.clone())),
            codes: Arc::new(SqlCodes::new(database.clone())),
        }),
        keeping: Some(KeepingPorts {
            housekeeping: housekeeping.clone(),
            chores: Arc::new(SqlChores::new(database.clone())),
            probe: housekeeping,
        }),
        queues: None,
        announces: true,
        durability: Durability::None,
        seat_snapshots: None,
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

macro_rules! on_server {
    ($server:ident $kind:ident;) => {
        mod $server {
            use super::*;

            #[tokio::test(flavor = "multi_thread")]
            async fn keeps_every_promise() -> Result<(), Failure> {
                match OnSql::server(Kind::$kind, "keeps_every_promise").await {
                    Some(world) => super::keeps_every_promise(world).await,
                    None => Ok(()),
                }
            }
        }
    };
}

for_each_kind! { on_server; }

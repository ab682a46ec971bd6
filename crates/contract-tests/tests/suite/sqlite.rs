//! On `SQLite`.

use async_trait::async_trait;
use frontrow_adapters::sql::hook::Hook;
use frontrow_adapters::sql::{
    Database, DatabaseSettings, SqlAccounts, SqlAuditor, SqlCatalogue, SqlHousekeeping, SqlReaders, SqlSessions,
    SqlStore, StorePorts, StoreSettings,
};
use frontrow_adapters::{EventLog, ManualClock, SeededIds};
use frontrow_contract_tests::{
    AccountPorts, BookingPorts, CataloguePorts, Failure, Fixture, KeepingPorts, Programme, World, run_all,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// A file of its own for every world.
#[derive(Default)]
pub struct OnSqlite {
    /// Answers to a COMMIT that were lost, in all worlds together.
    lost: Arc<AtomicU32>,
}

#[async_trait]
impl World for OnSqlite {
    async fn fresh(&self, programme: &Programme) -> Result<Fixture, Failure> {
        let directory = tempfile::tempdir()?;
        let url = format!("sqlite://{}", directory.path().join("frontrow.db").display());
        let (clock, ids) = (Arc::new(ManualClock::default()), Arc::new(SeededIds::default()));
        let settings = DatabaseSettings { url, readers: 2, create: true };
        let database = Arc::new(Database::open(&settings, ids.clone()).await?);
        database.migrate().await?;
        let ports = StorePorts { clock: clock.clone(), ids, announcer: Arc::new(EventLog::default()) };
        let hook = Arc::new(LosesAnswers { next: AtomicBool::new(false), lost: Arc::clone(&self.lost) });
        let store = SqlStore::open_with_hook(&database, StoreSettings::default(), ports, hook.clone()).await?;
        let mut fixture = fixture(&database, store, &clock);
        fixture.lose_next_commit = Some(Box::new(move || hook.next.store(true, Ordering::SeqCst)));
        fixture.keep = Box::new(directory);
        if let (Some(catalogue), Some(accounts)) = (&fixture.catalogue, &fixture.accounts) {
            programme.put_on(catalogue, accounts).await?;
        }
        Ok(fixture)
    }
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

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_every_promise() -> Result<(), Failure> {
    let world = OnSqlite::default();
    let lost = Arc::clone(&world.lost);
    run_all(Arc::new(world)).await.require(&[])?;
    assert!(lost.load(Ordering::SeqCst) >= 8, "the hook has to strike, or the case proves nothing");
    Ok(())
}

//! A database file of its own for each test, and a connection to tamper with it.

use crate::connection::connect;
use frontrow_adapters::sql::{
    Database, DatabaseSettings, SqlAccounts, SqlCatalogue, SqlCodes, SqlHousekeeping, SqlOutbox, SqlReaders,
    SqlSessions,
};
use frontrow_application::port::{
    Clock, ConcertRepository, IdSource, PerformanceRepository, Revision, SaleRepository, VenueRepository,
};
use frontrow_domain::*;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, QueryResult, Statement};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use uuid::Uuid;

pub const NOW: Instant = Instant::from_micros(1_800_000_000_000_000);

/// A clock that a test sets.
pub struct Hands(AtomicI64);

impl Hands {
    pub fn forward(&self, duration: Duration) {
        self.set(self.now() + duration);
    }

    pub fn set(&self, now: Instant) {
        self.0.store(now.micros(), Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn now(&self) -> Instant {
        Instant::from_micros(self.0.load(Ordering::SeqCst))
    }
}

#[derive(Default)]
pub struct Counter(AtomicU64);

impl IdSource for Counter {
    fn id(&self) -> Uuid {
        Uuid::from_u128(self.0.fetch_add(1, Ordering::Relaxed).into())
    }

    fn secret(&self) -> [u8; 32] {
        [0; 32]
    }
}

pub struct Setup {
    pub database: Arc<Database>,
    pub clock: Arc<Hands>,
    pub catalogue: Arc<SqlCatalogue>,
    pub accounts: SqlAccounts,
    pub sessions: Arc<SqlSessions>,
    pub outbox: SqlOutbox,
    pub codes: SqlCodes,
    pub readers: SqlReaders,
    pub housekeeping: SqlHousekeeping,
    pub folder: TempDir,
    raw: DatabaseConnection,
}

pub fn url(folder: &TempDir) -> String {
    format!("sqlite://{}/frontrow.db", folder.path().display())
}

pub async fn open(folder: &TempDir) -> Arc<Database> {
    let settings = DatabaseSettings { readers: 2, create: true, ..DatabaseSettings::new(url(folder)) };
    Arc::new(Database::open(&settings, Arc::new(Counter::default())).await.unwrap())
}

/// A new database with the schema in it.
pub async fn setup() -> Setup {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder).await;
    database.migrate().await.unwrap();
    let clock = Arc::new(Hands(AtomicI64::new(NOW.micros())));
    Setup {
        catalogue: Arc::new(SqlCatalogue::new(database.clone(), clock.clone())),
        accounts: SqlAccounts::new(database.clone()),
        sessions: Arc::new(SqlSessions::new(database.clone())),
        outbox: SqlOutbox::new(database.clone()),
        codes: SqlCodes::new(database.clone()),
        readers: SqlReaders::new(database.clone()),
        housekeeping: SqlHousekeeping::new(database.clone()),
        raw: connect(url(&folder)).await,
        database,
        clock,
        folder,
    }
}

impl Setup {
    /// Runs statements behind everybody's back.
    pub async fn tamper(&self, sql: &str) {
        self.try_to_tamper(sql).await.unwrap();
    }

    /// The same; the database may refuse.
    pub async fn try_to_tamper(&self, sql: &str) -> Result<(), String> {
        self.raw.execute_unprepared(sql).await.map(drop).map_err(|error| error.to_string())
    }

    pub async fn rows(&self, sql: &str) -> Vec<QueryResult> {
        self.raw.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.unwrap()
    }

    pub async fn count(&self, from: &str) -> i64 {
        let rows = self.rows(&format!("SELECT COUNT(*) FROM {from}")).await;
        rows[0].try_get_by_index(0).unwrap()
    }

    /// A venue, a concert and a draft of a performance; its seat map is at revision 1, and so is the draft.
    pub async fn draft(&self) -> Performance {
        let performance = performance();
        self.catalogue.save_venue(&venue(), None).await.unwrap();
        self.catalogue.save_seat_map(&seat_map(), None).await.unwrap();
        self.catalogue.save_concert(&concert(1), None).await.unwrap();
        self.catalogue.save_performance(&performance, None).await.unwrap();
        performance
    }

    /// The same, public and in a sale.
    pub async fn on_sale(&self) -> Performance {
        let performance = Performance { status: PerformanceStatus::Published, ..self.draft().await };
        let seats = seat_map().layout().unwrap().seat_count();
        let blocked = [SeatNumber::FIRST].into();
        self.catalogue.publish(&performance, Revision(1), Revision(1), seats, &blocked).await.unwrap();
        self.catalogue.save_sale(&sale(), None).await.unwrap();
        performance
    }
}

pub fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

pub fn venue() -> Venue {
    testing::venue().id(VenueId::new(id(1))).build()
}

pub fn seat_map() -> SeatMap {
    let row =
        SeatRow { accessible: [1].into(), companion: [2].into(), blocked: [3].into(), ..testing::seat_row("1", 3) };
    let sections = vec![testing::seated("A", [row]), testing::standing("FLOOR", 2, "S")];
    testing::seat_map().venue(venue().id).sections(sections).build()
}

pub fn concert(n: u128) -> Concert {
    testing::concert().id(ConcertId::new(id(n))).title(format!("Nights {n}")).artist("한로로").build()
}

pub fn performance() -> Performance {
    let prices = testing::price_list()
        .tiers(vec![testing::tier("R", 120_000), testing::tier("S", 90_000)])
        .types(vec![testing::price_type("adult", 0)])
        .fee(testing::points(1_000))
        .tax_basis_points(1_000)
        .build();
    Performance {
        id: PerformanceId::new(id(10)),
        concert: concert(1).id,
        venue: venue().id,
        starts_at: NOW + Duration::from_micros(86_400_000_001),
        sold_until: Some(NOW + Duration::from_micros(86_400_000_007)),
        prices,
        ..testing::performance_in_full()
    }
}

pub fn sale() -> Sale {
    let hours = |hours: u64| NOW + Duration::from_secs(hours * 3600);
    testing::sale()
        .id(SaleId::new(id(20)))
        .performances([performance().id].into())
        .opens(hours(0))
        .closes(hours(2))
        .pay_until(hours(3))
        .cancel_until(hours(1))
        .hold_duration(Duration::from_micros(300_000_001))
        .build()
}

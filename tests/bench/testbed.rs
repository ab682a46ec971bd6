//! A database with people in it, what it is compared with, and the servers that are started on it.

use crate::callers::Jobs;
use crate::driver::show::Hall;
use crate::driver::{Client, Log, Server, Show, Terms, TestAccounts, command};
use crate::people::settle;
use crate::programme::Programme;
use crate::raw::{self, Database};
use crate::reference::{Reference, References};
use crate::scripts;
use anyhow::{Result, ensure};
use frontrow_server::application::Application;
use frontrow_server::keys::Keys;
use frontrow_server::settings::{DatabaseAddress, Given, Settings};
use frontrow_test_databases::{HostServer, Kind, TestDatabase};
use hyper::Method;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::Instant;
use uuid::Uuid;

/// Connections, unless a row says otherwise.
pub const CONNECTIONS: usize = 64;
/// People who book, unless a row says otherwise: in one sale each of them may have 50 seats.
pub const PEOPLE: usize = 1024;
/// Seats of the largest halls.
pub const LARGE: usize = 50_000;
const PRICE: i64 = 10;
/// After many rows were inserted, for what the database writes in its own time.
const REST: Duration = Duration::from_secs(5);

/// How long a queue takes to open at most, and how often one looks.
const OPENS: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(50);

/// What all rows of one database share.
pub struct Testbed {
    pub name: String,
    /// `None` is a file.
    pub kind: Option<Kind>,
    pub references: References,
    pub rounds: usize,
    /// Seats of the sale that is measured as a whole.
    pub sale_seats: usize,
    directory: TempDir,
    /// Ours, and that of the references; none for files.
    databases: Vec<TestDatabase>,
    /// Where the references have their file.
    _theirs: TempDir,
    operator: String,
    people: Vec<String>,
    halls: BTreeMap<usize, Hall>,
    programme: Option<Arc<Programme>>,
}

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Extent {
    pub rounds: usize,
    pub sale_seats: usize,
}

/// The directory where Cargo builds, which is on a disk, unlike the system's temporary directory.
fn directory() -> Result<TempDir> {
    Ok(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?)
}

impl Testbed {
    pub async fn file(accounts: &TestAccounts, extent: Extent) -> Result<Self> {
        let directories = [directory()?, directory()?];
        for directory in &directories {
            accounts.copy_to(directory.path())?;
        }
        let theirs = Database::file(&directories[1].path().join("frontrow.sqlite")).await?;
        Self::on(accounts, extent, directories, None, Vec::new(), theirs).await
    }

    /// As durable as it comes, and reached without anything in between.
    pub async fn server(accounts: &TestAccounts, extent: Extent, server: &HostServer) -> Result<Self> {
        let directories = [directory()?, directory()?];
        let mut databases = Vec::new();
        for directory in &directories {
            let database = TestDatabase::make(server.kind(), server.url()).await?;
            accounts.put_on_server(directory.path(), database.url()).await?;
            databases.push(database);
        }
        let theirs = Database::Server(server.kind(), databases[1].url().to_owned());
        Self::on(accounts, extent, directories, Some(server.kind()), databases, theirs).await
    }

    async fn on(
        accounts: &TestAccounts,
        extent: Extent,
        [directory, theirs]: [TempDir; 2],
        kind: Option<Kind>,
        databases: Vec<TestDatabase>,
        references: Database,
    ) -> Result<Self> {
        let mut testbed = Self {
            name: kind.map_or_else(|| "SQLite".to_owned(), |kind| kind.to_string()),
            kind,
            references: References::on(references).await?,
            rounds: extent.rounds,
            sale_seats: extent.sale_seats,
            directory,
            databases,
            _theirs: theirs,
            operator: accounts.operator.clone(),
            people: accounts.customers.clone(),
            halls: BTreeMap::new(),
            programme: None,
        };
        testbed.people(PEOPLE).await?;
        // Every connection of the references prepares its statements.
        let jobs = Jobs { seats: 2 * CONNECTIONS, people: CONNECTIONS, connections: CONNECTIONS };
        testbed.references.turn(Reference::Full, jobs).await?;
        testbed.references.turn(Reference::Textbook, jobs).await?;
        Ok(testbed)
    }

    /// The first for `SQLite` and `PostgreSQL`, the other for `MariaDB` and `MySQL`.
    pub fn either(&self, one: f64, other: f64) -> f64 {
        match self.kind {
            None | Some(Kind::Postgres) => one,
            Some(Kind::MariaDb | Kind::MySql) => other,
        }
    }

    /// Access tokens of so many people who have accounts and points.
    pub async fn people(&mut self, count: usize) -> Result<Arc<[String]>> {
        let missing = count.saturating_sub(self.people.len());
        if missing > 0 {
            let application = self.application().await?;
            let more = settle(&application, "none", missing, TestAccounts::POINTS).await?;
            application.close().await;
            self.people.extend(more.into_iter().map(|person| person.access));
        }
        Ok(self.people[..count].into())
    }

    /// The application without the server, for what is prepared and not measured.
    async fn application(&self) -> Result<Application> {
        let directory = self.directory.path();
        let mut settings = Settings::load(&Given { directory: directory.into(), ..Given::default() })?;
        if let DatabaseAddress::File(file) = &mut settings.database {
            *file = directory.join(&*file);
        }
        let keys = Keys::load_or_create(&directory.join("keys.json"))?;
        Application::open(&settings, &keys).await
    }

    /// A server that has just started.
    pub async fn serve(&self) -> Result<Server> {
        Server::start(self.directory.path(), &[("FRONTROW_SWEEP_SECONDS", "3600")], Log::default()).await
    }

    /// One whose connections to the database have prepared their statements.
    pub async fn start(&mut self) -> Result<Server> {
        let server = self.serve().await?;
        let jobs = Jobs { seats: 8 * CONNECTIONS, people: CONNECTIONS, connections: CONNECTIONS };
        let show = self.show(&server, jobs.seats).await?;
        scripts::turn(server.address, show, jobs, &self.people).await?;
        Ok(server)
    }

    /// Nothing may have gone wrong inside.
    pub async fn stop(&self, server: Server) -> Result<()> {
        let log = server.log.clone();
        server.stop().await?;
        let complaints = log.complaints();
        ensure!(complaints.is_empty(), "the server complains:\n{}", complaints.join("\n"));
        Ok(())
    }

    /// An operator of the installation.
    pub fn operator(&self, server: &Server) -> Client {
        Client::new(server.address, Some(&self.operator))
    }

    /// Publishes a performance in a hall of at least so many seats.
    pub async fn show(&mut self, server: &Server, seats: usize) -> Result<Show> {
        let terms = terms(seats)?;
        let mut operator = self.operator(server);
        let hall = match self.halls.get(&seats) {
            Some(hall) => *hall,
            None => Hall::of(&mut operator, terms).await?,
        };
        self.halls.insert(seats, hall);
        hall.publish(&mut operator, terms).await
    }

    /// Publishes a small performance behind a waiting room whose queue is open; the id of its sale.
    pub async fn queue(&self, server: &Server) -> Result<Uuid> {
        let room = json!({
            "lobby_opens": "2020-01-01T00:00:00Z",
            "capacity": 10,
            "rate_per_minute": 600,
            "session_seconds": 600,
        });
        let sale = Uuid::from_u128(u128::from(getrandom::u64()?) << 64 | u128::from(getrandom::u64()?));
        let mut operator = self.operator(server);
        Show::publish_as(&mut operator, terms(100)?, sale, &json!({ "waiting_room": room })).await?;
        let until = Instant::now() + OPENS;
        loop {
            let queue = operator.ask(Method::GET, &format!("/v1/sales/{sale}/queue"), None, None).await?;
            if queue.body["phase"] == "open" {
                return Ok(sale);
            }
            ensure!(Instant::now() < until, "the queue does not open: {}", queue.body);
            tokio::time::sleep(LOOK).await;
        }
    }

    /// So many of them, and a rest after the largest.
    pub async fn shows(&mut self, server: &Server, seats: usize, count: usize) -> Result<Vec<Show>> {
        let mut shows = Vec::with_capacity(count);
        for _ in 0..count {
            shows.push(self.show(server, seats).await?);
        }
        if seats * count >= LARGE {
            self.rest().await?;
        }
        Ok(shows)
    }

    /// What many inserted rows leave to do for the database is done before anything is measured.
    async fn rest(&self) -> Result<()> {
        if self.kind == Some(Kind::Postgres) {
            for database in &self.databases {
                raw::clean_up(database.url()).await?;
            }
        }
        tokio::time::sleep(REST).await;
        Ok(())
    }

    /// A hundred performances, made once and shared.
    pub async fn programme(&mut self) -> Result<Arc<Programme>> {
        if let Some(programme) = &self.programme {
            return Ok(Arc::clone(programme));
        }
        let server = self.serve().await?;
        let programme = Arc::new(Programme::publish(&mut self.operator(&server), terms(LARGE)?).await?);
        self.stop(server).await?;
        self.rest().await?;
        self.programme = Some(Arc::clone(&programme));
        Ok(programme)
    }

    /// Our database, for rows that are put into it by hand.
    pub async fn by_hand(&self) -> Result<Database> {
        match (self.kind, self.databases.first()) {
            (Some(kind), Some(database)) => Ok(Database::Server(kind, database.url().to_owned())),
            _ => Database::file(&self.directory.path().join("frontrow.sqlite")).await,
        }
    }

    /// How far it has come.
    pub fn progress(&self, group: &str, round: usize) {
        eprintln!("{}: {group}, round {} of {}", self.name, round + 1, self.rounds);
    }

    /// The audit has the last word.
    pub async fn end(self) -> Result<()> {
        verify(self.directory.path()).await
    }
}

/// Whole rows of 100 seats, held for as long as a sale may say.
fn terms(seats: usize) -> Result<Terms> {
    let rows = u32::try_from(seats.div_ceil(100))?;
    Ok(Terms { rows, price: PRICE, limit_per_person: 50, hold_seconds: 3600 })
}

async fn verify(directory: &Path) -> Result<()> {
    let ended = command(directory, &["verify"]).status().await?;
    ensure!(ended.success(), "frontrow verify found something wrong");
    Ok(())
}

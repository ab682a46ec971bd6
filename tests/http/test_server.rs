//! The server that every test has: on a database of its own, with people, and an audit at the end.

use crate::driver::client::Reply;
use crate::driver::{CUSTOMERS, Client, Log, Server, Show, Terms, TestAccounts, command};
use anyhow::{Context, Result, anyhow, ensure};
use frontrow_domain::Instant;
use frontrow_test_databases::{Kind, PrivateServer, RamDisk, TestDatabase, database, private_server, ram_disk};
use frontrow_web::dto::Timestamp;
use futures::future::join_all;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitStatus;
use std::sync::OnceLock;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout};

/// No test takes longer, unless it is asked for more than usual.
const MAX_TIME: Duration = Duration::from_mins(10);
/// No condition is waited for longer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at a condition.
const PACE: Duration = Duration::from_millis(20);

/// A server under test, with its directory and its database; it may run or not.
pub struct TestServer {
    pub directory: TempDir,
    pub accounts: &'static TestAccounts,
    settings: &'static [(&'static str, &'static str)],
    /// `None` while it does not run.
    running: Option<Server>,
    /// Of all servers that it has had.
    log: Log,
    /// Whether servers may fail inside: where their database dies.
    may_complain: bool,
    /// `None` if it is a file in the directory.
    database: Option<TestDatabase>,
}

/// Makes a test of every named function for every database: a file, and every available server.
macro_rules! on_every_database {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $test() -> anyhow::Result<()> {
                crate::test_server::run(async |server| super::$test(server).await)
            })+
        }
        crate::test_server::on_every_server! { $($test),+ }
    };
}
pub(crate) use on_every_database;

/// The same without files.
macro_rules! on_every_server {
    ($($test:ident),+ $(,)?) => {
        crate::test_server::on_every_server! { run_on: $($test),+ }
    };
    ($run:ident: $($test:ident),+) => {
        frontrow_test_databases::for_each_kind! { crate::test_server::on_server; $run: $($test),+ }
    };
}
pub(crate) use on_every_server;

macro_rules! on_server {
    ($name:ident $kind:ident; $run:ident: $($test:ident),+) => {
        mod $name {
            $(#[test]
            fn $test() -> anyhow::Result<()> {
                let kind = frontrow_test_databases::Kind::$kind;
                crate::test_server::$run(kind, stringify!($test), super::$test)
            })+
        }
    };
}
pub(crate) use on_server;

/// Runs a test. At the end the server is always stopped; its log and `frontrow verify` must show no problem.
pub fn run(test: impl AsyncFnOnce(&mut TestServer) -> Result<()>) -> Result<()> {
    run_with(&[], test)
}

/// The same with settings of the server.
pub fn run_with(
    settings: &'static [(&'static str, &'static str)],
    test: impl AsyncFnOnce(&mut TestServer) -> Result<()>,
) -> Result<()> {
    let runtime = runtime()?;
    let accounts = accounts(&runtime)?;
    runtime.block_on(async { run_test(TestServer::new(accounts, settings, None).await?, test).await })
}

/// The same on a database of that kind; nothing, loudly, where there is no such server.
pub fn run_on(kind: Kind, name: &str, test: impl AsyncFnOnce(&mut TestServer) -> Result<()>) -> Result<()> {
    let runtime = runtime()?;
    let accounts = accounts(&runtime)?;
    runtime.block_on(async {
        let Some(database) = database(kind, name).await else { return Ok(()) };
        run_test(TestServer::new(accounts, &[], Some(database)).await?, test).await
    })
}

/// The same on a database server of its own, which the test may kill and start again.
pub fn run_on_private(
    kind: Kind,
    name: &str,
    test: impl AsyncFnOnce(&mut TestServer, &mut PrivateServer) -> Result<()>,
) -> Result<()> {
    let runtime = runtime()?;
    let accounts = accounts(&runtime)?;
    runtime.block_on(async {
        let Some(mut database_server) = private_server(kind, name).await else { return Ok(()) };
        let database = TestDatabase::make(kind, database_server.url()).await?;
        let mut server = TestServer::new(accounts, &[], Some(database)).await?;
        server.may_complain = true;
        run_test(server, async |server: &mut TestServer| test(server, &mut database_server).await).await
    })
}

/// The same in a file on a disk of its own, which the test may fill up.
pub fn run_on_ram_disk(name: &str, test: impl AsyncFnOnce(&mut TestServer, &RamDisk) -> Result<()>) -> Result<()> {
    // Every second of a test writes less than a megabyte.
    let Some(disk) = ram_disk(64 + Amount::ANSWERED_SECONDS.get()?, name) else { return Ok(()) };
    let runtime = runtime()?;
    let accounts = accounts(&runtime)?;
    runtime.block_on(async {
        let directory = tempfile::tempdir_in(disk.path())?;
        let mut server = TestServer::new_in(directory, accounts, &[], None).await?;
        server.may_complain = true;
        run_test(server, async |server: &mut TestServer| test(server, &disk).await).await
    })
}

async fn run_test(mut server: TestServer, test: impl AsyncFnOnce(&mut TestServer) -> Result<()>) -> Result<()> {
    server.start().await?;
    // Some tests are deeper than the compiler looks.
    let outcome =
        timeout(Amount::most_time()?, Box::pin(test(&mut server))).await.context("the test takes too long").flatten();
    let end = match server.stop().await {
        Ok(()) => server.audit().await.and_then(|()| server.has_not_complained()),
        failed => failed,
    };
    let both = match (outcome, end) {
        (Err(error), Err(end)) => Err(error.context(format!("and in the end: {end:#}"))),
        (outcome, end) => outcome.and(end),
    };
    both.with_context(|| format!("the servers' log:\n{}", server.log.text()))
}

fn accounts(runtime: &Runtime) -> Result<&'static TestAccounts> {
    static ACCOUNTS: OnceLock<Result<TestAccounts, String>> = OnceLock::new();
    let build = || runtime.block_on(TestAccounts::build()).map_err(|error| format!("{error:#}"));
    ACCOUNTS.get_or_init(build).as_ref().map_err(|error| anyhow!("no accounts: {error}"))
}

pub fn runtime() -> Result<Runtime> {
    Ok(Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

impl TestServer {
    async fn new(
        accounts: &'static TestAccounts,
        settings: &'static [(&'static str, &'static str)],
        database: Option<TestDatabase>,
    ) -> Result<Self> {
        Self::new_in(tempfile::tempdir()?, accounts, settings, database).await
    }

    async fn new_in(
        directory: TempDir,
        accounts: &'static TestAccounts,
        settings: &'static [(&'static str, &'static str)],
        database: Option<TestDatabase>,
    ) -> Result<Self> {
        match &database {
            Some(database) => accounts.put_on_server(directory.path(), database.url()).await?,
            None => accounts.copy_to(directory.path())?,
        }
        let log = Log::default();
        Ok(Self { directory, accounts, settings, running: None, log, may_complain: false, database })
    }

    /// Starts the server again, on another port: clients made before know the old one.
    pub async fn start(&mut self) -> Result<()> {
        self.running = Some(self.another().await?);
        Ok(())
    }

    /// Lets the server finish what it began, if it runs.
    pub async fn stop(&mut self) -> Result<()> {
        match self.running.take() {
            Some(server) => server.stop().await,
            None => Ok(()),
        }
    }

    /// How the server has ended, which was told to.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        let mut server = self.running.take().context("the server does not run")?;
        Ok(server.child.wait().await?)
    }

    /// Ends the server at once, wherever it is, as a loss of power would.
    pub async fn kill(&mut self) -> Result<()> {
        let mut server = self.running.take().context("the server does not run")?;
        Ok(server.child.kill().await?)
    }

    /// Another server on the same database, beside this one.
    pub async fn another(&self) -> Result<Server> {
        let settings = [&[("FRONTROW_METRICS_LISTEN", "127.0.0.1:0")], self.settings].concat();
        Server::start(self.directory.path(), &settings, self.log.clone()).await
    }

    /// An empty database on the same server, if it is one.
    pub async fn database_beside(&self) -> Result<Option<TestDatabase>> {
        let Some(database) = &self.database else { return Ok(None) };
        Ok(Some(TestDatabase::make(database.kind(), database.server_url()).await?))
    }

    /// What server the database is on, if it is on one.
    pub fn kind(&self) -> Option<Kind> {
        self.database.as_ref().map(TestDatabase::kind)
    }

    /// Where the database is.
    pub fn address(&self) -> String {
        match &self.database {
            Some(database) => database.url().to_owned(),
            None => format!("sqlite://{}", self.directory.path().join("frontrow.sqlite").display()),
        }
    }

    pub fn running(&self) -> Result<&Server> {
        self.running.as_ref().context("the server does not run")
    }

    /// The value of a metric without labels; 0 if it was never counted.
    pub async fn metric(&self, name: &str) -> Result<f64> {
        let server = self.running()?;
        let address = until("it says where its metrics are", async || Ok(server.metrics.get().copied())).await?;
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").await?;
        let mut page = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut page)).await.context("no metrics")??;
        let mut values = page.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        values.next().map_or(Ok(0.0), |value| value.parse().with_context(|| format!("{name} is {value}")))
    }

    /// Nobody's client.
    pub fn stranger(&self) -> Result<Client> {
        Ok(Client::new(self.running()?.address, None))
    }

    pub fn operator(&self) -> Result<Client> {
        Ok(Client::new(self.running()?.address, Some(&self.accounts.operator)))
    }

    pub fn customer(&self, n: usize) -> Result<Client> {
        Ok(Client::new(self.running()?.address, Some(&self.accounts.customers[n])))
    }

    /// One client for each of them.
    pub fn customers(&self) -> Result<Vec<Client>> {
        (0..CUSTOMERS).map(|n| self.customer(n)).collect()
    }

    pub async fn publish(&self, terms: Terms) -> Result<Show> {
        Show::publish(&mut self.operator()?, terms).await
    }

    /// The log has no deadlock that was given up, and nothing else that only the server and its database can have caused.
    fn has_not_complained(&self) -> Result<()> {
        let complaints = self.log.complaints();
        ensure!(complaints.is_empty() || self.may_complain, "the servers complain:\n{}", complaints.join("\n"));
        Ok(())
    }

    /// `frontrow verify` finds nothing wrong, whether or not the server runs.
    pub async fn audit(&self) -> Result<()> {
        let (code, output) = verify(self.directory.path()).await?;
        ensure!(code == Some(0), "frontrow verify exits with {code:?}:\n{output}");
        Ok(())
    }
}

/// How `frontrow verify` exits, and what it says.
pub async fn verify(directory: &Path) -> Result<(Option<i32>, String)> {
    let output = command(directory, &["verify"]).output().await?;
    let said = [output.stdout, output.stderr].concat();
    Ok((output.status.code(), String::from_utf8_lossy(&said).into_owned()))
}

/// `frontrow installation change`, with these settings besides.
pub async fn change_installation(directory: &Path, change: &[&str], settings: &[(&str, &str)]) -> Result<()> {
    let arguments = [&["installation", "change"], change].concat();
    let output = command(directory, &arguments).envs(settings.iter().copied()).output().await?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{arguments:?} ends with {}: {said}", output.status);
    Ok(())
}

/// Lets every client do its part at the same moment; the results are in the order of the clients.
pub async fn at_once<T, F>(mut clients: Vec<Client>, part: impl Fn(usize, Client) -> F) -> Result<Vec<T>>
where
    F: Future<Output = Result<T>>,
{
    for client in &mut clients {
        client.connect().await?;
    }
    // To the end, even if one of them fails: the others' requests are on their way.
    join_all(clients.into_iter().enumerate().map(|(n, client)| part(n, client))).await.into_iter().collect()
}

/// How much of something a test does: the default, unless the environment says otherwise.
#[derive(Clone, Copy)]
pub struct Amount {
    variable: &'static str,
    usual: usize,
}

impl Amount {
    /// Rounds of 200 clients for one seat.
    pub const RUSHES: Self = Self { variable: "FRONTROW_TEST_RUSHES", usual: 10 };
    /// Of overlapping holds.
    pub const RUSH_SECONDS: Self = Self { variable: "FRONTROW_TEST_RUSH_SECONDS", usual: 5 };
    /// Of every client of three instances.
    pub const STEPS: Self = Self { variable: "FRONTROW_TEST_STEPS", usual: 40 };
    /// Of the server, on each database.
    pub const KILLS: Self = Self { variable: "FRONTROW_TEST_KILLS", usual: 5 };
    /// Of its database.
    pub const DATABASE_KILLS: Self = Self { variable: "FRONTROW_TEST_DATABASE_KILLS", usual: 2 };
    /// In one queue.
    pub const QUEUE_PEOPLE: Self = Self { variable: "FRONTROW_TEST_QUEUE_PEOPLE", usual: 200 };
    /// For which its servers are maltreated.
    pub const QUEUE_SECONDS: Self = Self { variable: "FRONTROW_TEST_QUEUE_SECONDS", usual: 16 };
    /// For which what everybody was answered is put to the test.
    pub const ANSWERED_SECONDS: Self = Self { variable: "FRONTROW_TEST_ANSWERED_SECONDS", usual: 5 };
    const ALL: [Self; 8] = [
        Self::RUSHES,
        Self::RUSH_SECONDS,
        Self::STEPS,
        Self::KILLS,
        Self::DATABASE_KILLS,
        Self::QUEUE_PEOPLE,
        Self::QUEUE_SECONDS,
        Self::ANSWERED_SECONDS,
    ];

    /// How much it is.
    pub fn get(self) -> Result<usize> {
        match std::env::var(self.variable) {
            Ok(text) => text.parse().with_context(|| format!("{} is a whole number", self.variable)),
            Err(_) => Ok(self.usual),
        }
    }

    /// Twice as much may take twice as long.
    fn most_time() -> Result<Duration> {
        let times = |amount: Self| Ok(u32::try_from(amount.get()?.div_ceil(amount.usual))?);
        let times = Self::ALL.into_iter().map(times).collect::<Result<Vec<_>>>()?;
        Ok(MAX_TIME * times.into_iter().max().unwrap_or_default().max(1))
    }
}

/// The seed of random choices. A failing test prints it, and `FRONTROW_TEST_SEED` repeats it.
pub fn seed() -> Result<u64> {
    match std::env::var("FRONTROW_TEST_SEED") {
        Ok(seed) => seed.parse().context("FRONTROW_TEST_SEED is a whole number"),
        Err(_) => getrandom::u64().context("no randomness"),
    }
}

/// Looks again and again until there is something, and fails if nothing comes.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        ensure!(tokio::time::Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        sleep(PACE).await;
    }
}

impl Client {
    pub async fn get(&mut self, path: &str) -> Result<Value> {
        self.ask(Method::GET, path, None, None).await?.expect(StatusCode::OK)
    }

    pub async fn balance(&mut self) -> Result<i64> {
        let wallet = self.get("/v1/wallet").await?;
        wallet["balance"]["amount"].as_i64().with_context(|| format!("no balance: {wallet}"))
    }

    /// Holds available seats; returns the reservation's id.
    pub async fn held(&mut self, show: Show, seats: &[String], key: &str) -> Result<String> {
        let held = self.hold(show.performance, seats, key).await?.expect(StatusCode::CREATED)?;
        text(&held, "id")
    }

    pub async fn charge(&mut self, amount: i64, token: &str, key: &str) -> Result<Reply> {
        let body = json!({"amount": amount, "payment_token": token});
        self.ask(Method::POST, "/v1/wallet/charges", Some(key), Some(body)).await
    }

    pub async fn cancel(&mut self, reservation: &str, key: &str) -> Result<Reply> {
        let path = format!("/v1/reservations/{reservation}/cancellation");
        self.ask(Method::POST, &path, Some(key), None).await
    }

    pub async fn status_of(&mut self, reservation: &str) -> Result<String> {
        text(&self.get(&format!("/v1/reservations/{reservation}")).await?, "status")
    }

    /// How many seats are available.
    pub async fn available(&mut self, show: Show) -> Result<u64> {
        let availability = self.get(&format!("/v1/performances/{}/availability", show.performance)).await?;
        availability["available"].as_u64().with_context(|| format!("no count: {availability}"))
    }
}

/// A field of an answer.
pub fn text(body: &Value, field: &str) -> Result<String> {
    Ok(body[field].as_str().with_context(|| format!("no {field}: {body}"))?.to_owned())
}

/// A time in an answer.
pub fn time(body: &Value, field: &str) -> Result<Instant> {
    let time: Timestamp = serde_json::from_value(body[field].clone()).with_context(|| format!("no {field}: {body}"))?;
    Ok(time.into())
}

/// The label of a seat in the first row.
pub fn seat(number: usize) -> String {
    format!("A-1-{number}")
}

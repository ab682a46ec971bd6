//! A database with an operator and customers, made once through the API.

use super::{Client, Log, Server, command};
use anyhow::{Context, Result, ensure};
use frontrow_adapters::sql::{Database, DatabaseSettings, SqlAccounts, SqlStore, StorePorts, StoreSettings};
use frontrow_adapters::{EventLog, SystemClock, UuidV7Source};
use frontrow_application::port::{AccountRepository, BookingStore, Clock, Credentials, IdSource};
use frontrow_domain::{Charge, Command, CommandKey, Operation, PaymentId, Points, Settle, Settlement, TransferId};
use futures::future::try_join_all;
use hyper::{Method, StatusCode};
use serde_json::json;
use std::ffi::OsString;
use std::iter::once;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;

/// How many customers there are, each with [`TestAccounts::POINTS`].
pub const CUSTOMERS: usize = 64;
const PASSWORD: &str = "correct horse battery";

/// A database with an operator and customers, as bytes: every test gets a copy.
pub struct TestAccounts {
    files: Vec<(OsString, Vec<u8>)>,
    /// The operator, then the customers, with the hashes of their passwords.
    pub people: Vec<Credentials>,
    /// The operator's access token.
    pub operator: String,
    /// The customers' access tokens.
    pub customers: Vec<String>,
}

impl TestAccounts {
    /// What every customer has.
    pub const POINTS: i64 = 10_000_000;

    /// Makes the people through the API.
    pub async fn build() -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let directory = directory.path();
        add_operator(directory).await?;
        let server = Server::start(directory, &[], Log::default()).await?;
        let operator = log_in(&mut Client::new(server.address, None), "operator@example.com").await?;
        let mut customers = Vec::with_capacity(CUSTOMERS);
        for n in 0..CUSTOMERS {
            customers.push(customer(&server, n).await?);
        }
        server.stop().await?;
        let mut files = Vec::new();
        for entry in std::fs::read_dir(directory)? {
            let entry = entry?;
            files.push((entry.file_name(), std::fs::read(entry.path())?));
        }
        let people = people(directory).await?;
        Ok(Self { files, people, operator, customers })
    }

    /// Puts the same people into an empty database on a server, without asking for their passwords again, and what a
    /// server needs to use it into an empty directory.
    pub async fn put_on_server(&self, directory: &Path, url: &str) -> Result<()> {
        for (name, bytes) in self.files.iter().filter(|(name, _)| name == "keys.json") {
            write_private(&directory.join(name), bytes)?;
        }
        write_private(&directory.join("frontrow.toml"), format!("database_url = {url:?}\n").as_bytes())?;
        let migrated = command(directory, &["migrate"]).stdout(Stdio::null()).status().await?;
        ensure!(migrated.success(), "frontrow migrate ended with {migrated}");
        settle(&self.people, url).await
    }

    /// Puts a copy of the database into an empty directory.
    pub fn copy_to(&self, directory: &Path) -> Result<()> {
        for (name, bytes) in &self.files {
            write_private(&directory.join(name), bytes)?;
        }
        Ok(())
    }
}

/// The file with the keys has to be its owner's alone.
fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    Ok(std::io::Write::write_all(&mut file, bytes)?)
}

async fn open(url: String) -> Result<Arc<Database>> {
    let settings = DatabaseSettings { readers: 1, ..DatabaseSettings::new(url) };
    Ok(Arc::new(Database::open(&settings, Arc::new(UuidV7Source)).await?))
}

async fn people(directory: &Path) -> Result<Vec<Credentials>> {
    let database = open(format!("sqlite://{}", directory.join("frontrow.sqlite").display())).await?;
    let accounts = SqlAccounts::new(database.clone());
    let mut people = Vec::with_capacity(1 + CUSTOMERS);
    for name in once("operator".to_owned()).chain((0..CUSTOMERS).map(|n| format!("customer-{n}"))) {
        let email = format!("{name}@example.com").parse()?;
        people.push(accounts.by_email(&email).await?.with_context(|| format!("{name} has no account"))?);
    }
    database.close().await;
    Ok(people)
}

/// Accounts for everybody, and points for all but the first, the operator.
async fn settle(people: &[Credentials], url: &str) -> Result<()> {
    let database = open(url.to_owned()).await?;
    let (clock, ids) = (Arc::new(SystemClock), Arc::new(UuidV7Source));
    let ports = StorePorts { clock: clock.clone(), ids: ids.clone(), announcer: Arc::new(EventLog::default()) };
    let store = SqlStore::open(&database, StoreSettings::default(), ports).await?;
    let accounts = SqlAccounts::new(database.clone());
    try_join_all(people.iter().map(|person| accounts.add(person, clock.now()))).await?;
    try_join_all(people[1..].iter().map(|person| fill(&store, &*ids, person))).await?;
    store.drain().await;
    database.close().await;
    Ok(())
}

async fn fill(store: &SqlStore, ids: &dyn IdSource, person: &Credentials) -> Result<()> {
    let (user, payment) = (person.user.id, PaymentId::new(ids.id()));
    let amount = Points::new(TestAccounts::POINTS)?;
    let charge = Charge { payment, user, amount, provider: "sandbox".into() };
    let key = CommandKey::new(user, "fill")?;
    store.execute(Command::keyed(key, [0; 32], Operation::Charge(charge))).await?;
    let settlement = Settlement::Accepted { provider_ref: ids.id().to_string() };
    let settle = Settle { payment, user, settlement, transfer: TransferId::new(ids.id()) };
    store.execute(Command::unkeyed(Operation::Settle(settle))).await?;
    Ok(())
}

async fn add_operator(directory: &Path) -> Result<()> {
    let mut add = command(directory, &["operator", "add", "--email", "operator@example.com", "--name", "Operator"]);
    let mut child = add.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    let mut stdin = child.stdin.take().context("piped")?;
    stdin.write_all(format!("{PASSWORD}\n").as_bytes()).await?;
    drop(stdin);
    ensure!(child.wait().await?.success(), "no operator was added");
    Ok(())
}

/// Signs somebody up, logs them in and fills their wallet.
async fn customer(server: &Server, n: usize) -> Result<String> {
    let email = format!("customer-{n}@example.com");
    let mut client = Client::new(server.address, None);
    let account = json!({"email": email, "password": PASSWORD, "name": "Customer"});
    client.ask(Method::POST, "/v1/users", None, Some(account)).await?.expect(StatusCode::CREATED)?;
    let token = log_in(&mut client, &email).await?;
    let charge = json!({"amount": TestAccounts::POINTS, "payment_token": "tok_accept"});
    let mut client = Client::new(server.address, Some(&token));
    let charged = client.ask(Method::POST, "/v1/wallet/charges", Some("fill"), Some(charge)).await?;
    charged.expect(StatusCode::CREATED)?;
    Ok(token)
}

async fn log_in(client: &mut Client, email: &str) -> Result<String> {
    let body = json!({"email": email, "password": PASSWORD});
    let session = client.ask(Method::POST, "/v1/sessions", None, Some(body)).await?.expect(StatusCode::CREATED)?;
    Ok(session["access_token"].as_str().context("no access token")?.to_owned())
}

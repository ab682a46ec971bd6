//! A database, and the server on it.

use crate::driver::{Client, Log, Server, Show, Terms, TestAccounts, command};
use anyhow::{Context, Result, ensure};
use frontrow_application::port::{AccessClaims, Credentials, Join};
use frontrow_domain::waiting_room::{Group, Pass, QueueNumber, QueueToken};
use frontrow_domain::{BuyerKey, Role, SaleId, SessionId, UserId, testing};
use frontrow_server::application::Application;
use frontrow_server::keys::Keys;
use frontrow_server::settings::{Given, Settings};
use frontrow_test_databases::{PrivateServer, TestDatabase};
use futures::stream::{StreamExt, TryStreamExt, iter};
use hyper::Method;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use uuid::Uuid;

/// Longer than any run.
const LIFETIME: Duration = Duration::from_hours(12);

/// A database, the server on it, and the same application without the server: for what is prepared, not measured.
pub struct Testbed {
    pub name: String,
    pub server: Server,
    pub application: Application,
    directory: TempDir,
    operator: String,
    _database: Option<TestDatabase>,
}

/// A sale with a waiting room.
#[derive(Clone, Copy)]
pub struct Sale {
    pub id: Uuid,
    pub performance: Uuid,
}

impl Testbed {
    /// A file; with Redis, that hands out the numbers.
    pub async fn file(accounts: &TestAccounts, redis: Option<&str>) -> Result<Self> {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        accounts.copy_to(directory.path())?;
        let name = if redis.is_some() { "SQLite and Redis" } else { "SQLite" };
        Self::on(name, accounts, directory, redis, None).await
    }

    /// A database on a server.
    pub async fn server(accounts: &TestAccounts, server: &PrivateServer) -> Result<Self> {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let database = TestDatabase::make(server.kind(), server.url()).await?;
        accounts.put_on_server(directory.path(), database.url()).await?;
        Self::on(&server.kind().to_string(), accounts, directory, None, Some(database)).await
    }

    async fn on(
        name: &str,
        accounts: &TestAccounts,
        directory: TempDir,
        redis: Option<&str>,
        database: Option<TestDatabase>,
    ) -> Result<Self> {
        let redis = redis.unwrap_or("off");
        if redis != "off" {
            let change = ["installation", "change", "numbers", "--redis-url", redis];
            let changed = command(directory.path(), &change).output().await?;
            ensure!(changed.status.success(), "{}", String::from_utf8_lossy(&changed.stderr));
        }
        let server = start(directory.path(), redis).await?;
        let mut given = Given { directory: directory.path().into(), ..Given::default() };
        given.flags.0.insert("redis_url", redis.to_owned());
        let mut settings = Settings::load(&given)?;
        if let frontrow_server::settings::DatabaseAddress::File(file) = &mut settings.database {
            *file = directory.path().join(&*file);
        }
        let keys = Keys::load_or_create(&directory.path().join("keys.json"))?;
        let application = Application::open(&settings, &keys).await?;
        let operator = accounts.operator.clone();
        Ok(Self { name: name.to_owned(), server, application, directory, operator, _database: database })
    }

    /// Another server on the same database.
    pub async fn another(&self) -> Result<Server> {
        start(self.directory.path(), "off").await
    }

    /// Nothing may be wrong but that those who join and check in by the thousand have no account.
    pub async fn end(self) -> Result<()> {
        self.server.stop().await?;
        self.application.close().await;
        let found = command(self.directory.path(), &["verify"]).output().await?.stdout;
        let found = String::from_utf8(found)?;
        let is_fine =
            |queue: &&str| *queue == "all is right" || (queue.contains(": user ") && queue.ends_with("not exist"));
        let wrong: Vec<&str> = found.lines().filter(|line| !is_fine(line)).take(10).collect();
        ensure!(wrong.is_empty() && !found.is_empty(), "frontrow verify: {wrong:#?}");
        Ok(())
    }

    /// A sale whose queue is open, with these fields of its waiting room, once the server knows it.
    pub async fn sale(&self, room: &Value) -> Result<Sale> {
        let sale = self.publish(room, "2020-01-02T00:00:00Z").await?;
        self.wait_for(&sale, |queue| queue["phase"] == "open").await?;
        Ok(sale)
    }

    /// A sale whose lobby is drawn when an operator opens it.
    pub async fn lobby(&self) -> Result<Sale> {
        let sale = self.publish(&json!({"draw": true}), "2099-01-01T00:00:00Z").await?;
        self.wait_for(&sale, |queue| queue["phase"] == "lobby").await?;
        Ok(sale)
    }

    async fn publish(&self, room: &Value, opens: &str) -> Result<Sale> {
        let id = self.application.ports.ids.id();
        let mut operator = Client::new(self.server.address, Some(&self.operator));
        let mut waiting_room = json!({
            "lobby_opens": "2020-01-01T00:00:00Z", "capacity": 1, "rate_per_minute": 1_000_000, "burst": 100_000,
            "session_seconds": 7200,
        });
        for (name, value) in room.as_object().into_iter().flatten() {
            waiting_room[name] = value.clone();
        }
        let terms = Terms { rows: 20, ..Terms::default() };
        let fields = json!({"waiting_room": waiting_room, "opens": opens});
        let show = Show::publish_as(&mut operator, terms, id, &fields).await?;
        Ok(Sale { id, performance: show.performance })
    }

    /// A sale without a waiting room.
    pub async fn sale_without(&self) -> Result<Sale> {
        let id = self.application.ports.ids.id();
        let mut operator = Client::new(self.server.address, Some(&self.operator));
        let terms = Terms { rows: 20, ..Terms::default() };
        let show = Show::publish_as(&mut operator, terms, id, &json!({})).await?;
        Ok(Sale { id, performance: show.performance })
    }

    /// The queue with its figures, as operators see it.
    pub async fn queue(&self, sale: &Sale) -> Result<Value> {
        let mut operator = Client::new(self.server.address, Some(&self.operator));
        let queue = operator.ask(Method::GET, &format!("/v1/sales/{}/waiting-room", sale.id), None, None).await?;
        ensure!(queue.status.is_success(), "{}", queue.body);
        Ok(queue.body)
    }

    /// Somebody's pass, whether they are admitted or not: looking at seats asks for nothing else.
    pub fn pass(&self, sale: &Sale, user: UserId) -> String {
        let expires = self.application.ports.clock.now() + LIFETIME;
        let pass = Pass { sale: SaleId::new(sale.id), user, generation: 1, expires };
        self.application.ports.signer.sign_pass(&pass)
    }

    /// Changes a queue.
    pub async fn change(&self, sale: &Sale, change: Value) -> Result<()> {
        let mut operator = Client::new(self.server.address, Some(&self.operator));
        let changed =
            operator.ask(Method::PATCH, &format!("/v1/sales/{}/waiting-room", sale.id), None, Some(change)).await?;
        ensure!(changed.status.is_success(), "{}", changed.body);
        Ok(())
    }

    /// Until the snapshot says so.
    pub async fn wait_for(&self, sale: &Sale, fine: impl Fn(&Value) -> bool) -> Result<Value> {
        let mut client = Client::new(self.server.address, None);
        let until = tokio::time::Instant::now() + Duration::from_mins(2);
        let mut last = Value::Null;
        while tokio::time::Instant::now() < until {
            let reply = client.ask(Method::GET, &format!("/v1/sales/{}/queue", sale.id), None, None).await?;
            if reply.status.is_success() && fine(&reply.body) {
                return Ok(reply.body);
            }
            last = reply.body;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::bail!("the queue does not come to be as it should: {last}")
    }

    /// Gives so many people a queue entry, without HTTP.
    pub async fn fill(&self, sale: &Sale, people: usize) -> Result<()> {
        let joins = iter(0..people).map(|_| async {
            let key = BuyerKey { sale: SaleId::new(sale.id), user: UserId::new(self.application.ports.ids.id()) };
            let join = Join { key, group: Group::FIRST, worthless: None, proved: None };
            self.application.ports.dispenser.join(join).await
        });
        joins.buffer_unordered(512).try_for_each(|_| async { Ok(()) }).await.context("people can't join")
    }

    /// Somebody who has an account. No password opens it.
    pub async fn account(&self) -> Result<UserId> {
        let ports = &self.application.ports;
        let id = UserId::new(ports.ids.id());
        let email = format!("{}@example.com", id.uuid().simple()).parse()?;
        let user = testing::user().id(id).email(email).build();
        let credentials = Credentials { user, password_hash: "none".to_owned() };
        ports.accounts.add(&credentials, ports.clock.now()).await?;
        Ok(id)
    }

    /// Somebody's access token. Their account exists nowhere else.
    pub fn access(&self, user: UserId) -> String {
        let ports = &self.application.ports;
        let session = SessionId::new(ports.ids.id());
        let expires = ports.clock.now() + LIFETIME;
        ports.tokens.issue(&AccessClaims { user, role: Role::Customer, session, expires })
    }

    /// The queue token of a number.
    pub fn queue_token(&self, sale: &Sale, user: UserId, number: u64) -> Result<String> {
        let number = QueueNumber::new(number).context("from 1")?;
        let ports = &self.application.ports;
        let (sale, issued) = (SaleId::new(sale.id), ports.clock.now());
        Ok(ports.signer.sign_token(&QueueToken { sale, epoch: 1, group: Group::FIRST, number, user, issued }))
    }
}

async fn start(directory: &Path, redis: &str) -> Result<Server> {
    Server::start(directory, &[("FRONTROW_REDIS_URL", redis), ("FRONTROW_SWEEP_SECONDS", "3600")], Log::default()).await
}

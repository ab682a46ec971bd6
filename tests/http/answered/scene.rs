//! Where the server is, how much it has answered, and whether the round goes on.

use crate::driver::client::Reply;
use crate::driver::{Client, Show};
use crate::queue::Queue;
use crate::queue::crowd::{Endpoints, Person, settle};
use crate::test_server::TestServer;
use anyhow::{Context, Result, ensure};
use frontrow_server::keys::Keys;
use frontrow_server::settings::{Given, Settings};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// People who join the queue of a round.
const JOINERS: usize = 60;
/// Before somebody repeats what was refused.
const PAUSE: Duration = Duration::from_millis(30);
/// Nothing is waited for longer.
const PATIENCE: Duration = Duration::from_mins(1);

/// What everybody in a round has in common.
pub struct Scene {
    pub show: Show,
    pub queue: Queue,
    /// Makes names of this round that no other has.
    pub name: String,
    pub operator: String,
    pub customers: &'static [String],
    pub joiners: Vec<Person>,
    pub pending: Pending,
    pub endpoints: Arc<Endpoints>,
    address: watch::Sender<Option<SocketAddr>>,
    answered: watch::Sender<usize>,
    refused: watch::Sender<usize>,
    is_over: AtomicBool,
    /// Requests without an answer, which may have been carried out or not.
    pub lost: AtomicUsize,
}

/// Charges that were pending after the last round, by customer.
#[derive(Clone, Default)]
pub struct Pending(Arc<Mutex<BTreeMap<usize, Vec<String>>>>);

impl Pending {
    pub fn of(&self, customer: usize) -> Vec<String> {
        self.all().get(&customer).cloned().unwrap_or_default()
    }

    pub fn put(&self, customer: usize, charges: Vec<String>) {
        self.all().insert(customer, charges);
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<usize, Vec<String>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer, and whether the same request may have been carried out before: it was repeated after no answer, or after a
/// refusal that can't be told from one.
pub struct Answered {
    pub reply: Reply,
    pub is_repeated: bool,
}

/// Somebody's client, wherever the server is.
pub struct Caller {
    token: Option<String>,
    client: Option<(SocketAddr, Client)>,
}

impl Caller {
    /// Nobody's without a token.
    pub fn new(token: Option<&str>) -> Self {
        Self { token: token.map(str::to_owned), client: None }
    }

    pub fn at(&mut self, address: SocketAddr) -> &mut Client {
        let known = self.client.take().filter(|(at, _)| *at == address);
        &mut self.client.insert(known.unwrap_or_else(|| (address, Client::new(address, self.token.as_deref())))).1
    }
}

impl Scene {
    pub async fn of(server: &TestServer, show: Show, round: u32, pending: Pending) -> Result<Self> {
        let address = server.running()?.address;
        let room = json!({"capacity": 20, "rate_per_minute": 60_000, "session_seconds": 3600});
        let queue = Queue::publish(&mut server.operator()?, crate::driver::Terms::default(), &room).await?;
        Ok(Self {
            show,
            queue,
            name: format!("round-{round}-{:08x}", getrandom::u32().context("no randomness")?),
            operator: server.accounts.operator.clone(),
            customers: &server.accounts.customers,
            joiners: joiners(server).await?,
            pending,
            endpoints: crate::queue::endpoints(&[address]),
            address: watch::Sender::new(Some(address)),
            answered: watch::Sender::new(0),
            refused: watch::Sender::new(0),
            is_over: AtomicBool::new(false),
            lost: AtomicUsize::new(0),
        })
    }

    /// Where the server is now; `None` while it does not run.
    pub fn moved_to(&self, address: Option<SocketAddr>) {
        let addresses = address.into_iter().collect();
        *self.endpoints.addresses.write().unwrap_or_else(PoisonError::into_inner) = addresses;
        self.address.send_replace(address);
    }

    pub fn stop(&self) {
        self.is_over.store(true, Ordering::SeqCst);
    }

    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// Waits for that many more answers.
    pub async fn answers(&self, more: usize) -> Result<()> {
        counted(&self.answered, more).await.with_context(|| format!("{more} answers"))
    }

    /// Waits until that many more have been told to try again later.
    pub async fn refusals(&self, more: usize) -> Result<()> {
        counted(&self.refused, more).await.with_context(|| format!("{more} refusals"))
    }

    /// Sends it until there is an answer that says what has happened.
    pub async fn insist(
        &self,
        caller: &mut Caller,
        method: &Method,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Answered> {
        self.insist_on(async |address| caller.at(address).ask(method.clone(), path, key, body.cloned()).await)
            .await
            .with_context(|| format!("{method} {path}"))
    }

    /// The same for whatever `send` sends.
    pub async fn insist_on(&self, mut send: impl AsyncFnMut(SocketAddr) -> Result<Reply>) -> Result<Answered> {
        let mut is_repeated = false;
        loop {
            let address = self.address().await?;
            match send(address).await {
                Err(_) => {
                    self.lost.fetch_add(1, Ordering::Relaxed);
                }
                Ok(reply) if reply.status == StatusCode::SERVICE_UNAVAILABLE => {
                    self.refused.send_modify(|refused| *refused += 1);
                }
                // Those who were refused and try again join too often for a while.
                Ok(reply) if reply.status == StatusCode::TOO_MANY_REQUESTS => {}
                Ok(reply) => {
                    ensure!(!reply.status.is_server_error(), "{reply:?}");
                    self.answered.send_modify(|answered| *answered += 1);
                    return Ok(Answered { reply, is_repeated });
                }
            }
            is_repeated = true;
            sleep(PAUSE).await;
        }
    }

    async fn address(&self) -> Result<SocketAddr> {
        let mut address = self.address.subscribe();
        let known = timeout(PATIENCE, address.wait_for(Option::is_some)).await.context("no server runs")??;
        known.context("no server runs")
    }
}

async fn counted(counter: &watch::Sender<usize>, more: usize) -> Result<()> {
    let mut counter = counter.subscribe();
    let wanted = *counter.borrow() + more;
    let reached = timeout(PATIENCE, counter.wait_for(|count| *count >= wanted)).await;
    reached.with_context(|| format!("not within {PATIENCE:?}"))?.map(drop).context("nobody counts")
}

/// Accounts for those who join, made in the database itself: passwords take too long.
async fn joiners(server: &TestServer) -> Result<Vec<Person>> {
    let directory = server.directory.path();
    let mut given = Given { directory: directory.to_owned(), ..Given::default() };
    given.flags.0.insert("database_url", server.address());
    let mut settings = Settings::load(&given)?;
    settings.keys_file = directory.join("keys.json");
    let keys = Keys::load_or_create(&settings.keys_file)?;
    let library = frontrow_server::application::Application::open(&settings, &keys).await?;
    let people = settle(&library, &server.accounts.people[0].password_hash, JOINERS, 1).await;
    library.close().await;
    people
}

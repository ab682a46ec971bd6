//! Numbers of lines from Redis or Valkey, for the largest sales. Only numbers: lines, doors and admissions are kept by the
//! store of lines, which leases the numbers out in blocks.
//!
//! # What is kept
//!
//! One hash tag a sale, `frontrow:{SALE}:` (or what [`RedisSettings::prefix`] says instead), and behind it
//!
//! | key | what |
//! | --- | --- |
//! | `epoch` | the line's epoch |
//! | `run` | the run id of the server on which that began |
//! | `n:GROUP` | the last number that was handed out |
//! | `u:BUCKET` | user → place, in small hashes that take about 30 bytes a person |
//! | `buckets`, `people` | how many there are |
//!
//! and once, `frontrow:installation:MARK`, by which instances know that it is the Redis that their installation takes
//! numbers from ([`RedisMarks`]).
//!
//! # What is durable
//!
//! With `appendonly yes` and `appendfsync always` a place is on the disk before anybody is told of it, and a server that
//! is started again has it. With `appendfsync everysec`, or without a file, the last places may be gone, and the signed
//! queue token that everybody got is the record: who shows it gets their place back, who does not gets a new one at the
//! end. Replicas are told later in any case, so that a failover loses what was on its way.
//!
//! Whatever is lost, no number is handed out twice. The store of lines leases numbers in blocks, and a number that is not
//! leased is not given. The epoch and the run id are looked at with every question: where they are missing or others (the
//! server was flushed, started again or replaced by one that knows less), the next epoch begins above all that was ever
//! leased. That costs what was left of a block: numbers that nobody has.
//!
//! Connect to the server itself, or to a name that leads to it: behind a proxy that changes servers without closing
//! connections the run id would be that of the server before. `maxmemory-policy` has to be `noeviction` or one of
//! `volatile-…`: no key has a time to run out before the line of its sale is over. Then all get one, a month away: a draw
//! may be revealed until then.

mod desk;
mod keys;
mod lease;
mod link;
mod mark;
mod roster;
mod script;
mod trouble;

use crate::UuidV7Source;
use crate::address::{AddressFlaw, ServerAddress};
use crate::deadline;
use async_trait::async_trait;
use desk::{Desk, MOST_TOGETHER, Works};
use frontrow_application::deadline::COMMAND;
use frontrow_application::port::{IdSource, Join, Joined, NumberDispenser, NumberLeases, StoreError};
use frontrow_domain::waiting_room::{Group, QueueNumber};
use frontrow_domain::{SaleId, UserId};
use link::Server;
pub use mark::RedisMarks;
use script::Scripts;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::time::timeout_at;
use trouble::{Trouble, UNAVAILABLE};

/// Which server, and how.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisSettings {
    /// `redis://USER:PASSWORD@HOST:6379/0`, or `rediss://…` with TLS.
    pub url: String,
    /// What the names of all keys begin with: houses that share a server have different ones.
    pub prefix: String,
    /// Numbers that are leased at a time, for each group: at least as many as one script hands out, 256.
    pub block: u64,
    /// Joins of a sale that may wait; more are told to come back.
    pub queue: usize,
    /// How long a connection may take to be made.
    pub connect_within: Duration,
    /// How long the server may take to answer.
    pub answer_within: Duration,
    /// Whether an epoch is never begun here, but an error where one would have to be: for who only wants to read.
    pub only_reads: bool,
    /// The mark that the server has to have before any number comes from it; `None` if any server will do.
    pub mark: Option<String>,
}

impl RedisSettings {
    /// That server, and what is right for most.
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            prefix: "frontrow".to_owned(),
            block: 10_000,
            queue: 8192,
            connect_within: Duration::from_secs(1),
            answer_within: Duration::from_secs(2),
            only_reads: false,
            mark: None,
        }
    }
}

impl fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address has a password in it.
        let Self { url: _, prefix, block, queue, connect_within, answer_within, only_reads, mark } = self;
        f.debug_struct("RedisSettings")
            .field("prefix", prefix)
            .field("block", block)
            .field("queue", queue)
            .field("connect_within", connect_within)
            .field("answer_within", answer_within)
            .field("only_reads", only_reads)
            .field("mark", mark)
            .finish_non_exhaustive()
    }
}

/// Why the server can't be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RedisSettingsError {
    /// The address is not one of a server.
    #[error("the address is redis://HOST:6379/0 or rediss://USER:PASSWORD@HOST:6379/0 (for Valkey too)")]
    NotAnAddress,
    /// Something in the address is wrong.
    #[error("the address of Redis: {0}")]
    Address(AddressFlaw),
}

/// [`NumberDispenser`] on Redis 7 or Valkey 8, or newer. Joins that come while others are being served are taken together,
/// in the order in which they came; each gets its place even if whoever asked has gone.
///
/// While the server is away, joins are told to come back ([`StoreError::Unavailable`]), after
/// [`RedisSettings::connect_within`] and [`RedisSettings::answer_within`] at the latest and mostly at once; when it is
/// there again, so are its places. Any number of instances may work on one server.
pub struct RedisDispenser {
    works: Arc<Works>,
    desks: Mutex<HashMap<SaleId, Arc<Desk>>>,
}

/// How long who reads everything waits: people who draw, and have time.
const PATIENCE: Duration = Duration::from_mins(2);
/// Sales in memory; more make it start again.
const MOST_DESKS: usize = 10_000;

impl RedisDispenser {
    /// [`RedisDispenser::open_with`], as is right for most.
    pub async fn open(url: &str, leases: Arc<dyn NumberLeases>) -> Result<Self, RedisSettingsError> {
        Self::open_with(RedisSettings::new(url), leases, Arc::new(UuidV7Source)).await
    }

    /// Tries to connect; a server that is away now may be there later. Must be called on the runtime that the connection
    /// shall live on, which must outlive those who wait. The ids name faults.
    pub async fn open_with(
        mut settings: RedisSettings,
        leases: Arc<dyn NumberLeases>,
        ids: Arc<dyn IdSource>,
    ) -> Result<Self, RedisSettingsError> {
        let client = client(&settings.url)?;
        settings.block = settings.block.max(u64::from(MOST_TOGETHER));
        let runtime = Handle::current();
        let server = Server::new(client, &settings, runtime.clone());
        let works = Works { server, scripts: Scripts::new(), leases, ids, settings, runtime };
        // Whether it worked is in the log.
        drop(works.server.link().await);
        Ok(Self { works: Arc::new(works), desks: Mutex::default() })
    }

    /// Puts the mark back that a server had and has lost with all else. For somebody to do now and then: who joins finds
    /// a loss out by themselves, but only where a line is open.
    pub async fn keep_mark(&self) {
        let server = &self.works.server;
        // A connection that broke while nobody used it is noticed only now.
        for _ in 0..2 {
            let Ok(link) = server.link().await else { return };
            if !matches!(server.put_mark_back(&link).await, Ok(false)) {
                return;
            }
        }
    }

    fn desk(&self, sale: SaleId) -> Arc<Desk> {
        let mut desks = self.desks.lock().unwrap_or_else(PoisonError::into_inner);
        if desks.len() >= MOST_DESKS && !desks.contains_key(&sale) {
            desks.clear();
        }
        Arc::clone(desks.entry(sale).or_insert_with(|| Arc::new(Desk::new(&self.works, sale))))
    }

    /// Works on the runtime of the connection, to the end: who asked may go away, and an epoch that was begun in one
    /// store only would have to be followed by another.
    async fn undisturbed<T, W>(
        &self,
        sale: SaleId,
        within: Duration,
        work: impl FnOnce(Arc<Desk>) -> W,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Future<Output = Result<T, Trouble>> + Send + 'static,
    {
        let work = self.works.runtime.spawn(work(self.desk(sale)));
        let done = timeout_at(deadline::until(within), work).await.unwrap_or(Ok(Err(Trouble::Away)));
        done.unwrap_or(Err(Trouble::Away)).map_err(|trouble| trouble.tell(&*self.works.ids))
    }
}

/// Whether it is the address of a server, and nothing in it would be passed over. Says nothing of the password.
pub fn check_address(url: &str) -> Result<(), RedisSettingsError> {
    client(url).map(drop)
}

fn client(url: &str) -> Result<redis::Client, RedisSettingsError> {
    let rest = url.strip_prefix("redis://").or_else(|| url.strip_prefix("rediss://"));
    let rest = rest.filter(|rest| !rest.is_empty()).ok_or(RedisSettingsError::NotAnAddress)?;
    let parsed = ServerAddress::parse(rest, &[]).map_err(RedisSettingsError::Address)?;
    let database = parsed.path.trim_end_matches('/');
    if !database.is_empty() && !database.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(RedisSettingsError::NotAnAddress);
    }
    redis::Client::open(url).map_err(|_| RedisSettingsError::NotAnAddress)
}

#[async_trait]
impl NumberDispenser for RedisDispenser {
    async fn join(&self, join: Join) -> Result<Joined, StoreError> {
        let told = self.desk(join.key.sale).join(join)?;
        // It takes far less: this is for what nobody has thought of.
        match timeout_at(deadline::until(COMMAND), told).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Err(UNAVAILABLE),
        }
    }

    async fn issued(&self, sale: SaleId, groups: usize) -> Result<Vec<u64>, StoreError> {
        let mut issued = self.undisturbed(sale, COMMAND, |desk| async move { desk.issued().await }).await?;
        issued.resize(groups, 0);
        Ok(issued)
    }

    async fn places(
        &self,
        sale: SaleId,
        group: Group,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(QueueNumber, UserId)>, StoreError> {
        self.undisturbed(sale, PATIENCE, move |desk| async move { desk.places(group, after, limit).await }).await
    }

    async fn forget(&self, sale: SaleId) -> Result<(), StoreError> {
        let forgotten = self.undisturbed(sale, PATIENCE, |desk| async move { desk.forget().await }).await;
        self.desks.lock().unwrap_or_else(PoisonError::into_inner).remove(&sale);
        forgotten
    }
}

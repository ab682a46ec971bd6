//! Numbers of queues from Redis or Valkey, for the largest sales. Only numbers: queues, check-ins and admissions are
//! kept by the store of queues, which leases the numbers out in blocks.
//!
//! # What is kept
//!
//! One hash tag a sale, `frontrow:{SALE}:` (or what [`RedisSettings::prefix`] says instead), and behind it
//!
//! | key | what |
//! | --- | --- |
//! | `epoch` | the queue's epoch |
//! | `run` | the run id of the server on which that began |
//! | `n:GROUP` | the last number that was handed out |
//! | `u:BUCKET` | user → queue entry, in small hashes that take about 30 bytes a person |
//! | `buckets`, `people` | how many there are |
//!
//! and once, `frontrow:installation:MARK`, by which instances know that it is the Redis that their installation takes
//! numbers from ([`RedisMarks`]).
//!
//! # What is durable
//!
//! With `appendonly yes` and `appendfsync always` a queue entry is on the disk before anybody is told of it, and a
//! server that is started again has it. With `appendfsync everysec`, or without a file, the last queue entries may be
//! gone, and the signed queue token that everybody got is the record: whoever shows it gets their queue entry back,
//! whoever does not gets a new one at the end. Replicas are told later in any case, so that a failover loses what was
//! on its way.
//!
//! Whatever is lost, no number is handed out twice. The store of queues leases numbers in blocks, and a number that is not
//! leased is not given. The epoch and the run id are looked at with every question: where they are missing or others (the
//! server was flushed, started again or replaced by one that knows less), the next epoch begins above all that was ever
//! leased. That costs what was left of a block: numbers that nobody has.
//!
//! Connect to the server itself, or to a name that leads to it: behind a proxy that changes servers without closing
//! connections the run id would be that of the server before. `maxmemory-policy` has to be `noeviction` or one of
//! `volatile-…`: no key has a time to run out before the queue of its sale is over. Then all get one, a month away: a draw
//! may be revealed until then.

mod connection;
mod keys;
mod lease;
mod mark;
mod number_index;
mod numbers;
mod sale;
mod script;
mod settings;
mod trouble;

use crate::UuidV7Source;
use crate::deadline;
use async_trait::async_trait;
use connection::Server;
use frontrow_application::deadline::COMMAND;
use frontrow_application::port::{IdSource, Join, Joined, NumberDispenser, NumberLeases, StoreError};
use frontrow_domain::waiting_room::{Group, QueueNumber};
use frontrow_domain::{SaleId, UserId};
pub use mark::RedisMarks;
use numbers::{BATCH_SIZE, DispenserContext, SaleNumbers};
use parking_lot::Mutex;
use sale::SaleDispenser;
use script::Scripts;
use settings::client;
pub use settings::{RedisSettings, RedisSettingsError, check_address};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::timeout_at;
use trouble::Trouble;

/// [`NumberDispenser`] on Redis 7 or Valkey 8, or newer. Joins that come while others are being served are taken together,
/// in the order in which they came; each gets its queue entry even if whoever asked has gone.
///
/// While the server is away, joins are told to come back
/// ([`Outage::Unavailable`](frontrow_application::Outage::Unavailable)), after [`RedisSettings::connect_within`] and
/// [`RedisSettings::answer_within`] at the latest and mostly at once; when it is up again, so are its queue entries.
/// Any number of instances may work on one server.
pub struct RedisDispenser {
    context: Arc<DispenserContext>,
    sales: Mutex<HashMap<SaleId, Arc<SaleDispenser>>>,
}

/// How long to wait for all numbers of a sale: people who draw have time.
const READ_ALL_TIMEOUT: Duration = Duration::from_mins(2);
/// Sales in memory; more make it start again.
const MAX_SALES: usize = 10_000;

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
        settings.block = settings.block.max(u64::from(BATCH_SIZE));
        let runtime = Handle::current();
        let server = Server::new(client, &settings, runtime.clone());
        let context = DispenserContext { server, scripts: Scripts::new(), leases, ids, settings, runtime };
        // Whether it worked is in the log.
        drop(context.server.link().await);
        Ok(Self { context: Arc::new(context), sales: Mutex::default() })
    }

    /// Puts the mark back that a server had and has lost with all else. For somebody to do now and then: whoever joins
    /// finds a loss out by themselves, but only where a queue is open.
    pub async fn keep_mark(&self) {
        let server = &self.context.server;
        // A connection that broke while nobody used it is noticed only now.
        for _ in 0..2 {
            let Ok(link) = server.link().await else { return };
            if !matches!(server.put_mark_back(&link).await, Ok(false)) {
                return;
            }
        }
    }

    fn sale(&self, sale: SaleId) -> Arc<SaleDispenser> {
        let mut sales = self.sales.lock();
        if sales.len() >= MAX_SALES && !sales.contains_key(&sale) {
            sales.clear();
        }
        Arc::clone(sales.entry(sale).or_insert_with(|| Arc::new(SaleDispenser::new(&self.context, sale))))
    }

    /// Works on the runtime of the connection, to the end: whoever asked may go away, and an epoch that was begun in
    /// one store only would have to be followed by another.
    async fn undisturbed<T, W>(
        &self,
        sale: SaleId,
        within: Duration,
        work: impl FnOnce(Arc<SaleNumbers>) -> W,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Future<Output = Result<T, Trouble>> + Send + 'static,
    {
        let work = self.context.runtime.spawn(work(Arc::clone(&self.sale(sale).numbers)));
        let done = timeout_at(deadline::until(within), work).await.unwrap_or(Ok(Err(Trouble::Away)));
        done.unwrap_or(Err(Trouble::Away)).map_err(|trouble| trouble.tell(&*self.context.ids))
    }
}

#[async_trait]
impl NumberDispenser for RedisDispenser {
    async fn join(&self, join: Join) -> Result<Joined, StoreError> {
        self.sale(join.key.sale).join(join).await
    }

    async fn issued(&self, sale: SaleId, groups: usize) -> Result<Vec<u64>, StoreError> {
        let mut issued = self.undisturbed(sale, COMMAND, |numbers| async move { numbers.issued().await }).await?;
        issued.resize(groups, 0);
        Ok(issued)
    }

    async fn entries(
        &self,
        sale: SaleId,
        group: Group,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(QueueNumber, UserId)>, StoreError> {
        self.undisturbed(
            sale,
            READ_ALL_TIMEOUT,
            move |numbers| async move { numbers.entries(group, after, limit).await },
        )
        .await
    }

    async fn forget(&self, sale: SaleId) -> Result<(), StoreError> {
        let forgotten = self.undisturbed(sale, READ_ALL_TIMEOUT, |numbers| async move { numbers.forget().await }).await;
        self.sales.lock().remove(&sale);
        forgotten
    }
}

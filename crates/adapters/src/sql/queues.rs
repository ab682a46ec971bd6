//! Waiting rooms: their queues, who has which queue entry, who is checked in, and who is admitted.
//!
//! What happens often goes through workers, each with a connection of its own, so that ticks, joins and check-ins wait
//! neither for each other nor for anybody else here. A worker serves all joins (or check-ins) that wait in one
//! transaction. What operators do, and leases of numbers, are written through a connection for queues alone. Reads go
//! the way of all other reads.

mod check_ins;
mod context;
mod joins;
mod leases;
pub(super) mod operate;
pub(super) mod read;
pub(super) mod source;
mod texts;
pub(super) mod tick;

use super::Database;
use super::database::QUEUE_WRITERS;
use super::hook::Hook;
use super::worker::{WorkerContext, Workers};
use crate::queue::Limits;
use async_trait::async_trait;
use check_ins::CheckIns;
use context::QueueContext;
use frontrow_application::port::{
    BuyerPresence, Clock, IdSource, Join, Joined, NumberDispenser, OperatorAction, QueueFigures, QueueStore,
    StoreError, TickOrder, TickReport,
};
use frontrow_application::{Page, PageRequest};
use frontrow_domain::waiting_room::{
    Admitted, CheckIn, CheckInOutcome, Group, NotNow, Queue, QueueEntry, QueueNumber, QueueUpdate,
};
use frontrow_domain::{Buyer, BuyerKey, Instant, SaleId, UserId};
use joins::Joins;
use std::sync::Arc;
use texts::{QueueProtection, QueueTexts};
use tick::Ticks;
use uuid::Uuid;

/// [`QueueStore`], [`NumberDispenser`] and [`NumberLeases`](frontrow_application::port::NumberLeases) on a SQL database.
pub struct SqlQueues {
    works: Arc<QueueContext>,
    ticks: Workers<Ticks>,
    joins: Workers<Joins>,
    check_ins: Workers<CheckIns>,
}

/// Joins, check-ins or ticks that may wait; more are told to come back.
const QUEUE_CAPACITY: usize = 8192;
/// Joins, or check-ins, that one transaction serves.
const BATCH_SIZE: usize = 256;
/// While the joins of one transaction are written, the next ones can be prepared. `SQLite` has one writer.
const JOIN_WORKERS: usize = 2;
/// Each of their transactions serves all check-ins that wait.
const CHECK_IN_WORKERS: usize = 1;
/// Each tick is of one queue: while one takes long, the others have another worker. `SQLite` has one writer.
const TICK_WORKERS: usize = 2;

impl SqlQueues {
    /// Connections to a database server that queues take in each instance: those of the workers, and those that
    /// operators' changes and leases of numbers are written through.
    pub const CONNECTIONS: usize = JOIN_WORKERS + CHECK_IN_WORKERS + TICK_WORKERS + QUEUE_WRITERS as usize;

    /// Opens the workers. Must be called on the runtime that they shall live on, which must outlive those who wait.
    pub async fn open(
        database: &Arc<Database>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Result<Self, StoreError> {
        Self::open_workers(database, clock, ids, <dyn Hook>::none()).await
    }

    /// [`SqlQueues::open`] with faults; for tests.
    #[cfg(feature = "hooks")]
    pub async fn open_with_hook(
        database: &Arc<Database>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        hook: Arc<dyn Hook>,
    ) -> Result<Self, StoreError> {
        Self::open_workers(database, clock, ids, hook).await
    }

    async fn open_workers(
        database: &Arc<Database>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        hook: Arc<dyn Hook>,
    ) -> Result<Self, StoreError> {
        let protection = QueueProtection { lock: hook.locks(), guard: hook.guards() };
        let texts = QueueTexts::new(database.dialect(), protection);
        let context = WorkerContext { database: Arc::clone(database), ids, hook: Arc::clone(&hook) };
        let works = Arc::new(QueueContext { database: Arc::clone(database), clock, texts, hook });
        let workers = |of_server| if database.is_server() { of_server } else { 1 };
        // Each tick has a queue of its own to lock.
        let of = |batch| Limits::of(QUEUE_CAPACITY, batch);
        Ok(Self {
            ticks: Workers::open(Ticks(Arc::clone(&works)), &context, workers(TICK_WORKERS), of(1)).await?,
            joins: Workers::open(Joins(Arc::clone(&works)), &context, workers(JOIN_WORKERS), of(BATCH_SIZE)).await?,
            check_ins: Workers::open(CheckIns(Arc::clone(&works)), &context, CHECK_IN_WORKERS, of(BATCH_SIZE)).await?,
            works,
        })
    }

    /// Serves nobody new, and returns when those who waited have their answers.
    pub async fn drain(&self) {
        self.joins.drain().await;
        self.check_ins.drain().await;
        self.ticks.drain().await;
    }
}

#[async_trait]
impl QueueStore for SqlQueues {
    async fn open_queue(&self, queue: &Queue) -> Result<(), StoreError> {
        operate::open_queue(&self.works.database, queue).await
    }

    async fn queues(&self) -> Result<Vec<Queue>, StoreError> {
        read::queues(&self.works.database).await
    }

    async fn over_queues(&self) -> Result<Vec<Queue>, StoreError> {
        read::over_queues(&self.works.database).await
    }

    async fn forget_queue(&self, sale: SaleId, now: Instant) -> Result<bool, StoreError> {
        operate::forget_queue(&self.works.database, sale, now).await
    }

    async fn queue(&self, sale: SaleId) -> Result<Option<Queue>, StoreError> {
        read::queue(&self.works.database, sale).await
    }

    async fn update_queue(
        &self,
        sale: SaleId,
        update: &QueueUpdate,
        action: Option<OperatorAction>,
    ) -> Result<Option<Result<Queue, NotNow>>, StoreError> {
        operate::update_queue(&self.works.database, sale, update, action).await
    }

    async fn note(&self, action: &OperatorAction) -> Result<(), StoreError> {
        operate::note(&self.works.database, action).await
    }

    async fn actions(&self, sale: SaleId, page: PageRequest<Uuid>) -> Result<Page<OperatorAction, Uuid>, StoreError> {
        read::actions(&self.works.database, sale, page).await
    }

    async fn tick(&self, order: &TickOrder) -> Result<Option<TickReport>, StoreError> {
        self.ticks.ask(order.clone()).await
    }

    async fn check_in(&self, check_in: CheckIn, lapsed: bool) -> Result<CheckInOutcome, StoreError> {
        self.check_ins.ask((check_in, lapsed)).await
    }

    async fn whereabouts(&self, key: BuyerKey) -> Result<BuyerPresence, StoreError> {
        read::whereabouts(&self.works.database, key).await
    }

    async fn admitted(&self, keys: &[BuyerKey]) -> Result<Vec<Buyer>, StoreError> {
        read::admitted(&self.works, keys).await
    }

    async fn log(
        &self,
        sale: SaleId,
        page: PageRequest<(i64, u8, u64)>,
    ) -> Result<Page<Admitted, (i64, u8, u64)>, StoreError> {
        read::log(&self.works.database, sale, page).await
    }

    async fn figures(&self, sale: SaleId, now: Instant) -> Result<QueueFigures, StoreError> {
        read::figures(&self.works.database, sale, now).await
    }
}

#[async_trait]
impl NumberDispenser for SqlQueues {
    async fn join(&self, join: Join) -> Result<Joined, StoreError> {
        self.joins.ask(join).await
    }

    /// Every entry that was given is in the database; those of another dispenser are not, and are what they say.
    async fn entry_of(&self, key: BuyerKey, proved: QueueEntry) -> Result<QueueEntry, StoreError> {
        Ok(read::entry_of(&self.works.database, key).await?.unwrap_or(proved))
    }

    async fn issued(&self, sale: SaleId, groups: usize) -> Result<Vec<u64>, StoreError> {
        read::issued(&self.works.database, sale, groups).await
    }

    async fn entries(
        &self,
        sale: SaleId,
        group: Group,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(QueueNumber, UserId)>, StoreError> {
        read::entries(&self.works.database, sale, group, after, limit).await
    }

    /// Who had which queue entry is part of the books: the audit looks at it.
    async fn forget(&self, _: SaleId) -> Result<(), StoreError> {
        Ok(())
    }
}

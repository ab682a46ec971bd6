//! The booking store: workers that carry commands out, all that wait for one performance in one transaction.
//!
//! A worker locks the union of the commands' scopes, runs [`carry_out_batch`](frontrow_domain::carry_out_batch) on what it
//! finds, writes the net of the changes under version guards, commits once, and then answers each command. A command whose
//! client has gone is dropped unless it has begun: then it comes to its end.

pub(super) mod attempt;
mod booking;
mod decide;
mod known;
mod lock;
mod single_out;
pub(super) mod write;

use super::Database;
use super::connection::Failure;
use super::dialect::class::RETRY_AFTER;
use super::hook::Hook;
use super::statements::{Protection, Statements, Texts};
use super::worker::{Work, WorkerConnection, WorkerContext, Workers};
use crate::queue::Limits;
use async_trait::async_trait;
use attempt::{Committed, run_transaction};
use booking::Booking;
use decide::CommandResult;
use frontrow_application::port::{Announcer, BookingError, BookingStore, Clock, IdSource, LoadGauge, StoreError};
use frontrow_domain::{Command, Outcome, Stop};
use known::Known;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

pub(super) use attempt::{Rehearsed, rehearse};

/// How the store works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreSettings {
    /// Connections that carry commands out, each those of one performance at a time: at most [`StoreSettings::MAX_WORKERS`]. Unless
    /// the settings say otherwise a server gets [`StoreSettings::DEFAULT_WORKERS`], and `SQLite`, which has one writer, one.
    pub workers: Option<usize>,
    /// Commands that may wait for a worker; more are told to come back, and new holds are once three quarters of the places are
    /// taken.
    pub queue: usize,
    /// How many of them may be one buyer's, so that nobody fills the queue alone.
    pub per_buyer: usize,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self { workers: None, queue: 1024, per_buyer: Self::PER_BUYER }
    }
}

/// Commands of a batch on SQLite while performances take turns: its one worker keeps the others waiting.
const SHARED_BATCH_SIZE: usize = 16;

/// One in so many places of the queue is for commands that are not new holds.
const RESERVED: usize = 4;
/// Once one in so many places of the queue is taken, those who only look are told to come back.
const CROWDED: usize = 2;

impl StoreSettings {
    /// What one buyer may have in the queue, unless somebody says otherwise.
    pub const PER_BUYER: usize = 8;
    /// Workers for a database server: one at a time works on a performance, and takes all that waits for it.
    pub const DEFAULT_WORKERS: usize = 4;
    /// More would only wait for the same processors and rows.
    pub const MAX_WORKERS: usize = 256;

    fn workers_to(&self, database: &Database) -> usize {
        let otherwise = if database.is_server() { Self::DEFAULT_WORKERS } else { 1 };
        self.workers.unwrap_or(otherwise).clamp(1, Self::MAX_WORKERS)
    }
}

/// What the store needs besides its database.
#[derive(Clone)]
pub struct StorePorts {
    /// Decides what has lapsed.
    pub clock: Arc<dyn Clock>,
    /// Names faults.
    pub ids: Arc<dyn IdSource>,
    /// Hears of what was committed.
    pub announcer: Arc<dyn Announcer>,
}

/// [`BookingStore`] on a SQL database.
pub struct SqlStore {
    workers: Workers<Bookings>,
    /// With so many commands in the queue, the load is high.
    crowded: usize,
}

impl SqlStore {
    /// Opens the workers. Must be called on the runtime that they shall live on, which must outlive those who wait.
    pub async fn open(
        database: &Arc<Database>,
        settings: StoreSettings,
        ports: StorePorts,
    ) -> Result<Self, StoreError> {
        Self::open_workers(database, settings, ports, <dyn Hook>::none()).await
    }

    /// [`SqlStore::open`] with faults; for tests.
    #[cfg(feature = "hooks")]
    pub async fn open_with_hook(
        database: &Arc<Database>,
        settings: StoreSettings,
        ports: StorePorts,
        hook: Arc<dyn Hook>,
    ) -> Result<Self, StoreError> {
        Self::open_workers(database, settings, ports, hook).await
    }

    async fn open_workers(
        database: &Arc<Database>,
        settings: StoreSettings,
        ports: StorePorts,
        hook: Arc<dyn Hook>,
    ) -> Result<Self, StoreError> {
        let texts = Texts::new(database.dialect(), Protection { locks: hook.locks(), guards: hook.guards() });
        let ids = Arc::clone(&ports.ids);
        let context = WorkerContext { database: Arc::clone(database), ids, hook: Arc::clone(&hook) };
        let bookings = Bookings { texts, known: Known::default(), wary: AtomicU32::new(0), ports, hook };
        let workers = settings.workers_to(database);
        let limits = Limits {
            capacity: settings.queue,
            reserved: settings.queue / RESERVED,
            per_asker: settings.per_buyer,
            batch: Bookings::BATCH_SIZE,
            // Where there are several workers, another one has the quiet route.
            shared_batch: if workers == 1 { SHARED_BATCH_SIZE } else { Bookings::BATCH_SIZE },
            weight: Bookings::BATCH_SEATS,
        };
        let workers = Workers::open(bookings, &context, workers, limits).await?;
        Ok(Self { workers, crowded: (settings.queue / CROWDED).max(1) })
    }

    /// Takes no more commands, and returns when those that were taken have come to their end.
    pub async fn drain(&self) {
        self.workers.drain().await;
    }

    /// Whether no worker has a connection, nor could get one: then everybody is told that the database is away.
    pub fn is_cut_off(&self) -> bool {
        self.workers.is_cut_off()
    }
}

impl LoadGauge for SqlStore {
    fn is_high(&self) -> bool {
        self.workers.waiting() >= self.crowded
    }
}

#[async_trait]
impl BookingStore for SqlStore {
    async fn execute(&self, command: Command) -> Result<Outcome, BookingError> {
        self.workers.ask(command.into()).await.flatten()
    }
}

/// Carries commands out. Their keys say whether they have happened.
struct Bookings {
    texts: Texts,
    known: Known,
    /// How many of the next batches begin with a savepoint, because the database would not have a command.
    wary: AtomicU32,
    ports: StorePorts,
    hook: Arc<dyn Hook>,
}

impl Bookings {
    /// For so many batches after a failure the next one is expected. The savepoint is one more round trip.
    const WARY: u32 = 100;
    /// Commands of one transaction.
    const BATCH_SIZE: usize = 128;
    /// Seats of one transaction of several commands.
    const BATCH_SEATS: usize = 1000;

    fn is_wary(&self) -> bool {
        let one_less = |wary: u32| wary.checked_sub(1);
        self.wary.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok()
    }

    fn answer(&self, result: CommandResult) -> Result<Outcome, BookingError> {
        match result {
            Ok((outcome, events)) => {
                if !events.is_empty() {
                    self.tell(|announcer| announcer.announce(&events));
                }
                Ok(outcome)
            }
            Err(Stop::Rejected(rejection)) => Err(rejection.into()),
            Err(_) => Err(BookingError::Replan),
        }
    }

    /// An announcer that panics must take neither the worker along nor the answers: all of it is committed.
    fn tell(&self, what: impl FnOnce(&dyn Announcer)) {
        if catch_unwind(AssertUnwindSafe(|| what(&*self.ports.announcer))).is_err() {
            tracing::error!("an announcer panicked, and has not heard of what was committed");
        }
    }
}

impl Work for Bookings {
    type Request = Booking;
    type Answer = Result<Outcome, BookingError>;
    type Error = BookingError;
    const DROPS_DESERTED: bool = true;

    fn name(booking: &Booking) -> &'static str {
        booking.command.operation.name()
    }

    fn note_seconds(name: &'static str, seconds: f64) {
        metrics::histogram!("frontrow_command_seconds", "command" => name).record(seconds);
    }

    fn note_wait(waited: impl Iterator<Item = f64>, left: usize) {
        let wait = metrics::histogram!("frontrow_command_wait_seconds");
        waited.for_each(|seconds| wait.record(seconds));
        metrics::gauge!("frontrow_commands_waiting").set(f64::from(u32::try_from(left).unwrap_or(u32::MAX)));
    }

    fn note_served(commands: usize) {
        metrics::histogram!("frontrow_commands_together").record(u32::try_from(commands).unwrap_or(u32::MAX));
    }

    fn too_many(most: usize) -> BookingError {
        BookingError::TooMany { most, retry_after: RETRY_AFTER }
    }

    fn error(booking: &Booking, error: StoreError) -> BookingError {
        match error {
            StoreError::Outage(outage) => outage.into(),
            StoreError::Fault(fault) => BookingError::Fault(fault),
            // That is `StoreError::Unknown`; workers say nothing else, and if they do some day, nothing is known either.
            _ => BookingError::Unknown(booking.command.key.clone()),
        }
    }

    async fn transact(
        &self,
        connection: &WorkerConnection,
        batch: &[Booking],
    ) -> Result<Vec<Option<Self::Answer>>, Failure> {
        let statements = Statements { texts: &self.texts, hook: &*self.hook };
        let (clock, together) = (&*self.ports.clock, batch.len() > 1);
        let wary = together && self.is_wary();
        let committed = run_transaction(&statements, connection, batch, &self.known, clock, wary).await;
        let failed = match &committed {
            Ok(committed) => committed.results.iter().any(Option::is_none),
            Err(failure) => together && failure.is_of_one(),
        };
        if failed {
            self.wary.store(Self::WARY, Ordering::Relaxed);
        }
        let Committed { results, seats } = committed?;
        if !seats.is_empty() {
            self.tell(|announcer| announcer.seats_written(&seats));
        }
        Ok(results.into_iter().map(|result| Some(self.answer(result?))).collect())
    }
}

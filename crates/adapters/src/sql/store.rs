//! The booking store: lanes that carry commands out, one transaction each.
//!
//! A command waits in a bounded queue until a lane takes it. The lane locks the command's scope, runs
//! [`decide`](frontrow_domain::decide) on what it finds, writes the changes under version guards and commits; it alone
//! retries. Whoever asked may go away meanwhile: a lane that has begun does not notice, and one that has not leaves it.

pub(super) mod attempt;
pub(super) mod cell;
#[cfg(feature = "hooks")]
pub mod hook;
pub(super) mod job;
mod lane;
pub(super) mod link;
mod lock;
pub(super) mod session;
pub(super) mod shape;
pub(super) mod statement;
pub(super) mod texts;
pub(super) mod write;

use super::error::RETRY_AFTER;
use super::{Class, Database};
use crate::deadline;
use async_trait::async_trait;
use frontrow_application::deadline::COMMAND;
use frontrow_application::port::{Announcer, BookingError, BookingStore, Clock, IdSource, StoreError};
use frontrow_domain::{Command, Outcome};
use job::Answered;
use lane::{Lane, Works};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use texts::Protection;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

pub(super) use attempt::{Rehearsed, rehearse};

const BUSY: BookingError = BookingError::Busy { retry_after: RETRY_AFTER };
const UNAVAILABLE: BookingError = BookingError::Unavailable { retry_after: RETRY_AFTER };

/// A command, and who waits for its outcome.
type Job = job::Job<Command, Result<Outcome, BookingError>>;

/// How the store works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreSettings {
    /// Connections that carry commands out, each one command at a time: at most [`StoreSettings::MOST_LANES`]. Unless
    /// the settings say otherwise a server gets [`StoreSettings::DEFAULT_LANES`], and `SQLite`, which has one writer, one.
    pub lanes: Option<usize>,
    /// Commands that may wait for a lane; more are told to come back.
    pub queue: usize,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self { lanes: None, queue: 1024 }
    }
}

impl StoreSettings {
    /// Lanes to a server's database.
    pub const DEFAULT_LANES: usize = 8;
    /// More would only wait for the same processors and rows.
    pub const MOST_LANES: usize = 256;

    fn lanes_to(&self, database: &Database) -> usize {
        let otherwise = if database.is_server() { Self::DEFAULT_LANES } else { 1 };
        self.lanes.unwrap_or(otherwise).clamp(1, Self::MOST_LANES)
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
    works: Arc<Works>,
    queue: RwLock<Option<mpsc::Sender<Job>>>,
    lanes: Mutex<Vec<JoinHandle<()>>>,
}

impl SqlStore {
    /// Opens the lanes. Must be called on the runtime that they shall live on, which must outlive those who wait.
    pub async fn open(
        database: &Arc<Database>,
        settings: StoreSettings,
        ports: StorePorts,
    ) -> Result<Self, StoreError> {
        let works = Works::new(database, ports, Protection::FULL);
        Self::open_lanes(settings, works).await
    }

    /// [`SqlStore::open`] with faults; for tests.
    #[cfg(feature = "hooks")]
    pub async fn open_with_hook(
        database: &Arc<Database>,
        settings: StoreSettings,
        ports: StorePorts,
        hook: Arc<dyn hook::Hook>,
    ) -> Result<Self, StoreError> {
        let protection = Protection { locks: hook.locks(), guards: hook.guards() };
        let mut works = Works::new(database, ports, protection);
        works.hook = Some(hook);
        Self::open_lanes(settings, works).await
    }

    async fn open_lanes(settings: StoreSettings, mut works: Works) -> Result<Self, StoreError> {
        works.lanes = settings.lanes_to(&works.database);
        let works = Arc::new(works);
        let (sender, receiver) = mpsc::channel(settings.queue.max(1));
        let receiver = Arc::new(tokio::sync::Mutex::new(receiver));
        let mut lanes = Vec::new();
        for _ in 0..works.lanes {
            let lane = Lane::open(Arc::clone(&works)).await?;
            lanes.push(tokio::spawn(lane.run(Arc::clone(&receiver))));
        }
        Ok(Self { works, queue: RwLock::new(Some(sender)), lanes: Mutex::new(lanes) })
    }

    /// Takes no more commands, and returns when those that were taken have come to their end.
    pub async fn drain(&self) {
        drop(self.queue.write().unwrap_or_else(PoisonError::into_inner).take());
        let lanes = std::mem::take(&mut *self.lanes.lock().unwrap_or_else(PoisonError::into_inner));
        for lane in lanes {
            if let Err(error) = lane.await {
                tracing::error!(%error, "a lane ended badly");
            }
        }
    }

    /// Whether no lane has a connection, nor could get one: then everybody is told that it is busy.
    pub fn is_cut_off(&self) -> bool {
        self.works.is_cut_off()
    }

    /// Not while no lane has a connection: nobody would get an answer for as long as the database is away.
    fn enqueue(&self, job: Job) -> Result<(), BookingError> {
        let queue = self.queue.read().unwrap_or_else(PoisonError::into_inner);
        let queue = queue.as_ref().filter(|_| !self.works.is_cut_off()).ok_or(UNAVAILABLE)?;
        queue.try_send(job).map_err(|_| BUSY)
    }
}

#[async_trait]
impl BookingStore for SqlStore {
    async fn execute(&self, command: Command) -> Result<Outcome, BookingError> {
        let (key, name, begun) = (command.key.clone(), command.what.name(), Instant::now());
        let (job, asked) = Job::new(command);
        self.enqueue(job)?;
        match asked.answer(deadline::until(COMMAND)).await {
            Answered::With(answer) => answer,
            Answered::NotBegun => match self.works.database.late(name, begun) {
                Class::Lost => Err(UNAVAILABLE),
                _ => Err(BUSY),
            },
            Answered::Begun => {
                self.works.database.late(name, begun);
                Err(BookingError::Unknown(key))
            }
        }
    }
}

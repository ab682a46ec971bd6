//! A lane: one connection, one command after another, and the one place where transactions are retried.

use super::Job;
use super::attempt::{Attempted, attempt};
use super::link::Link;
use super::session::Session;
use super::statement::{Failure, Statements};
use super::texts::{Protection, Texts};
use super::{StorePorts, UNAVAILABLE};
use crate::sql::error::{FULL_RETRY_AFTER, RETRY_AFTER};
use crate::sql::write::pause;
use crate::sql::{Class, Database, QUIET};
use frontrow_application::FaultId;
use frontrow_application::port::{BookingError, StoreError};
use frontrow_domain::{Command, Outcome};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use uuid::Uuid;

/// What all lanes of a store work with.
pub(super) struct Works {
    pub database: Arc<Database>,
    ports: StorePorts,
    texts: Texts,
    /// How many lanes there are.
    pub lanes: usize,
    /// How many of them are disconnected, and could not reconnect.
    away: AtomicUsize,
    #[cfg(feature = "hooks")]
    pub hook: Option<Arc<dyn super::hook::Hook>>,
}

impl Works {
    pub(super) fn new(database: &Arc<Database>, ports: StorePorts, protection: Protection) -> Self {
        Self {
            database: Arc::clone(database),
            ports,
            texts: Texts::new(database.dialect(), protection),
            lanes: 1,
            away: AtomicUsize::new(0),
            #[cfg(feature = "hooks")]
            hook: None,
        }
    }

    /// Whether no lane has a connection, nor could get one.
    pub(super) fn is_cut_off(&self) -> bool {
        self.away.load(Ordering::SeqCst) >= self.lanes
    }

    /// An id that nobody else has.
    pub(super) fn id(&self) -> Uuid {
        self.ports.ids.id()
    }
}

pub(super) struct Lane {
    works: Arc<Works>,
    /// `None`: disconnected. It reconnects before it works.
    link: Option<Link>,
    /// Whether it is counted as one that could not reconnect.
    away: bool,
    /// What may still go on where a link was cut.
    old: Option<Session>,
}

/// Transactions that one command may take.
const ATTEMPTS: u32 = 4;
/// How long a lane that could not reconnect waits before it tries again.
const PAUSE: Duration = Duration::from_millis(250);

impl Lane {
    pub(super) async fn open(works: Arc<Works>) -> Result<Self, StoreError> {
        let link = Some(Link::connect(&works.database, works.id()).await?);
        Ok(Self { works, link, away: false, old: None })
    }

    /// Works until the queue is closed and empty.
    pub(super) async fn run(mut self, queue: Arc<Mutex<mpsc::Receiver<Job>>>) {
        loop {
            if self.link.is_none() && !self.reconnect().await {
                if !self.wait_disconnected(&queue).await {
                    break;
                }
                continue;
            }
            let next = tokio::time::timeout(QUIET, async { queue.lock().await.recv().await });
            match next.await {
                Ok(Some(job)) => self.work(job).await,
                Ok(None) => break,
                Err(_) => self.keep_alive().await,
            }
        }
        if let Some(link) = self.link {
            drop(link.connection.close().await);
        }
    }

    /// A moment without a connection. What waits is left to other lanes; where there are none, nobody waits for long. Says
    /// whether more can come.
    async fn wait_disconnected(&self, queue: &Mutex<mpsc::Receiver<Job>>) -> bool {
        // Whoever has it looks after it.
        if let Ok(mut queue) = queue.try_lock() {
            while self.works.is_cut_off()
                && let Ok(job) = queue.try_recv()
            {
                if let Some((_, answer)) = job.begin() {
                    drop(answer.send(Err(UNAVAILABLE)));
                }
            }
            if queue.is_closed() && queue.is_empty() {
                return false;
            }
        }
        tokio::time::sleep(PAUSE).await;
        true
    }

    async fn work(&mut self, job: Job) {
        // A command that nobody waits for any more is let go of.
        if job.is_deserted() {
            return;
        }
        let Some((command, answer)) = job.begin() else { return };
        let begun = self.works.ports.clock.now();
        let result = self.carry_out(&command).await;
        let name = command.what.name();
        let took = self.works.ports.clock.now().since(begun);
        metrics::histogram!("frontrow_command_seconds", "command" => name).record(took.as_secs_f64());
        // Who asked may have gone.
        drop(answer.send(result));
    }

    /// A server ends sessions in which nothing is said, and whatever stands between forgets them.
    async fn keep_alive(&mut self) {
        if !self.works.database.is_server() {
            return;
        }
        let alive = match &self.link {
            Some(link) => link.is_alive().await,
            None => false,
        };
        if alive {
            self.works.database.hear();
        } else {
            self.reconnect().await;
        }
    }

    /// Tries until there is an answer. After a lost connection the same command runs again on a new one: its key says
    /// whether it had happened.
    async fn carry_out(&mut self, command: &Command) -> Result<Outcome, BookingError> {
        let mut last = None;
        let mut unknown = false;
        for number in 0..ATTEMPTS {
            if number > 0 {
                pause(number, &*self.works.ports.ids).await;
            }
            let failure = match self.attempt(command).await {
                Ok(Attempted::Done { outcome, events }) => {
                    self.works.database.hear();
                    if !events.is_empty() {
                        self.works.ports.announcer.announce(&events);
                    }
                    return Ok(outcome);
                }
                Ok(Attempted::Refused(rejection)) => return Err(rejection.into()),
                Ok(Attempted::Replan) => return Err(BookingError::Replan),
                Err(failure) => failure,
            };
            if !failure.needs_new_connection() {
                self.works.database.hear();
            }
            metrics::counter!("frontrow_retries_total", "cause" => failure.name()).increment(1);
            unknown |= matches!(failure, Failure::Commit(_));
            self.works.database.storage().note(failure.class());
            let usable = self.link.as_ref().is_some_and(Link::is_usable) && !failure.needs_new_connection();
            let reconnected = usable || self.reconnect().await;
            let hopeless =
                matches!(&failure, Failure::Bug(_) | Failure::Database { class: Class::Other | Class::Full, .. });
            last = Some(failure);
            if hopeless || !reconnected {
                break;
            }
        }
        Err(self.give_up(command, last.as_ref(), unknown))
    }

    async fn attempt(&self, command: &Command) -> Result<Attempted, Failure> {
        let Works { database, ports, texts, .. } = &*self.works;
        let statements = Statements {
            texts,
            #[cfg(feature = "hooks")]
            hook: self.works.hook.as_deref(),
        };
        let link = self.link.as_ref().ok_or_else(Failure::disconnected)?;
        let attempt = attempt(&statements, link, command, &*ports.clock);
        if !database.is_server() {
            return attempt.await;
        }
        // What was cut off is never used again: the lane reconnects.
        let silent = |_| Failure::Commit("no answer".into());
        tokio::time::timeout(database.silence(), attempt).await.map_err(silent).flatten()
    }

    fn give_up(&self, command: &Command, last: Option<&Failure>, unknown: bool) -> BookingError {
        let cause = last.map(ToString::to_string).unwrap_or_default();
        let name = command.what.name();
        match last {
            _ if unknown => {
                tracing::error!(command = name, cause, "a commit's outcome could not be found out");
                BookingError::Unknown(command.key.clone())
            }
            Some(Failure::Conflict(_) | Failure::Database { class: Class::Retry, .. }) => {
                tracing::warn!(command = name, cause, "gave up for now");
                BookingError::Busy { retry_after: RETRY_AFTER }
            }
            Some(Failure::Database { class: Class::Lost | Class::Unwritable, .. }) => {
                tracing::warn!(command = name, cause, "gave up for now");
                UNAVAILABLE
            }
            Some(Failure::Database { class: Class::Full, .. }) => {
                tracing::warn!(command = name, cause, "gave up for now");
                BookingError::StorageFull { retry_after: FULL_RETRY_AFTER }
            }
            _ => {
                let fault = FaultId(self.works.ports.ids.id());
                tracing::error!(%fault, command = name, cause, "a command failed");
                BookingError::Fault(fault)
            }
        }
    }

    /// A new link; what went on over the old one has ended, or soon will.
    async fn reconnect(&mut self) -> bool {
        if let Some(link) = self.link.take() {
            self.old = Some(link.cut());
        }
        let link = match Link::connect(&self.works.database, self.works.id()).await {
            Ok(link) => link,
            Err(error) => {
                tracing::warn!(%error, "a lane could not reconnect");
                self.note(true);
                return false;
            }
        };
        if let Some(old) = self.old.take() {
            match tokio::time::timeout(self.works.database.silence(), old.end(&link.connection)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::warn!(%error, "an old session could not be ended: its locks last until the database notices");
                }
                Err(_) => {
                    // The new link leads nowhere, either, and nothing has been done on it.
                    drop(link.cut());
                    self.old = Some(old);
                    self.note(true);
                    return false;
                }
            }
        }
        self.link = Some(link);
        self.note(false);
        true
    }

    /// Counts itself among those that could not reconnect, or no longer.
    fn note(&mut self, away: bool) {
        match (std::mem::replace(&mut self.away, away), away) {
            (false, true) => drop(self.works.away.fetch_add(1, Ordering::SeqCst)),
            (true, false) => drop(self.works.away.fetch_sub(1, Ordering::SeqCst)),
            _ => {}
        }
    }
}

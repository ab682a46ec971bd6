//! A lane: one connection, one command after another, and the one place where transactions are retried.

use super::StorePorts;
use super::attempt::{Attempted, attempt};
use super::statement::Failure;
use crate::sql::error::RETRY_AFTER;
use crate::sql::write::pause;
use crate::sql::{Class, Database};
use frontrow_application::FaultId;
use frontrow_application::port::{BookingError, StoreError};
use frontrow_domain::{Command, Outcome};
use sea_orm::DatabaseConnection;
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc, oneshot};

/// A command, and who waits for its outcome.
pub(super) struct Job {
    pub command: Command,
    pub answer: oneshot::Sender<Result<Outcome, BookingError>>,
}

pub(super) struct Lane {
    database: Arc<Database>,
    ports: StorePorts,
    connection: DatabaseConnection,
    #[cfg(feature = "hooks")]
    hook: Option<Arc<dyn super::hook::Hook>>,
}

/// Transactions that one command may take.
const ATTEMPTS: u32 = 4;

impl Lane {
    pub(super) async fn open(database: Arc<Database>, ports: StorePorts) -> Result<Self, StoreError> {
        let connection = database.lane_connection().await?;
        Ok(Self {
            database,
            ports,
            connection,
            #[cfg(feature = "hooks")]
            hook: None,
        })
    }

    #[cfg(feature = "hooks")]
    pub(super) fn set_hook(&mut self, hook: Arc<dyn super::hook::Hook>) {
        self.hook = Some(hook);
    }

    /// Works until the queue is closed and empty.
    pub(super) async fn run(mut self, queue: Arc<Mutex<mpsc::Receiver<Job>>>) {
        loop {
            let job = queue.lock().await.recv().await;
            let Some(Job { command, answer }) = job else { break };
            let begun = self.ports.clock.now();
            let result = self.carry_out(&command).await;
            let name = command.what.name();
            let took = self.ports.clock.now().since(begun);
            metrics::histogram!("frontrow_command_seconds", "command" => name).record(took.as_secs_f64());
            // Who asked may have gone.
            drop(answer.send(result));
        }
        drop(self.connection.close().await);
    }

    /// Tries until there is an answer. After a lost connection the same command runs again on a new one: its key says
    /// whether it had happened.
    async fn carry_out(&mut self, command: &Command) -> Result<Outcome, BookingError> {
        let mut last = None;
        let mut unknown = false;
        for number in 0..ATTEMPTS {
            if number > 0 {
                pause(number, &*self.ports.ids).await;
            }
            let failure = match self.attempt(command).await {
                Ok(Attempted::Done { outcome, events }) => {
                    if !events.is_empty() {
                        self.ports.announcer.announce(&events);
                    }
                    return Ok(outcome);
                }
                Ok(Attempted::Refused(rejection)) => return Err(rejection.into()),
                Err(failure) => failure,
            };
            metrics::counter!("frontrow_retries_total", "cause" => failure.name()).increment(1);
            unknown |= matches!(failure, Failure::Commit(_));
            let reconnected = !failure.needs_new_connection() || self.reconnect().await;
            let hopeless = matches!(&failure, Failure::Bug(_) | Failure::Database { class: Class::Other, .. });
            last = Some(failure);
            if hopeless || !reconnected {
                break;
            }
        }
        Err(self.give_up(command, last.as_ref(), unknown))
    }

    async fn attempt(&self, command: &Command) -> Result<Attempted, Failure> {
        attempt(
            &self.connection,
            command,
            &*self.ports.clock,
            #[cfg(feature = "hooks")]
            self.hook.as_deref(),
        )
        .await
    }

    fn give_up(&self, command: &Command, last: Option<&Failure>, unknown: bool) -> BookingError {
        let cause = last.map(ToString::to_string).unwrap_or_default();
        let name = command.what.name();
        match last {
            _ if unknown => {
                tracing::error!(command = name, cause, "a commit's outcome could not be found out");
                BookingError::Unknown(command.key.clone())
            }
            Some(Failure::Conflict(_) | Failure::Database { class: Class::Retry | Class::Lost, .. }) => {
                tracing::warn!(command = name, cause, "gave up for now");
                BookingError::Busy { retry_after: RETRY_AFTER }
            }
            _ => {
                let fault = FaultId(self.ports.ids.id());
                tracing::error!(%fault, command = name, cause, "a command failed");
                BookingError::Fault(fault)
            }
        }
    }

    async fn reconnect(&mut self) -> bool {
        match self.database.lane_connection().await {
            Ok(connection) => {
                let old = std::mem::replace(&mut self.connection, connection);
                drop(old.close().await);
                true
            }
            Err(error) => {
                tracing::warn!(%error, "a lane could not reconnect");
                false
            }
        }
    }
}

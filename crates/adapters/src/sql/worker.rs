//! Workers: long-lived tasks that take requests out of one bounded queue, each with a connection of its own and one
//! transaction after another.
//!
//! All that is hard about it is here, once: a queue that lets go of what nobody has begun, connections that are kept alive,
//! replaced and never trusted after a doubt, the old session that is ended before anything is repeated, retries, and what
//! those who wait are told when there is no answer. What is done in a transaction is a kind of [`Work`].

mod connection;
mod context;
mod part;
mod run;
mod shared;
mod work;

pub(in crate::sql) use connection::WorkerConnection;
pub(in crate::sql) use context::WorkerContext;
pub(in crate::sql) use work::Work;

use super::dialect::class::RETRY_AFTER;
use crate::deadline;
use crate::queue::{Answered, Limits, NotQueued, Queue};
use frontrow_application::Outage;
use frontrow_application::deadline::COMMAND;
use frontrow_application::port::StoreError;
use parking_lot::Mutex;
use run::Run;
use shared::Shared;
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use work::Reply;

/// The workers of one kind.
pub(in crate::sql) struct Workers<W: Work> {
    shared: Arc<Shared<W>>,
    queue: Queue<W::Request, Reply<W>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl<W: Work> Workers<W> {
    /// Connects so many workers, with a queue of such limits. Must be called on the runtime that they shall live on,
    /// which must outlive those who wait.
    pub(in crate::sql) async fn open(
        work: W,
        context: &WorkerContext,
        workers: usize,
        limits: Limits,
    ) -> Result<Self, StoreError> {
        let (queue, jobs) = Queue::new(limits);
        let shared = Arc::new(Shared::new(work, context, jobs, workers));
        let mut tasks = Vec::with_capacity(workers);
        for _ in 0..workers {
            // Boxed, lest the futures of all who open workers become deeper than the compiler likes.
            let connection = Box::pin(WorkerConnection::open(&shared.context)).await?;
            tasks.push(tokio::spawn(Run::new(&shared, connection).until_closed()));
        }
        Ok(Self { shared, queue, tasks: Mutex::new(tasks) })
    }

    /// Waits for the answer until the deadline: what has not begun by then never does.
    pub(in crate::sql) async fn ask(&self, request: W::Request) -> Result<W::Answer, W::Error> {
        let (name, asked_at) = (W::name(&request), Instant::now());
        let unknown = W::error(&request, StoreError::Unknown);
        // While no worker has a connection nobody would get an answer for as long as the database is away.
        if self.is_cut_off() {
            return Err(Outage::Unavailable { retry_after: RETRY_AFTER }.into());
        }
        let asked = self.queue.push(request, deadline::until(COMMAND)).map_err(refusal::<W>)?;
        match asked.answer().await {
            Answered::With(reply) => reply,
            Answered::NotBegun => Err(self.shared.context.database.late(name, asked_at).into()),
            Answered::Begun => {
                self.shared.context.database.late(name, asked_at);
                Err(unknown)
            }
        }
    }

    /// How many requests wait.
    pub(in crate::sql) fn waiting(&self) -> usize {
        self.queue.waiting()
    }

    /// Takes no more requests, and returns when those that were taken have come to their end.
    pub(in crate::sql) async fn drain(&self) {
        self.queue.close();
        let tasks = std::mem::take(&mut *self.tasks.lock());
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a worker ended badly");
            }
        }
    }

    /// Whether no worker has a connection, nor could get one: then everybody is told at once that the database is away.
    pub(in crate::sql) fn is_cut_off(&self) -> bool {
        self.shared.is_cut_off()
    }
}

fn refusal<W: Work>(not_queued: NotQueued) -> W::Error {
    match not_queued {
        NotQueued::Full => Outage::Busy { retry_after: RETRY_AFTER }.into(),
        NotQueued::Closed => Outage::Unavailable { retry_after: RETRY_AFTER }.into(),
        NotQueued::TooMany { most } => W::too_many(most),
    }
}

#[cfg(test)]
mod tests;

//! One worker: its connection, one batch of requests after another, and the one place where their transactions are
//! retried.

use super::connection::WorkerConnection;
use super::part::Part;
use super::shared::Shared;
use super::work::{Reply, Work};
use crate::panics;
use crate::queue::{Batch, Job, Queued};
use crate::retry::Retry;
use crate::sql::connection::Failure;
use crate::sql::dialect::Session;
use crate::sql::dialect::class::RETRY_AFTER;
use crate::sql::dialect::purpose::IDLE_CHECK;
use crate::sql::error::fault;
use frontrow_application::Outage;
use frontrow_application::port::StoreError;
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

pub(super) struct Run<W: Work> {
    shared: Arc<Shared<W>>,
    /// `None`: disconnected. It reconnects before it works.
    connection: Option<WorkerConnection>,
    /// Whether it is counted as one that could not reconnect.
    away: bool,
    /// What may still go on at the other end of a connection that was cut.
    old: Option<Box<dyn Session>>,
    /// On this connection.
    batches: u64,
}

/// How long a worker that could not reconnect waits before it tries again.
const PAUSE: Duration = Duration::from_millis(250);

impl<W: Work> Run<W> {
    pub(super) fn new(shared: &Arc<Shared<W>>, connection: WorkerConnection) -> Self {
        Self { shared: Arc::clone(shared), connection: Some(connection), away: false, old: None, batches: 0 }
    }

    /// Works until the queue is closed and empty.
    pub(super) async fn until_closed(mut self) {
        // A panic in a transaction is answered by the attempt. After any other, those whose batch it was are told that
        // nobody knows what became of it.
        loop {
            match panics::caught("worker", self.round()).await {
                Some(true) => {}
                Some(false) => break,
                None => {
                    self.distrust();
                    sleep(PAUSE).await;
                }
            }
        }
        if let Some(connection) = self.connection {
            drop(connection.close().await);
        }
    }

    /// Works on one batch, or sees whether the connection is alive. Says whether there may be more to do.
    async fn round(&mut self) -> bool {
        if self.connection.is_none() {
            self.shared.jobs.pass_on();
            if !self.reconnect().await {
                self.refuse_those_who_wait();
                sleep(PAUSE).await;
                return !self.shared.jobs.is_finished();
            }
        }
        let shared = Arc::clone(&self.shared);
        match timeout(IDLE_CHECK, shared.jobs.next()).await {
            Ok(None) => return false,
            Ok(Some(batch)) => self.work(batch).await,
            Err(_) => self.keep_alive().await,
        }
        true
    }

    /// Those who wait are left to other workers; where none has a connection, nobody waits for long.
    fn refuse_those_who_wait(&self) {
        if self.shared.is_cut_off() {
            for job in self.shared.jobs.waiting() {
                job.refuse(Err(Outage::Unavailable { retry_after: RETRY_AFTER }.into()));
            }
        }
    }

    /// Works on a batch, in parts once that turns out to be necessary. Nobody else works on its route meanwhile.
    async fn work(&mut self, mut batch: Batch<W::Request, Reply<W>>) {
        if !self.shared.context.hook.keeps_routes() {
            batch.end_turn();
        }
        let jobs = std::mem::take(&mut batch.jobs).into_iter();
        let wanted = jobs.filter(|job| !(W::DROPS_DESERTED && job.is_deserted()));
        let whole = Part::of(wanted.filter_map(Job::begin));
        whole.note_wait(Instant::now(), batch.left);
        let mut parts = vec![whole];
        while let Some(part) = parts.pop() {
            parts.extend(self.until_answered(part).await.into_iter().rev());
        }
        self.replan().await;
    }

    /// Plans that were made while tables were empty may be the worst when they are full. Tables grow with what is worked on
    /// here, so plans are made anew whenever twice as much has been done.
    async fn replan(&mut self) {
        self.batches += 1;
        if let Some(connection) = self.connection.as_ref().filter(|_| self.batches.is_power_of_two()) {
            let database = &self.shared.context.database;
            // A connection that says nothing is found out by the next batch.
            let _ = timeout(database.silence(), connection.forget_plans(database.dialect())).await;
        }
    }

    /// A server ends sessions in which nothing is said, and whatever stands between forgets them.
    async fn keep_alive(&mut self) {
        if !self.shared.context.database.is_server() {
            return;
        }
        let alive = match &self.connection {
            Some(connection) => connection.is_alive().await,
            None => false,
        };
        if alive {
            self.shared.context.database.hear();
        } else {
            self.reconnect().await;
        }
    }

    /// Tries until there is an answer. After a lost connection the same requests run again on a new one, and find what has
    /// happened. Where one request is at fault, the others must not suffer for it: what comes back is what is left to do, in
    /// order. That is each request that was left out, or else both halves.
    async fn until_answered(&mut self, mut part: Part<W>) -> Vec<Part<W>> {
        let context = self.shared.context.clone();
        let (mut retry, begun) = (Retry::new(&*context.ids), Instant::now());
        let mut overtaken = false;
        loop {
            // Halves of a batch may have waited for each other, too.
            part.refuse_late(Instant::now());
            if part.is_empty() {
                return Vec::new();
            }
            let failure = match self.attempt(&part.requests).await {
                Ok(answers) => {
                    context.database.hear();
                    let (answered, answers, left_out) = part.without_left_out(answers);
                    answered.answer(answers, begun.elapsed());
                    metrics::counter!("frontrow_left_out_of_batches_total").increment(left_out.len() as u64);
                    return left_out;
                }
                Err(failure) => failure,
            };
            metrics::counter!("frontrow_retries_total", "cause" => failure.name()).increment(1);
            context.hook.failed(&failure.to_string());
            if !failure.needs_new_connection() {
                context.database.hear();
            }
            context.database.storage().note(failure.class());
            part.unknown |= matches!(failure, Failure::UnknownOutcome(_));
            let usable = self.connection.as_ref().is_some_and(WorkerConnection::is_usable);
            let connected = (usable && !failure.needs_new_connection()) || self.reconnect().await;
            if connected && failure.is_of_one() && part.requests.len() > 1 {
                tracing::debug!(work = part.name(), cause = %failure, "a batch goes on in halves");
                metrics::counter!("frontrow_batches_split_total").increment(1);
                return part.halves().into();
            }
            // Whoever overtook it has committed by now: there is nobody to wait for, and no reason why it should happen twice.
            let is_overtaken = matches!(failure, Failure::Overtaken(_));
            let at_once = connected && is_overtaken && !std::mem::replace(&mut overtaken, true);
            let in_a_moment = connected && !is_overtaken && !failure.is_final();
            let goes_on = at_once || (in_a_moment && retry.again().await);
            if !goes_on {
                let error = self.give_up(part.name(), &failure, part.unknown);
                part.refuse(&error, begun.elapsed());
                return Vec::new();
            }
        }
    }

    async fn attempt(&self, requests: &[W::Request]) -> Result<Vec<Option<W::Answer>>, Failure> {
        let database = &self.shared.context.database;
        let connection = self.connection.as_ref().ok_or_else(Failure::disconnected)?;
        connection.forget_commit();
        let route = requests.first().and_then(Queued::route);
        self.shared.context.hook.attempted(route, requests.len()).await;
        let transacted = async {
            let transacted = AssertUnwindSafe(self.shared.work.transact(connection, requests)).catch_unwind();
            transacted.await.unwrap_or_else(|panic| {
                panics::note(requests.first().map_or("worker", W::name), &*panic);
                Err(connection.panicked(panics::reason(&*panic)))
            })
        };
        if !database.is_server() {
            return transacted.await;
        }
        // What was cut off is never used again: the worker reconnects.
        let silent = |_| Failure::UnknownOutcome("no answer".into());
        timeout(database.silence(), transacted).await.map_err(silent).flatten()
    }

    fn give_up(&self, name: &'static str, failure: &Failure, unknown: bool) -> StoreError {
        let cause = failure.to_string();
        if unknown {
            tracing::error!(work = name, cause, "a commit's outcome could not be found out");
            return StoreError::Unknown;
        }
        let Some(outage) = failure.outage() else { return fault(&*self.shared.context.ids, name, &cause) };
        tracing::warn!(work = name, cause, "gave up for now");
        outage.into()
    }

    /// What was begun on the connection is not known to have ended: its session has to be ended first of all.
    fn distrust(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.old = Some(connection.cut());
        }
    }

    /// A new connection, once what went on over the old one has ended, or is about to.
    async fn reconnect(&mut self) -> bool {
        self.distrust();
        self.batches = 0;
        self.connection = self.connect().await;
        let connected = self.connection.is_some();
        if self.away == connected {
            self.away = !connected;
            let away = &self.shared.away;
            if connected {
                away.fetch_sub(1, Ordering::SeqCst)
            } else {
                away.fetch_add(1, Ordering::SeqCst)
            };
        }
        connected
    }

    /// Ends what may still go on over the old connection before anything is done on the new one: its transaction may still
    /// be committed, and not all that a command reads is kept still by a lock. A session that is there no more counts as
    /// ended.
    async fn connect(&mut self) -> Option<WorkerConnection> {
        let connection = match WorkerConnection::open(&self.shared.context).await {
            Ok(connection) => connection,
            Err(error) => {
                tracing::warn!(%error, "a worker could not reconnect");
                return None;
            }
        };
        let Some(old) = self.old.take() else { return Some(connection) };
        let cause = match timeout(self.shared.context.database.silence(), old.end(&connection)).await {
            Ok(Ok(())) => return Some(connection),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer".to_owned(),
        };
        tracing::warn!(cause, "a worker could not end its old session: it does nothing until it can");
        // Nothing has been done on the new connection, so its own session need not be remembered.
        drop(connection.cut());
        self.old = Some(old);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::{Limits, Queue, Queued};
    use crate::sql::hook::Hook;
    use crate::sql::testing::{Counter, database};
    use crate::sql::worker::WorkerContext;
    use async_trait::async_trait;
    use sea_orm::{DatabaseConnection, DbErr};
    use std::sync::atomic::AtomicU32;

    /// Can't be ended so many times.
    struct Stubborn(Arc<AtomicU32>);

    #[async_trait]
    impl Session for Stubborn {
        async fn end(&self, _: &DatabaseConnection) -> Result<(), DbErr> {
            if self.0.load(Ordering::SeqCst) == 0 {
                return Ok(());
            }
            self.0.fetch_sub(1, Ordering::SeqCst);
            Err(DbErr::Custom("not now".into()))
        }
    }

    struct Nothing;

    impl Queued for () {}

    impl Work for Nothing {
        type Request = ();
        type Answer = ();
        type Error = StoreError;

        fn name((): &()) -> &'static str {
            "nothing"
        }

        fn note_seconds(_: &'static str, _: f64) {}

        fn error((): &(), error: StoreError) -> StoreError {
            error
        }

        async fn transact(&self, _: &WorkerConnection, requests: &[()]) -> Result<Vec<Option<()>>, Failure> {
            Ok(requests.iter().copied().map(Some).collect())
        }
    }

    #[tokio::test]
    async fn a_worker_does_nothing_until_its_old_session_has_ended() {
        let (database, _folder) = database().await;
        let context = WorkerContext { database, ids: Arc::new(Counter::default()), hook: <dyn Hook>::none() };
        let (_queue, jobs) = Queue::new(Limits::of(1, 1));
        let shared = Arc::new(Shared::new(Nothing, &context, jobs, 1));
        let mut run = Run::new(&shared, WorkerConnection::open(&context).await.unwrap());
        let refusals = Arc::new(AtomicU32::new(2));
        run.connection = None;
        run.old = Some(Box::new(Stubborn(Arc::clone(&refusals))));
        for left in [1, 0] {
            assert!(!run.reconnect().await && run.connection.is_none() && run.old.is_some());
            assert_eq!(refusals.load(Ordering::SeqCst), left, "the same session is to be ended");
            assert!(shared.is_cut_off(), "whoever asks is told so");
        }
        assert!(run.reconnect().await && run.old.is_none());
        assert!(run.connection.is_some_and(|connection| connection.is_usable()) && !shared.is_cut_off());
    }
}

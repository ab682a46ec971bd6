//! The queue numbers of one sale. Whoever joins while a call to Redis is under way waits for it, and all of them get their
//! numbers with the next call.

use super::connection::RedisConnection;
use super::numbers::{BATCH_SIZE, DispenserContext, SaleNumbers};
use super::script::Answer;
use super::trouble::{BUSY, Trouble, UNAVAILABLE};
use crate::deadline;
use crate::panics;
use crate::queue::{Answered, Job, Jobs, Limits, NotQueued, Queue};
use crate::retry::{ATTEMPTS, Retry};
use frontrow_application::deadline::COMMAND;
use frontrow_application::port::{Join, Joined, Lease, StoreError};
use frontrow_domain::SaleId;
use frontrow_domain::waiting_room::Group;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;

/// A sale, and the queue of those who join. Its worker ends when it is dropped, once all who wait have their answers.
pub(super) struct SaleDispenser {
    pub numbers: Arc<SaleNumbers>,
    queue: Queue<Join, Result<Joined, StoreError>>,
}

type Joins = Jobs<Join, Result<Joined, StoreError>>;

/// What panics are noted of.
const NAME: &str = "redis_joins";
/// How old what was handed out may be when ticks ask for it.
const RECENT: Duration = Duration::from_millis(50);

impl SaleDispenser {
    pub(super) fn new(context: &Arc<DispenserContext>, sale: SaleId) -> Self {
        let numbers = Arc::new(SaleNumbers::new(context, sale));
        let (queue, joins) = Queue::new(Limits::of(context.settings.queue, BATCH_SIZE as usize));
        let (serving, joins) = (Arc::clone(&numbers), Arc::new(joins));
        drop(context.runtime.spawn(async move {
            panics::restarted(NAME, || Arc::clone(&serving).serve(Arc::clone(&joins))).await;
        }));
        Self { numbers, queue }
    }

    /// Queues the join, and waits for its number until the deadline. Once a call to Redis has begun the number is theirs,
    /// whether they wait for it or not.
    pub(super) async fn join(&self, join: Join) -> Result<Joined, StoreError> {
        let asked = self.queue.push(join, deadline::until(COMMAND)).map_err(|not_queued| match not_queued {
            NotQueued::Full | NotQueued::TooMany { .. } => BUSY,
            NotQueued::Closed => UNAVAILABLE,
        })?;
        // Answers come long before the deadline: it is there so that a mistake of ours lets nobody wait for ever.
        match asked.answer().await {
            Answered::With(joined) => joined,
            Answered::NotBegun | Answered::Begun => Err(UNAVAILABLE),
        }
    }
}

impl SaleNumbers {
    /// Serves all who join, until nobody can join any more.
    async fn serve(self: Arc<Self>, joins: Arc<Joins>) {
        while let Some(batch) = joins.next().await {
            let served = Arc::clone(&self).serve_batch(batch.jobs, Arc::clone(&joins));
            // In a task of its own, so that a panic ends this batch and not the worker.
            if let Some(panic) = self.context.runtime.spawn(served).await.err().and_then(|e| e.try_into_panic().ok()) {
                panics::note(NAME, &*panic);
            }
        }
    }

    async fn serve_batch(self: Arc<Self>, batch: Vec<Job<Join, Result<Joined, StoreError>>>, joins: Arc<Joins>) {
        let (requests, waiting): (Vec<_>, Vec<_>) = batch.into_iter().filter_map(Job::begin).unzip();
        match self.give_entries(&requests).await {
            Ok((_, entries)) => {
                for (waiting, joined) in waiting.into_iter().zip(entries) {
                    waiting.answer(Ok(joined));
                }
            }
            Err(trouble) => {
                // If Redis is away, it is away for everybody who waits. Each batch would take as long to find that out.
                let others = if matches!(trouble, Trouble::Defect(_)) { Vec::new() } else { joins.waiting() };
                let refusal = trouble.tell(&*self.context.ids);
                for waiting in waiting {
                    waiting.answer(Err(refusal.clone()));
                }
                for other in others {
                    other.refuse(Err(refusal.clone()));
                }
            }
        }
    }

    /// Gives each who joins a queue entry; none of them gets one after an error. Also returns how many numbers were handed
    /// out so far, by group.
    pub(super) async fn give_entries(self: &Arc<Self>, joins: &[Join]) -> Result<(Vec<u64>, Vec<Joined>), Trouble> {
        let (mut retry, mut extended) = (Retry::new(&*self.context.ids), BTreeSet::new());
        loop {
            let link = self.context.server.link().await?;
            let lease = self.lease(&link).await?;
            if let Some(join) = joins.iter().find(|join| join.group.index() >= lease.ceiling.len()) {
                return Err(Trouble::Defect(format!("the queue has no group {}", join.group.get())));
            }
            match self.context.scripts.join(link.clone(), &self.keys, &lease, joins).await {
                Ok(Answer::Given { issued, entries }) => {
                    metrics::histogram!("frontrow_joins_together").record(u32::try_from(entries.len()).unwrap_or(0));
                    self.note_issued(&issued);
                    self.look_ahead(&lease, &issued);
                    return Ok((issued, entries));
                }
                Ok(Answer::Lost) => self.forget_lease(&lease).await,
                Ok(Answer::Ceiling { group, issued }) => {
                    self.extend(lease.epoch, group, issued).await?;
                    // The first time that a group runs out of leased numbers isn't a failed attempt. If others have taken the
                    // whole new block at once, the next time is.
                    if extended.insert(group) {
                        continue;
                    }
                }
                Err(error) => self.context.server.after_error(&link, &error).await?,
            }
            if !retry.again().await {
                tracing::warn!(sale = %self.sale, "no number could be given in {ATTEMPTS} attempts");
                return Err(Trouble::Away);
            }
        }
    }

    /// Leases the next block in the background once less than a quarter of one is left, so that nobody has to wait for it.
    fn look_ahead(self: &Arc<Self>, lease: &Arc<Lease>, issued: &[u64]) {
        let least = self.context.settings.block / 4;
        let is_low = |(_, ceiling, issued): &(Group, u64, u64)| ceiling.saturating_sub(*issued) < least;
        let groups = Group::all(issued.len()).zip(&lease.ceiling).zip(issued);
        let low: Vec<_> = groups.map(|((group, ceiling), issued)| (group, *ceiling, *issued)).filter(is_low).collect();
        if low.is_empty() || self.is_extending.swap(true, Ordering::SeqCst) {
            return;
        }
        let (numbers, epoch) = (Arc::clone(self), lease.epoch);
        drop(self.context.runtime.spawn(async move {
            let extended = panics::caught(NAME, async {
                for (group, _, issued) in low {
                    if let Err(trouble) = numbers.extend(epoch, group, issued).await {
                        tracing::warn!(sale = %numbers.sale, ?trouble, "no numbers could be leased ahead");
                    }
                }
            });
            extended.await;
            numbers.is_extending.store(false, Ordering::SeqCst);
        }));
    }

    fn note_issued(&self, issued: &[u64]) {
        let now = Instant::now();
        *self.issued.lock() = Some((now, issued.to_vec()));
    }

    /// How many numbers were handed out, by group; the figures are at most [`RECENT`] old.
    pub(super) async fn issued(self: &Arc<Self>) -> Result<Vec<u64>, Trouble> {
        self.drop_old_index();
        let known = self.issued.lock().clone();
        match known {
            Some((at, issued)) if at.elapsed() < RECENT => Ok(issued),
            _ => Ok(self.give_entries(&[]).await?.0),
        }
    }

    /// What went wrong, for a caller who doesn't try again even where that might help at once.
    pub(super) async fn trouble_of(&self, link: &RedisConnection, error: &redis::RedisError) -> Trouble {
        self.context.server.after_error(link, error).await.err().unwrap_or(Trouble::Away)
    }
}

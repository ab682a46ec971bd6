//! The numbers of one sale. Those who join while others are being served are served together.

use super::connection::RedisConnection;
use super::numbers::{BATCH_SIZE, DispenserContext, SaleNumbers};
use super::script::Answer;
use super::trouble::{BUSY, Trouble, UNAVAILABLE};
use crate::deadline;
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

/// How old what was handed out may be when ticks ask for it.
const RECENT: Duration = Duration::from_millis(50);

impl SaleDispenser {
    pub(super) fn new(context: &Arc<DispenserContext>, sale: SaleId) -> Self {
        let numbers = Arc::new(SaleNumbers::new(context, sale));
        let (queue, joins) = Queue::new(Limits::of(context.settings.queue, BATCH_SIZE as usize));
        drop(context.runtime.spawn(Arc::clone(&numbers).serve(Arc::new(joins))));
        Self { numbers, queue }
    }

    /// Puts somebody in the queue, and waits for their number until the deadline. Once that has begun they get it whether
    /// they wait for it or not.
    pub(super) async fn join(&self, join: Join) -> Result<Joined, StoreError> {
        let asked = self.queue.push(join, deadline::until(COMMAND)).map_err(|not_queued| match not_queued {
            NotQueued::Full | NotQueued::TooMany => BUSY,
            NotQueued::Closed => UNAVAILABLE,
        })?;
        // It takes far less time; this is a last resort.
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
            // Whatever becomes of these, others are served.
            drop(self.context.runtime.spawn(served).await);
        }
    }

    async fn serve_batch(self: Arc<Self>, batch: Vec<Job<Join, Result<Joined, StoreError>>>, joins: Arc<Joins>) {
        let (requests, waiting): (Vec<_>, Vec<_>) = batch.into_iter().filter_map(Job::begin).unzip();
        match self.give(&requests).await {
            Ok((_, entries)) => {
                for (waiting, joined) in waiting.into_iter().zip(entries) {
                    waiting.answer(Ok(joined));
                }
            }
            Err(trouble) => {
                // What is away for them is away for all: to find that out again would take each as long.
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

    /// Gives a queue entry to each, or to nobody; and says how many numbers were handed out, by group.
    pub(super) async fn give(self: &Arc<Self>, joins: &[Join]) -> Result<(Vec<u64>, Vec<Joined>), Trouble> {
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
                Ok(Answer::Lost) => self.doubt(&lease).await,
                Ok(Answer::Ceiling { group, issued }) => {
                    self.extend(lease.epoch, group, issued).await?;
                    // With new numbers it is not the same attempt that failed, unless others were given all of them.
                    if extended.insert(group) {
                        continue;
                    }
                }
                Err(error) => self.context.server.mend(&link, &error).await?,
            }
            if !retry.again().await {
                tracing::warn!(sale = %self.sale, "no number could be given in {ATTEMPTS} attempts");
                return Err(Trouble::Away);
            }
        }
    }

    /// Leases more before there are none left, so that nobody waits for it.
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
            for (group, _, issued) in low {
                if let Err(trouble) = numbers.extend(epoch, group, issued).await {
                    tracing::warn!(sale = %numbers.sale, ?trouble, "no numbers could be leased ahead");
                }
            }
            numbers.is_extending.store(false, Ordering::SeqCst);
        }));
    }

    fn note_issued(&self, issued: &[u64]) {
        let now = Instant::now();
        *self.issued.lock() = Some((now, issued.to_vec()));
    }

    /// By group, how many numbers were handed out; at most [`RECENT`] old.
    pub(super) async fn issued(self: &Arc<Self>) -> Result<Vec<u64>, Trouble> {
        self.drop_old_index();
        let known = self.issued.lock().clone();
        match known {
            Some((at, issued)) if at.elapsed() < RECENT => Ok(issued),
            _ => Ok(self.give(&[]).await?.0),
        }
    }

    /// What an error means for a caller who asks only once.
    pub(super) async fn mend(&self, link: &RedisConnection, error: &redis::RedisError) -> Trouble {
        self.context.server.mend(link, error).await.err().unwrap_or(Trouble::Away)
    }
}

//! Where people join the line of one sale. Those who come while others are being served are served together.

use super::RedisSettings;
use super::keys::Keys;
use super::lease::KnownLease;
use super::link::{Link, Server};
use super::roster::Roster;
use super::script::{Answer, Scripts};
use super::trouble::{BUSY, Trouble};
use frontrow_application::port::{IdSource, Join, Joined, Lease, NumberLeases, StoreError};
use frontrow_domain::SaleId;
use frontrow_domain::waiting_room::Group;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// What all desks work with.
pub(super) struct Works {
    pub server: Server,
    pub scripts: Scripts,
    pub leases: Arc<dyn NumberLeases>,
    pub ids: Arc<dyn IdSource>,
    pub settings: RedisSettings,
    pub runtime: Handle,
}

pub(super) struct Desk {
    pub works: Arc<Works>,
    pub sale: SaleId,
    pub keys: Keys,
    pub lease: KnownLease,
    pub roster: Mutex<Option<Roster>>,
    queue: Mutex<Queue>,
    issued: Mutex<Option<(Instant, Vec<u64>)>>,
    is_extending: AtomicBool,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    /// Whether somebody serves them.
    served: bool,
}

/// Somebody who waits for a number.
struct Waiting {
    join: Join,
    answer: oneshot::Sender<Result<Joined, StoreError>>,
}

/// Joins that one script takes: more would make everybody else in Redis wait.
pub(super) const MOST_TOGETHER: u32 = 256;
/// Times that the same is asked: epochs begin, blocks are leased, connections break.
const ATTEMPTS: u32 = 8;
/// How old what was handed out may be when ticks ask for it.
const RECENT: Duration = Duration::from_millis(50);

impl Desk {
    pub(super) fn new(works: &Arc<Works>, sale: SaleId) -> Self {
        Self {
            works: Arc::clone(works),
            sale,
            keys: Keys::of(&works.settings.prefix, sale),
            lease: KnownLease::default(),
            roster: Mutex::default(),
            queue: Mutex::default(),
            issued: Mutex::default(),
            is_extending: AtomicBool::new(false),
        }
    }

    /// Puts somebody in the queue. They get their number whether they wait for it or not.
    pub(super) fn join(
        self: &Arc<Self>,
        join: Join,
    ) -> Result<oneshot::Receiver<Result<Joined, StoreError>>, StoreError> {
        let (answer, told) = oneshot::channel();
        let mut queue = self.queue();
        if queue.waiting.len() >= self.works.settings.queue {
            return Err(BUSY);
        }
        queue.waiting.push_back(Waiting { join, answer });
        if !std::mem::replace(&mut queue.served, true) {
            drop(self.works.runtime.spawn(Arc::clone(self).serve()));
        }
        Ok(told)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves until nobody waits.
    async fn serve(self: Arc<Self>) {
        loop {
            let together = {
                let mut queue = self.queue();
                let count = queue.waiting.len().min(MOST_TOGETHER as usize);
                let together: Vec<_> = queue.waiting.drain(..count).collect();
                queue.served = !together.is_empty();
                together
            };
            if together.is_empty() {
                return;
            }
            // Whatever becomes of these, others are served.
            drop(self.works.runtime.spawn(Arc::clone(&self).serve_together(together)).await);
        }
    }

    async fn serve_together(self: Arc<Self>, together: Vec<Waiting>) {
        let joins: Vec<Join> = together.iter().map(|waiting| waiting.join).collect();
        match self.give(&joins).await {
            Ok((_, places)) => {
                for (waiting, joined) in together.into_iter().zip(places) {
                    // Who asked may have gone.
                    drop(waiting.answer.send(Ok(joined)));
                }
            }
            Err(trouble) => {
                // What is away for them is away for all: to find that out again would take each as long.
                let others = if matches!(trouble, Trouble::Defect(_)) { VecDeque::new() } else { self.all_waiting() };
                let refusal = trouble.tell(&*self.works.ids);
                for waiting in together.into_iter().chain(others) {
                    drop(waiting.answer.send(Err(refusal.clone())));
                }
            }
        }
    }

    fn all_waiting(&self) -> VecDeque<Waiting> {
        std::mem::take(&mut self.queue().waiting)
    }

    /// Gives a place to each, or to nobody; and says how many numbers were handed out, by group.
    pub(super) async fn give(self: &Arc<Self>, joins: &[Join]) -> Result<(Vec<u64>, Vec<Joined>), Trouble> {
        for _ in 0..ATTEMPTS {
            let link = self.works.server.link().await?;
            let lease = self.lease(&link).await?;
            if let Some(join) = joins.iter().find(|join| join.group.index() >= lease.ceiling.len()) {
                return Err(Trouble::Defect(format!("the line has no group {}", join.group.get())));
            }
            match self.works.scripts.join(link.clone(), &self.keys, &lease, joins).await {
                Ok(Answer::Given { issued, places }) => {
                    metrics::histogram!("frontrow_joins_together").record(u32::try_from(places.len()).unwrap_or(0));
                    self.note_issued(&issued);
                    self.look_ahead(&lease, &issued);
                    return Ok((issued, places));
                }
                Ok(Answer::Lost) => self.doubt(&lease).await,
                Ok(Answer::Ceiling { group, issued }) => self.extend(lease.epoch, group, issued).await?,
                Err(error) => self.works.server.mend(&link, &error).await?,
            }
        }
        tracing::warn!(sale = %self.sale, "no number could be given in {ATTEMPTS} attempts");
        Err(Trouble::Away)
    }

    /// Leases more before there are none left, so that nobody waits for it.
    fn look_ahead(self: &Arc<Self>, lease: &Arc<Lease>, issued: &[u64]) {
        let least = self.works.settings.block / 4;
        let is_low = |(_, ceiling, issued): &(Group, u64, u64)| ceiling.saturating_sub(*issued) < least;
        let groups = Group::all(issued.len()).zip(&lease.ceiling).zip(issued);
        let low: Vec<_> = groups.map(|((group, ceiling), issued)| (group, *ceiling, *issued)).filter(is_low).collect();
        if low.is_empty() || self.is_extending.swap(true, Ordering::SeqCst) {
            return;
        }
        let (desk, epoch) = (Arc::clone(self), lease.epoch);
        drop(self.works.runtime.spawn(async move {
            for (group, _, issued) in low {
                if let Err(trouble) = desk.extend(epoch, group, issued).await {
                    tracing::warn!(sale = %desk.sale, ?trouble, "no numbers could be leased ahead");
                }
            }
            desk.is_extending.store(false, Ordering::SeqCst);
        }));
    }

    fn note_issued(&self, issued: &[u64]) {
        let now = Instant::now();
        *self.issued.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, issued.to_vec()));
    }

    /// By group, how many numbers were handed out; at most [`RECENT`] old.
    pub(super) async fn issued(self: &Arc<Self>) -> Result<Vec<u64>, Trouble> {
        self.drop_old_roster();
        let known = self.issued.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            Some((at, issued)) if at.elapsed() < RECENT => Ok(issued),
            _ => Ok(self.give(&[]).await?.0),
        }
    }

    /// What an error is to who asks only once.
    pub(super) async fn mend(&self, link: &Link, error: &redis::RedisError) -> Trouble {
        self.works.server.mend(link, error).await.err().unwrap_or(Trouble::Away)
    }
}

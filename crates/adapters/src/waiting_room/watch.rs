//! Waiting for admissions, with one question for many who wait.

use crate::panics;
use async_trait::async_trait;
use frontrow_application::port::{AdmissionWatch, QueueStore};
use frontrow_domain::{Buyer, BuyerKey};
use parking_lot::{Mutex, MutexGuard};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

/// How often the store is asked while anybody waits: how soon they hear of a tick of another instance.
const EVERY: Duration = Duration::from_millis(50);
/// People that it is asked about at once.
const MAX_KEYS: usize = 500;

/// [`AdmissionWatch`] of any [`QueueStore`]: all who wait are asked about together, twenty times a second, however many
/// they are; while nobody waits, nobody is asked. Must be used within a tokio runtime with a timer.
pub struct SharedWatch(Arc<Shared>);

struct Shared {
    store: Arc<dyn QueueStore>,
    every: Duration,
    waiting: Mutex<Waiting>,
    hurry: Notify,
}

#[derive(Default)]
struct Waiting {
    /// Somebody may wait in several places at once, such as two tabs. A closed channel means that they have gone.
    people: HashMap<BuyerKey, Vec<oneshot::Sender<Buyer>>>,
    /// Those of them who are said to be admitted.
    urgent: BTreeSet<BuyerKey>,
    asking: Option<JoinHandle<()>>,
}

impl SharedWatch {
    /// Asks that store.
    pub fn new(store: Arc<dyn QueueStore>) -> Self {
        Self::asking_every(EVERY, store)
    }

    fn asking_every(every: Duration, store: Arc<dyn QueueStore>) -> Self {
        Self(Arc::new(Shared { store, every, waiting: Mutex::default(), hurry: Notify::new() }))
    }

    /// Says that these were admitted, such as by a tick of one's own: those of them who wait here hear of it without
    /// delay.
    pub fn admitted_here(&self, keys: &[BuyerKey]) {
        let Waiting { people, urgent, .. } = &mut *self.0.waiting();
        let here = keys.iter().filter(|key| people.contains_key(key));
        urgent.extend(here);
        if !urgent.is_empty() {
            self.0.hurry.notify_one();
        }
    }

    fn wait_for(&self, key: BuyerKey) -> oneshot::Receiver<Buyer> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.0.waiting();
        waiting.people.entry(key).or_default().push(sender);
        // A task that was cut off, such as by the end of its runtime, has not said that it ends.
        if waiting.asking.as_ref().is_none_or(JoinHandle::is_finished) {
            let all = Arc::clone(&self.0);
            waiting.asking = Some(tokio::spawn(async move {
                panics::restarted("watch_admissions", || Arc::clone(&all).ask()).await;
            }));
        }
        receiver
    }
}

#[async_trait]
impl AdmissionWatch for SharedWatch {
    async fn admitted(&self, key: BuyerKey, within: Duration) -> Option<Buyer> {
        // Nothing is written while one waits, so that it may be broken off at any moment.
        timeout(within, self.wait_for(key)).await.ok()?.ok()
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock()
    }

    /// Until nobody waits any more.
    async fn ask(self: Arc<Self>) {
        let mut next = Instant::now() + self.every;
        loop {
            let hurried = timeout_at(next, self.hurry.notified()).await.is_ok();
            // Whoever is always in a hurry must not keep the others waiting.
            let hurried = hurried && Instant::now() < next;
            if !hurried {
                next = Instant::now() + self.every;
            }
            let Some(keys) = self.waiting().whom(hurried) else { return };
            for keys in keys.chunks(MAX_KEYS) {
                match self.store.admitted(keys).await {
                    Ok(admitted) => self.waiting().tell(admitted),
                    // They are asked about again soon.
                    Err(error) => tracing::debug!(%error, "nobody knows who was admitted"),
                }
            }
        }
    }
}

impl Waiting {
    /// Whom to ask about; `None` if nobody waits, and then nobody asks any more.
    fn whom(&mut self, hurried: bool) -> Option<Vec<BuyerKey>> {
        self.people.retain(|_, senders| {
            senders.retain(|sender| !sender.is_closed());
            !senders.is_empty()
        });
        let urgent = std::mem::take(&mut self.urgent);
        if self.people.is_empty() {
            self.asking = None;
            return None;
        }
        Some(if hurried { urgent.into_iter().collect() } else { self.people.keys().copied().collect() })
    }

    fn tell(&mut self, admitted: Vec<Buyer>) {
        for buyer in admitted {
            for sender in self.people.remove(&buyer.key).into_iter().flatten() {
                // Whoever has gone away does not hear it.
                sender.send(buyer).ok();
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! Streams of events: what polls would say, sent when it changes.
//!
//! A [`Topic`] is what somebody watches. Each has one [`Channel`] for all who watch it, and one task that looks every now
//! and then what polls would answer ([`Polls`]). A change is rendered once, into one buffer that all streams share. A [`stream`] is the
//! body of one answer: it sends what its client does not have yet.

mod channel;
mod frame;
mod places;
mod stream;
mod topic;

use crate::problem::{Kind as ProblemKind, Problem};
use channel::Channel;
use parking_lot::Mutex;
use places::Places;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval};

pub(crate) use stream::{Stream, Watcher};
pub(crate) use topic::{Kind, Looked, Polls, Topic};

/// How often a task looks whether what it watches has changed.
const LOOK: Duration = Duration::from_millis(250);
/// Whoever is turned away is told to come back after so long.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// All streams of one server.
pub struct EventStreams {
    places: Places,
    by_hand: bool,
    all: Mutex<All>,
    /// How many streams have been opened: spreads when their clients come back.
    opened: AtomicU64,
}

#[derive(Default)]
struct All {
    channels: HashMap<Topic, Arc<Channel>>,
    is_closed: bool,
}

impl EventStreams {
    /// At most so many streams at a time.
    pub fn new(most: usize) -> Self {
        Self { places: Places::new(most), by_hand: false, all: Mutex::default(), opened: AtomicU64::new(0) }
    }

    /// The same for tests: nobody looks whether anything has changed but [`beat_events`](crate::beat_events).
    pub fn by_hand(most: usize) -> Self {
        Self { by_hand: true, ..Self::new(most) }
    }

    /// Looks whether anything has changed that somebody watches; so long after the last time.
    pub(crate) async fn beat(&self, polls: &impl Polls, elapsed: Duration) {
        let channels: Vec<Arc<Channel>> = self.all.lock().channels.values().cloned().collect();
        for channel in channels {
            self.beat_once(&channel, polls, elapsed).await;
        }
    }

    /// How many streams are open.
    pub fn open(&self) -> usize {
        self.places.taken()
    }

    /// Ends all streams, so that their clients go on at another server; there are no more from now on.
    pub fn close(&self) {
        let channels = {
            let mut all = self.all.lock();
            all.is_closed = true;
            std::mem::take(&mut all.channels)
        };
        for channel in channels.values() {
            channel.end();
        }
    }

    /// A stream of that topic, for somebody who may see it.
    pub(crate) async fn watch<P: Polls>(
        self: &Arc<Self>,
        polls: &P,
        topic: Topic,
        watcher: Watcher,
    ) -> Result<Stream<P>, Problem> {
        let looked = polls.look(topic).await?;
        let refused =
            |kind, detail: &str| Problem { retry_after: Some(RETRY_AFTER), ..Problem::new(kind).because(detail) };
        let mut all = self.all.lock();
        if all.is_closed {
            return Err(refused(ProblemKind::Unavailable, "the server is about to stop"));
        }
        let full = "this server has as many event streams as it may: poll, or try again later";
        let place = self.places.take().ok_or_else(|| refused(ProblemKind::Busy, full))?;
        let channel = if let Some(channel) = all.channels.get(&topic) {
            Arc::clone(channel)
        } else {
            let channel = Arc::new(Channel::new(topic, &looked));
            all.channels.insert(topic, Arc::clone(&channel));
            if !self.by_hand {
                tokio::spawn(watch_over(Arc::clone(self), Arc::clone(&channel), polls.clone()));
            }
            channel
        };
        // From here on the channel is watched, and is not forgotten.
        let reading = channel.read(watcher.until);
        drop(all);
        let turn = self.opened.fetch_add(1, Ordering::Relaxed);
        Ok(Stream::new(polls.clone(), channel, reading, watcher.last, turn, place))
    }

    /// Says whether somebody still watches.
    async fn beat_once(&self, channel: &Arc<Channel>, polls: &impl Polls, elapsed: Duration) -> bool {
        if self.forget_if(channel, Channel::is_unwatched) {
            return false;
        }
        let is_there = channel.beat(polls, elapsed).await;
        !self.forget_if(channel, |_| !is_there)
    }

    /// Forgets the channel if it is over, and ends its streams. Says whether it is forgotten, as it is once all are closed.
    fn forget_if(&self, channel: &Arc<Channel>, is_over: impl Fn(&Channel) -> bool) -> bool {
        let mut all = self.all.lock();
        let is_known = all.channels.get(&channel.topic()).is_some_and(|known| Arc::ptr_eq(known, channel));
        let is_over = !is_known || is_over(channel);
        if is_known && is_over {
            all.channels.remove(&channel.topic());
        }
        drop(all);
        if is_over {
            channel.end();
        }
        is_over
    }
}

/// Looks after one channel until nobody watches it any more.
async fn watch_over(events: Arc<EventStreams>, channel: Arc<Channel>, polls: impl Polls) {
    // However this ends, such as by a panic: its streams end, and their clients come back.
    let guard = Guard { events, channel };
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = Instant::now();
    loop {
        looks.tick().await;
        let now = Instant::now();
        if !guard.events.beat_once(&guard.channel, &polls, now - last).await {
            return;
        }
        last = now;
    }
}

struct Guard {
    events: Arc<EventStreams>,
    channel: Arc<Channel>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.events.forget_if(&self.channel, |_| true);
    }
}

//! What many ask for all the time and a second's delay does no harm to: read once a second, by one of those who ask, for
//! everybody.

use crate::deadline;
use crate::shared_read::{Reader, SharedRead};
use frontrow_application::Outage;
use frontrow_application::deadline::READ;
use frontrow_application::port::StoreError;
use frontrow_domain::Instant;
use parking_lot::Mutex;
use quick_cache::unsync::Cache;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::timeout_at;

/// How old an answer may be before it is read again.
const FRESH: Duration = Duration::from_secs(1);
/// How old it may be while it is being read again: whoever noticed waits for it, the others don't.
const STALE: Duration = Duration::from_secs(3);
/// Answers in memory; beyond that, those that nobody asks for are forgotten.
const MAX_ANSWERS: usize = 1000;
/// Reads of one purpose that may go on for keys of which nothing is known. Whoever guesses more keys at a time is told to
/// come back, and nobody waits behind them for long.
const MAX_GUESSES: usize = 256;

/// Answers by key. Failures are shared, too, and never kept. A read has a purpose `P`: what it finds is everybody's, but
/// nobody waits for a read that somebody began for another purpose.
pub(crate) struct RecentReads<K, V, P> {
    known: Mutex<Known<K, V, P>>,
}

struct Known<K, V, P> {
    /// What is being read at this moment, for all who want it: by key, the read that began last. Each takes itself out.
    reading: HashMap<(K, P), Reading<V>>,
    /// By purpose, how many reads go on.
    going_on: HashMap<P, usize>,
    /// How many reads there have been.
    reads: u64,
    found: Cache<K, (Instant, Arc<V>)>,
    /// When there was nothing of that key. Apart, so that those who guess keys drive nothing out that is there.
    absent: Cache<K, Instant>,
    /// How often everything was forgotten: what was read before the last time is not to be kept.
    forgotten: u64,
}

/// One read, which everybody shares who asks before it ends.
struct Reading<V> {
    id: u64,
    begun: Instant,
    /// See [`Known::forgotten`]: whoever asks after something was saved must see it.
    forgotten: u64,
    found: SharedRead<Option<Arc<V>>>,
}

/// What somebody who asks gets at once.
enum Asked<V> {
    Recent(Option<Arc<V>>),
    /// The read to wait for.
    Read(SharedRead<Option<Arc<V>>>),
    /// Too many keys are being looked for of which nothing is known.
    TooMany,
}

/// A read that goes on, until it is dropped.
struct GoingOn<K: Copy + Eq + Hash, V, P: Copy + Eq + Hash> {
    reads: Arc<RecentReads<K, V, P>>,
    key: (K, P),
    id: u64,
}

impl<K: Copy + Eq + Hash, V, P: Copy + Eq + Hash> Drop for GoingOn<K, V, P> {
    fn drop(&mut self) {
        let mut known = self.reads.known.lock();
        // A later read under the same key stays.
        if known.reading.get(&self.key).is_some_and(|reading| reading.id == self.id) {
            known.reading.remove(&self.key);
        }
        if let Some(going_on) = known.going_on.get_mut(&self.key.1) {
            *going_on -= 1;
        }
    }
}

impl<K, V, P> Default for RecentReads<K, V, P>
where
    K: Copy + Eq + Hash,
{
    fn default() -> Self {
        let known = Known {
            reading: HashMap::new(),
            going_on: HashMap::new(),
            reads: 0,
            found: Cache::new(MAX_ANSWERS),
            absent: Cache::new(MAX_ANSWERS),
            forgotten: 0,
        };
        Self { known: Mutex::new(known) }
    }
}

impl<K, V, P> RecentReads<K, V, P>
where
    K: Copy + Eq + Hash + Send + 'static,
    V: PartialEq + Send + Sync + 'static,
    P: Copy + Eq + Hash + Send + 'static,
{
    /// Something was saved.
    pub(crate) fn forget(&self) {
        let mut known = self.known.lock();
        known.found.clear();
        known.absent.clear();
        known.forgotten += 1;
    }

    /// What is known, or what `read` finds; `late` says what to tell those who have waited too long for it.
    pub(crate) async fn find<R>(
        self: &Arc<Self>,
        runtime: &Handle,
        key: (K, P),
        now: Instant,
        read: impl FnOnce() -> R,
        late: impl FnOnce(tokio::time::Instant) -> Outage,
    ) -> Result<Option<Arc<V>>, StoreError>
    where
        R: Future<Output = Result<Option<V>, StoreError>> + Send + 'static,
    {
        let found = match self.recent_or_read(runtime, key, now, read) {
            Asked::Recent(found) => return Ok(found),
            Asked::Read(found) => found,
            Asked::TooMany => return Err(TOO_MANY),
        };
        let begun = tokio::time::Instant::now();
        match timeout_at(deadline::until(READ), found.outcome()).await {
            Ok(found) => found.unwrap_or(Err(CUT_OFF)),
            Err(_) => Err(late(begun).into()),
        }
    }

    /// What is known, or else the read that is going on or a new one.
    fn recent_or_read<R>(
        self: &Arc<Self>,
        runtime: &Handle,
        key: (K, P),
        now: Instant,
        read: impl FnOnce() -> R,
    ) -> Asked<V>
    where
        R: Future<Output = Result<Option<V>, StoreError>> + Send + 'static,
    {
        let mut known = self.known.lock();
        let forgotten = known.forgotten;
        let going_on = known.reading.get(&key).filter(|reading| {
            // What it finds may be used for as long as if it were kept.
            reading.found.goes_on()
                && reading.forgotten == forgotten
                && reading.begun <= now
                && now < reading.begun + STALE
        });
        let going_on = going_on.map(|reading| reading.found.clone());
        if let Ok(recent) = known.recent(key.0, now, if going_on.is_some() { STALE } else { FRESH }) {
            return Asked::Recent(recent);
        }
        if let Some(going_on) = going_on {
            return Asked::Read(going_on);
        }
        let Some((found, reader)) = known.begin(key, now) else { return Asked::TooMany };
        let going_on = GoingOn { reads: Arc::clone(self), key, id: known.reads };
        // A runtime that has ended drops the read at once, which takes the lock.
        drop(known);
        let reads = read();
        reader.begin(runtime, async move {
            let going_on = going_on;
            let found = reads.await?;
            Ok(going_on.reads.keep(key.0, found, now, forgotten))
        });
        Asked::Read(found)
    }

    /// What was there before, if it is the same: what others have made of it is good then.
    fn keep(&self, key: K, found: Option<V>, read: Instant, forgotten: u64) -> Option<Arc<V>> {
        let mut known = self.known.lock();
        let before = known.found.get(&key).map(|(_, before)| Arc::clone(before));
        let same = before.filter(|before| found.as_ref() == Some(before));
        let found = same.or_else(|| found.map(Arc::new));
        // A read for another purpose may have begun later, and ended sooner.
        let is_latest = known.found.get(&key).is_none_or(|(before, _)| *before <= read);
        if known.forgotten != forgotten || !is_latest {
            return found;
        }
        if let Some(found) = &found {
            known.found.insert(key, (read, Arc::clone(found)));
        } else {
            known.found.remove(&key);
            known.absent.insert(key, read);
        }
        found
    }
}

const TOO_MANY: StoreError = StoreError::Outage(Outage::Busy { retry_after: Duration::from_secs(1) });

/// Whoever read has gone with their runtime.
pub(crate) const CUT_OFF: StoreError = StoreError::Outage(Outage::Unavailable { retry_after: Duration::from_secs(1) });

impl<K: Copy + Eq + Hash, V, P> Known<K, V, P> {
    /// The answer, if it was read less than `age` ago.
    fn recent(&self, key: K, now: Instant, age: Duration) -> Result<Option<Arc<V>>, NotKnown> {
        // A clock that was put back must not make an answer last.
        let is_recent = |read: Instant| read <= now && now < read + age;
        if let Some((_, found)) = self.found.get(&key).filter(|(read, _)| is_recent(*read)) {
            return Ok(Some(Arc::clone(found)));
        }
        let is_absent = self.absent.get(&key).is_some_and(|read| is_recent(*read));
        if is_absent { Ok(None) } else { Err(NotKnown) }
    }
}

/// Both halves of a read.
type NewRead<V> = (SharedRead<Option<Arc<V>>>, Reader<Option<Arc<V>>>);

impl<K: Copy + Eq + Hash, V: Send + Sync + 'static, P: Copy + Eq + Hash> Known<K, V, P> {
    /// A read of that key; `None` if there are too many. What was there once is read in any case: there is not much of it.
    fn begin(&mut self, key: (K, P), now: Instant) -> Option<NewRead<V>> {
        let going_on = self.going_on.entry(key.1).or_insert(0);
        if *going_on >= MAX_GUESSES && self.found.get(&key.0).is_none() {
            return None;
        }
        *going_on += 1;
        self.reads += 1;
        let (found, reader) = SharedRead::new();
        let reading = Reading { id: self.reads, begun: now, forgotten: self.forgotten, found: found.clone() };
        self.reading.insert(key, reading);
        Some((found, reader))
    }
}

/// It has to be read.
#[derive(Debug)]
struct NotKnown;

#[cfg(test)]
mod tests;

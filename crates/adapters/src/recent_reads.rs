//! What many ask for all the time and a second's delay does no harm to: read once a second, by one of those who ask, for
//! everybody.

use crate::deadline;
use crate::shared_read::SharedRead;
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

/// Answers by key. Failures are shared, too, and never kept. A read has a purpose `P`: what it finds is everybody's, but
/// nobody waits for a read that somebody began for another purpose.
pub(crate) struct RecentReads<K, V, P> {
    known: Mutex<Known<K, V, P>>,
}

struct Known<K, V, P> {
    /// What is being read at this moment, for all who want it.
    reading: HashMap<(K, P), Reading<V>>,
    found: Cache<K, (Instant, Arc<V>)>,
    /// When there was nothing of that key. Apart, so that those who guess keys drive nothing out that is there.
    absent: Cache<K, Instant>,
    /// How often everything was forgotten: what was read before the last time is not to be kept.
    forgotten: u64,
}

/// One read, which everybody shares who asks before it ends.
struct Reading<V> {
    begun: Instant,
    /// See [`Known::forgotten`]: whoever asks after something was saved must see it.
    forgotten: u64,
    found: SharedRead<Option<Arc<V>>>,
}

impl<K, V, P> Default for RecentReads<K, V, P>
where
    K: Copy + Eq + Hash,
{
    fn default() -> Self {
        let known = Known {
            reading: HashMap::new(),
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
            Ok(recent) => return Ok(recent),
            Err(reading) => reading,
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
    ) -> Result<Option<Arc<V>>, SharedRead<Option<Arc<V>>>>
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
            return Ok(recent);
        }
        if let Some(going_on) = going_on {
            return Err(going_on);
        }
        known.reading.retain(|_, reading| reading.found.goes_on());
        let (kept, reads) = (Arc::clone(self), read());
        let found = SharedRead::begin(runtime, async move {
            let found = reads.await?;
            Ok(kept.keep(key.0, found, now, forgotten))
        });
        known.reading.insert(key, Reading { begun: now, forgotten, found: found.clone() });
        Err(found)
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

/// Whoever read has gone with their runtime.
const CUT_OFF: StoreError = StoreError::Outage(Outage::Unavailable { retry_after: Duration::from_secs(1) });

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

/// It has to be read.
#[derive(Debug)]
struct NotKnown;

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};
    use tokio::sync::Notify;

    struct Asked {
        reads: Arc<RecentReads<u32, u32, bool>>,
        begun: AtomicU32,
        go_on: Notify,
    }

    impl Asked {
        fn new() -> Arc<Self> {
            Arc::new(Self { reads: Arc::default(), begun: AtomicU32::new(0), go_on: Notify::new() })
        }

        /// Asks for key 1 at that many milliseconds; what is read is `found`.
        async fn at(self: &Arc<Self>, millis: i64, found: Option<u32>) -> Result<Option<u32>, StoreError> {
            self.at_for(false, millis, found).await
        }

        /// The same for one of two purposes.
        async fn at_for(
            self: &Arc<Self>,
            hurried: bool,
            millis: i64,
            found: Option<u32>,
        ) -> Result<Option<u32>, StoreError> {
            let (now, asked) = (Instant::from_micros(millis * 1000), Arc::clone(self));
            let read = move || {
                asked.begun.fetch_add(1, Ordering::SeqCst);
                async move {
                    asked.go_on.notified().await;
                    Ok(found)
                }
            };
            let late = |_| Outage::Busy { retry_after: Duration::from_secs(1) };
            let found = self.reads.find(&Handle::current(), (1, hurried), now, read, late).await;
            found.map(|found| found.map(|found| *found))
        }

        fn begin(
            self: &Arc<Self>,
            millis: i64,
            found: Option<u32>,
        ) -> tokio::task::JoinHandle<Result<Option<u32>, StoreError>> {
            let asked = Arc::clone(self);
            tokio::spawn(async move { asked.at(millis, found).await })
        }

        async fn has_begun(&self, reads: u32) {
            while self.begun.load(Ordering::SeqCst) < reads {
                tokio::task::yield_now().await;
            }
        }
    }

    #[tokio::test]
    async fn it_is_read_once_a_second_whether_it_is_there_or_not() {
        for found in [Some(7), None] {
            let asked = Asked::new();
            for (millis, reads) in [(0, 1), (999, 1), (1000, 2), (500, 3)] {
                asked.go_on.notify_one();
                assert_eq!(asked.at(millis, found).await, Ok(found));
                assert_eq!(asked.begun.load(Ordering::SeqCst), reads, "at {millis}");
            }
        }
    }

    #[tokio::test]
    async fn while_it_is_read_again_only_those_wait_who_have_nothing_or_something_too_old() {
        let asked = Asked::new();
        let first = [asked.begin(0, Some(1)), asked.begin(0, Some(1))];
        asked.has_begun(1).await;
        asked.go_on.notify_one();
        for first in first {
            assert_eq!(first.await.unwrap(), Ok(Some(1)));
        }
        let second = asked.begin(1000, Some(2));
        asked.has_begun(2).await;
        assert_eq!(asked.at(2999, Some(3)).await, Ok(Some(1)));
        let too_old = asked.begin(3000, Some(3));
        tokio::task::yield_now().await;
        assert!(!too_old.is_finished());
        asked.go_on.notify_one();
        assert_eq!((second.await.unwrap(), too_old.await.unwrap()), (Ok(Some(2)), Ok(Some(2))));
        assert_eq!(asked.begun.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn what_was_read_before_something_was_saved_is_shown_to_nobody_who_asks_after_it() {
        let asked = Asked::new();
        let before = asked.begin(0, Some(1));
        asked.has_begun(1).await;
        asked.reads.forget();
        let after = asked.begin(1, Some(2));
        asked.has_begun(2).await;
        asked.go_on.notify_waiters();
        assert_eq!((before.await.unwrap(), after.await.unwrap()), (Ok(Some(1)), Ok(Some(2))));
        assert_eq!(asked.at(2, Some(3)).await, Ok(Some(2)));
    }

    #[tokio::test]
    async fn nobody_waits_for_a_read_that_was_begun_for_another_purpose() {
        let asked = Asked::new();
        let slow = asked.begin(0, Some(1));
        asked.has_begun(1).await;
        let hurried = Arc::clone(&asked);
        let hurried = tokio::spawn(async move { hurried.at_for(true, 0, Some(2)).await });
        asked.has_begun(2).await;
        asked.go_on.notify_waiters();
        assert_eq!((hurried.await.unwrap(), slow.await.unwrap()), (Ok(Some(2)), Ok(Some(1))));
    }

    #[tokio::test]
    async fn what_has_not_changed_stays_the_same() {
        let asked = Asked::new();
        let known = |now: i64| {
            let found = asked.reads.known.lock().recent(1, Instant::from_micros(now * 1000), FRESH);
            found.unwrap().unwrap()
        };
        asked.go_on.notify_one();
        asked.at(0, Some(1)).await.unwrap();
        let first = known(0);
        asked.go_on.notify_one();
        asked.at(1000, Some(1)).await.unwrap();
        assert!(Arc::ptr_eq(&first, &known(1000)));
    }
}

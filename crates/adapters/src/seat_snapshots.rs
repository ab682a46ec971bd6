//! Reading the seats of a performance once for many who want to know at the same time.

use crate::deadline;
use crate::shared_read::SharedRead;
use async_trait::async_trait;
use frontrow_application::Outage;
use frontrow_application::deadline::READ;
use frontrow_application::port::{Clock, SeatReader, SeatSnapshot, SeatSnapshots, StoreError};
use frontrow_domain::PerformanceId;
use parking_lot::{Mutex, MutexGuard};
use quick_cache::unsync::Cache;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::timeout_at;

/// How old a recent snapshot may be.
const RECENT: Duration = Duration::from_secs(1);
/// Performances in memory; beyond that, those that nobody asks about are forgotten.
const MAX_PERFORMANCES: usize = 1000;

const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Whoever read has gone with their runtime.
const CUT_OFF: StoreError = StoreError::Outage(Outage::Unavailable { retry_after: RETRY_AFTER });
/// A reader that is away says so itself.
const SLOW: StoreError = StoreError::Outage(Outage::Busy { retry_after: RETRY_AFTER });

/// [`SeatSnapshots`] of any [`SeatReader`]: one reads, and all who have asked before it began share what it finds.
pub struct SharedSeatReads {
    reader: Arc<dyn SeatReader>,
    clock: Arc<dyn Clock>,
    performances: Mutex<Cache<PerformanceId, Arc<Performance>>>,
}

/// Reads are numbered from 1.
#[derive(Default)]
struct Performance(Mutex<Reads>);

#[derive(Default)]
struct Reads {
    begun: u64,
    latest: Option<(u64, Arc<SeatSnapshot>)>,
    /// The one that was begun last.
    reading: Option<SharedRead<()>>,
}

impl Performance {
    fn reads(&self) -> MutexGuard<'_, Reads> {
        self.0.lock()
    }
}

impl SharedSeatReads {
    /// Reads from there.
    pub fn new(reader: Arc<dyn SeatReader>, clock: Arc<dyn Clock>) -> Self {
        Self { reader, clock, performances: Mutex::new(Cache::new(MAX_PERFORMANCES)) }
    }

    fn performance(&self, id: PerformanceId) -> Arc<Performance> {
        let mut performances = self.performances.lock();
        if let Some(known) = performances.get(&id) {
            return Arc::clone(known);
        }
        let new = Arc::default();
        performances.insert(id, Arc::clone(&new));
        new
    }

    /// A read that began after the one of that number, or a new one. What fails meanwhile fails for all who wait.
    async fn after(
        &self,
        number: u64,
        id: PerformanceId,
        performance: &Arc<Performance>,
    ) -> Result<Arc<SeatSnapshot>, StoreError> {
        let wait = async {
            loop {
                match self.next(number, id, performance) {
                    Ok(found) => return Ok(found),
                    Err(reading) => reading.outcome().await.unwrap_or(Err(CUT_OFF))?,
                }
            }
        };
        // One read that is going on, and one that begins after it.
        timeout_at(deadline::until(2 * READ), wait).await.unwrap_or(Err(SLOW))
    }

    /// What there is already, or what is being read and has to be waited for.
    fn next(
        &self,
        number: u64,
        id: PerformanceId,
        performance: &Arc<Performance>,
    ) -> Result<Arc<SeatSnapshot>, SharedRead<()>> {
        let mut reads = performance.reads();
        if let Some((found, snapshot)) = &reads.latest
            && *found > number
        {
            return Ok(Arc::clone(snapshot));
        }
        if let Some(reading) = reads.reading.as_ref().filter(|reading| reading.goes_on()) {
            return Err(reading.clone());
        }
        reads.begun += 1;
        let (number, begun) = (reads.begun, self.clock.now());
        let (reader, performance) = (Arc::clone(&self.reader), Arc::clone(performance));
        let reading = SharedRead::begin(&Handle::current(), async move {
            let not_free = reader.not_free(id).await?;
            performance.reads().latest = Some((number, Arc::new(SeatSnapshot { begun, not_free })));
            Ok(())
        });
        reads.reading = Some(reading.clone());
        Err(reading)
    }
}

#[async_trait]
impl SeatSnapshots for SharedSeatReads {
    async fn recent(&self, id: PerformanceId) -> Result<Arc<SeatSnapshot>, StoreError> {
        let performance = self.performance(id);
        let latest = performance.reads().latest.clone();
        let number = match latest {
            None => 0,
            Some((number, snapshot)) => {
                let now = self.clock.now();
                // A clock that was put back must not make a snapshot last.
                if snapshot.begun <= now && now < snapshot.begun + RECENT {
                    return Ok(snapshot);
                }
                number
            }
        };
        self.after(number, id, &performance).await
    }

    async fn fresh(&self, id: PerformanceId) -> Result<Arc<SeatSnapshot>, StoreError> {
        let performance = self.performance(id);
        let begun = performance.reads().begun;
        self.after(begun, id, &performance).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ManualClock;
    use frontrow_domain::{Instant, Seat};
    use std::sync::atomic::{AtomicU32, Ordering};
    use tokio::sync::Semaphore;
    use uuid::Uuid;

    /// Counts its reads, each of which waits for a permit.
    struct Slow {
        reads: AtomicU32,
        permits: Semaphore,
    }

    #[async_trait]
    impl SeatReader for Slow {
        async fn not_free(&self, _: PerformanceId) -> Result<Vec<Seat>, StoreError> {
            self.reads.fetch_add(1, Ordering::SeqCst);
            self.permits.acquire().await.unwrap().forget();
            Ok(Vec::new())
        }

        async fn available(&self, _: &[PerformanceId], _: Instant) -> Result<Vec<(PerformanceId, u32)>, StoreError> {
            Ok(Vec::new())
        }
    }

    fn shared(permits: usize) -> (Arc<SharedSeatReads>, Arc<Slow>, Arc<ManualClock>) {
        let slow = Arc::new(Slow { reads: AtomicU32::new(0), permits: Semaphore::new(permits) });
        let clock = Arc::new(ManualClock::at(Instant::from_micros(0)));
        (Arc::new(SharedSeatReads::new(slow.clone(), clock.clone())), slow, clock)
    }

    fn id() -> PerformanceId {
        PerformanceId::new(Uuid::nil())
    }

    #[tokio::test]
    async fn a_recent_snapshot_is_read_once_a_second() {
        let (shared, slow, clock) = shared(10);
        for (now, reads) in [(0, 1), (999_999, 1), (1_000_000, 2), (500_000, 3)] {
            clock.set(Instant::from_micros(now));
            shared.recent(id()).await.unwrap();
            assert_eq!(slow.reads.load(Ordering::SeqCst), reads, "at {now}");
        }
    }

    #[tokio::test]
    async fn a_fresh_snapshot_begins_after_it_was_asked_for_and_is_shared_by_all_who_wait() {
        let (shared, slow, _) = shared(0);
        let ask = || {
            let shared = Arc::clone(&shared);
            tokio::spawn(async move { shared.fresh(id()).await.unwrap() })
        };
        let first = ask();
        while slow.reads.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        let later: Vec<_> = (0..5).map(|_| ask()).collect();
        tokio::task::yield_now().await;
        slow.permits.add_permits(10);
        first.await.unwrap();
        for asked in later {
            asked.await.unwrap();
        }
        assert_eq!(slow.reads.load(Ordering::SeqCst), 2, "the first one had begun before the others asked");
    }
}

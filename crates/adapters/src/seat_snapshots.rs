//! The taken seats of performances, by heart: read once a second for as many as want to know, and changed at once by what
//! this process commits.

mod known;

use crate::deadline;
use crate::shared_read::SharedRead;
use async_trait::async_trait;
use frontrow_application::Outage;
use frontrow_application::deadline::READ;
use frontrow_application::port::{Announcer, Clock, SeatReader, SeatSnapshot, SeatSnapshots, StoreError};
use frontrow_domain::{Event, Instant, PerformanceId, Seat};
use known::KnownSeats;
use parking_lot::{Mutex, MutexGuard};
use quick_cache::unsync::Cache;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::timeout_at;

/// How old what is known may be before it is read again.
const FRESH: Duration = Duration::from_secs(1);
/// How old it may be while it is being read again.
const STALE: Duration = Duration::from_secs(3);
/// Performances read at the same time: a page of a hundred halls must not take all connections from those who book.
const READS_AT_ONCE: usize = 1;
/// Performances in memory; beyond that, those that nobody asks about are forgotten.
const MAX_PERFORMANCES: usize = 1000;

const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Whoever read has gone with their runtime.
const CUT_OFF: StoreError = StoreError::Outage(Outage::Unavailable { retry_after: RETRY_AFTER });
/// A reader that is away says so itself.
const SLOW: StoreError = StoreError::Outage(Outage::Busy { retry_after: RETRY_AFTER });

/// [`SeatSnapshots`] of any [`SeatReader`]. It has to be an [`Announcer`] of the store, so that it hears of what is written:
/// without that, what is committed here shows a second later, too.
pub struct SeatSnapshotCache {
    reader: Arc<dyn SeatReader>,
    clock: Arc<dyn Clock>,
    performances: Mutex<Cache<PerformanceId, Arc<Performance>>>,
    turns: Arc<Semaphore>,
}

#[derive(Default)]
struct Performance(Mutex<Reads>);

/// Reads are numbered from 1.
#[derive(Default)]
struct Reads {
    begun: u64,
    latest: Option<Latest>,
    /// The one that was begun last.
    reading: Option<SharedRead<()>>,
    /// What was written here since the read that goes on has begun: it may not have seen it.
    written: Vec<Seat>,
}

struct Latest {
    number: u64,
    begun: Instant,
    seats: KnownSeats,
}

impl Performance {
    fn reads(&self) -> MutexGuard<'_, Reads> {
        self.0.lock()
    }
}

impl Reads {
    fn is_reading(&self) -> bool {
        self.reading.as_ref().is_some_and(SharedRead::goes_on)
    }

    /// What is known now, if it is good enough for most.
    fn recent(&mut self, now: Instant) -> Option<Arc<SeatSnapshot>> {
        let limit = if self.is_reading() { STALE } else { FRESH };
        let latest = self.latest.as_mut()?;
        // A clock that was put back must not make it last.
        let is_recent = latest.begun <= now && now < latest.begun + limit;
        is_recent.then(|| latest.seats.at(now))
    }

    fn end(&mut self, number: u64, begun: Instant, not_free: &[Seat]) {
        let mut seats = KnownSeats::of(not_free);
        for seat in self.written.drain(..) {
            seats.put(&seat);
        }
        if let Some(before) = self.latest.take() {
            seats.take_over(before.seats, begun);
        }
        self.latest = Some(Latest { number, begun, seats });
    }

    fn note(&mut self, seat: &Seat) {
        if let Some(latest) = &mut self.latest {
            latest.seats.put(seat);
        }
        if self.is_reading() {
            self.written.push(*seat);
        }
    }
}

impl SeatSnapshotCache {
    /// Reads from there.
    pub fn new(reader: Arc<dyn SeatReader>, clock: Arc<dyn Clock>) -> Self {
        Self {
            reader,
            clock,
            performances: Mutex::new(Cache::new(MAX_PERFORMANCES)),
            turns: Arc::new(Semaphore::new(READS_AT_ONCE)),
        }
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
        let now = self.clock.now();
        let mut reads = performance.reads();
        if let Some(latest) = &mut reads.latest
            && latest.number > number
        {
            return Ok(latest.seats.at(now));
        }
        if let Some(reading) = reads.reading.as_ref().filter(|reading| reading.goes_on()) {
            return Err(reading.clone());
        }
        reads.begun += 1;
        reads.written.clear();
        let number = reads.begun;
        let (reader, clock, turns) = (Arc::clone(&self.reader), Arc::clone(&self.clock), Arc::clone(&self.turns));
        let performance = Arc::clone(performance);
        let reading = SharedRead::begin(&Handle::current(), async move {
            let _turn = turns.acquire().await;
            let begun = clock.now();
            let not_free = reader.not_free(id).await?;
            performance.reads().end(number, begun, &not_free);
            Ok(())
        });
        reads.reading = Some(reading.clone());
        Err(reading)
    }
}

#[async_trait]
impl SeatSnapshots for SeatSnapshotCache {
    async fn recent(&self, id: PerformanceId) -> Result<Arc<SeatSnapshot>, StoreError> {
        let performance = self.performance(id);
        let number = {
            let mut reads = performance.reads();
            if let Some(recent) = reads.recent(self.clock.now()) {
                return Ok(recent);
            }
            reads.latest.as_ref().map_or(0, |latest| latest.number)
        };
        self.after(number, id, &performance).await
    }

    async fn fresh(&self, id: PerformanceId) -> Result<Arc<SeatSnapshot>, StoreError> {
        let performance = self.performance(id);
        let begun = performance.reads().begun;
        self.after(begun, id, &performance).await
    }
}

/// Keeps nothing of performances that nobody has asked about.
impl Announcer for SeatSnapshotCache {
    fn announce(&self, _: &[Event]) {}

    fn seats_written(&self, seats: &[Seat]) {
        for seats in seats.chunk_by(|one, next| one.key.performance == next.key.performance) {
            let known = self.performances.lock().get(&seats[0].key.performance).cloned();
            if let Some(performance) = known {
                let mut reads = performance.reads();
                for seat in seats {
                    reads.note(seat);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;

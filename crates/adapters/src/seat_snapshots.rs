//! The taken seats of performances, by heart: read once a second for as many as want to know, and changed at once by what
//! this process commits.

mod known;
mod reading;

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
use reading::{Purpose, Reading, Turns};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::timeout_at;

/// How old what is known may be before it is read again.
const FRESH: Duration = Duration::from_secs(1);
/// How old it may be while it is being read again.
const STALE: Duration = Duration::from_secs(3);
/// Performances in memory; beyond that, those that nobody asks about are forgotten.
const MAX_PERFORMANCES: usize = 1000;

const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Whoever read has gone with their runtime.
const CUT_OFF: StoreError = StoreError::Outage(Outage::Unavailable { retry_after: RETRY_AFTER });
/// A reader that is away says so itself.
const SLOW: StoreError = StoreError::Outage(Outage::Busy { retry_after: RETRY_AFTER });

/// [`SeatSnapshots`] of any [`SeatReader`]. It has to be an [`Announcer`] of the store, so that it hears of what is written:
/// without that, what is committed here shows a second later, too.
///
/// As it is, it is for those who book, and for ticks; [`SeatSnapshotCache::browsed`] is for everybody else.
pub struct SeatSnapshotCache {
    reader: Arc<dyn SeatReader>,
    clock: Arc<dyn Clock>,
    performances: Mutex<Cache<PerformanceId, Arc<Performance>>>,
    turns: Arc<Turns>,
}

/// The same memory, for those who only look: however many halls they read, nobody who books waits for that.
pub struct BrowsedSeatSnapshots(Arc<SeatSnapshotCache>);

#[derive(Default)]
struct Performance(Mutex<Reads>);

/// Reads are numbered from 1.
#[derive(Default)]
struct Reads {
    /// The number of the last one.
    number: u64,
    latest: Option<Latest>,
    /// The last one.
    reading: Option<Reading>,
    /// When it began; `None` while it waits for its turn.
    begun: Option<Instant>,
    /// What was written here since the read that goes on was asked for: it may not have seen it.
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

    fn begin(&self, now: Instant) {
        self.reads().begun = Some(now);
    }

    /// Everybody who commits needs the lock, and a large hall takes milliseconds: what was read is put together before it is
    /// taken, and what was known before is dropped after it.
    fn end(&self, number: u64, begun: Instant, not_free: &[Seat]) {
        let mut seats = KnownSeats::of(not_free);
        seats.end_holds(begun);
        let before = self.reads().replace(Latest { number, begun, seats });
        drop(before);
    }
}

impl Reads {
    fn going_on(&self) -> Option<&Reading> {
        self.reading.as_ref().filter(|reading| reading.outcome.goes_on())
    }

    /// What is known now, if it is good enough for most.
    fn recent(&mut self, now: Instant) -> Option<Arc<SeatSnapshot>> {
        let limit = if self.going_on().is_some() { STALE } else { FRESH };
        let latest = self.latest.as_mut()?;
        // A clock that was put back must not make it last.
        let is_recent = latest.begun <= now && now < latest.begun + limit;
        is_recent.then(|| latest.seats.at(now))
    }

    /// The number of the last read that may have missed what was committed by `since`.
    fn last_before(&self, since: Instant, now: Instant) -> u64 {
        let is_later = |begun: Instant| since < begun && begun <= now;
        if let Some(latest) = self.latest.as_ref().filter(|latest| is_later(latest.begun)) {
            return latest.number - 1;
        }
        let will_do = self.going_on().is_some() && self.begun.is_none_or(is_later);
        self.number - u64::from(will_do)
    }

    /// Returns what was known before.
    fn replace(&mut self, mut latest: Latest) -> Option<Latest> {
        for seat in self.written.drain(..) {
            latest.seats.put(&seat);
        }
        if let Some(before) = &mut self.latest {
            latest.seats.take_over(&mut before.seats, latest.begun);
        }
        self.latest.replace(latest)
    }

    fn note(&mut self, seat: &Seat) {
        if let Some(latest) = &mut self.latest {
            latest.seats.put(seat);
        }
        if self.going_on().is_some() {
            self.written.push(*seat);
        }
    }
}

/// Somebody who wants to know the seats of a performance.
struct Asking {
    id: PerformanceId,
    performance: Arc<Performance>,
    purpose: Purpose,
}

impl SeatSnapshotCache {
    /// Reads from there.
    pub fn new(reader: Arc<dyn SeatReader>, clock: Arc<dyn Clock>) -> Self {
        Self { reader, clock, performances: Mutex::new(Cache::new(MAX_PERFORMANCES)), turns: Arc::default() }
    }

    /// For those who only look.
    pub fn browsed(self: &Arc<Self>) -> BrowsedSeatSnapshots {
        BrowsedSeatSnapshots(Arc::clone(self))
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

    async fn recent_for(&self, id: PerformanceId, purpose: Purpose) -> Result<Arc<SeatSnapshot>, StoreError> {
        let performance = self.performance(id);
        let number = {
            let mut reads = performance.reads();
            if let Some(recent) = reads.recent(self.clock.now()) {
                return Ok(recent);
            }
            reads.latest.as_ref().map_or(0, |latest| latest.number)
        };
        self.after(number, &Asking { id, performance, purpose }).await
    }

    async fn fresh_for(
        &self,
        id: PerformanceId,
        since: Instant,
        purpose: Purpose,
    ) -> Result<Arc<SeatSnapshot>, StoreError> {
        let performance = self.performance(id);
        let number = performance.reads().last_before(since, self.clock.now());
        self.after(number, &Asking { id, performance, purpose }).await
    }

    /// A read after the one of that number, or a new one. What fails meanwhile fails for all who wait.
    async fn after(&self, number: u64, asking: &Asking) -> Result<Arc<SeatSnapshot>, StoreError> {
        let wait = async {
            loop {
                match self.next(number, asking) {
                    Ok(found) => return Ok(found),
                    Err(reading) => reading.outcome().await.unwrap_or(Err(CUT_OFF))?,
                }
            }
        };
        // One read that is going on, and one that begins after it.
        timeout_at(deadline::until(2 * READ), wait).await.unwrap_or(Err(SLOW))
    }

    /// What there is already, or what is being read and has to be waited for.
    fn next(&self, number: u64, asking: &Asking) -> Result<Arc<SeatSnapshot>, SharedRead<()>> {
        let now = self.clock.now();
        let mut reads = asking.performance.reads();
        if let Some(latest) = &mut reads.latest
            && latest.number > number
        {
            return Ok(latest.seats.at(now));
        }
        if let Some(reading) = reads.going_on() {
            reading.is_wanted_for(asking.purpose);
            return Err(reading.outcome.clone());
        }
        let reading = self.begin(reads.number + 1, asking);
        let outcome = reading.outcome.clone();
        reads.number += 1;
        reads.begun = None;
        reads.written.clear();
        reads.reading = Some(reading);
        Err(outcome)
    }

    fn begin(&self, number: u64, asking: &Asking) -> Reading {
        let (reader, clock, turns) = (Arc::clone(&self.reader), Arc::clone(&self.clock), Arc::clone(&self.turns));
        let (id, performance, purpose) = (asking.id, Arc::clone(&asking.performance), asking.purpose);
        Reading::begin(&Handle::current(), |hurry| async move {
            let _turn = turns.turn(purpose, &hurry).await;
            let begun = clock.now();
            performance.begin(begun);
            let not_free = reader.not_free(id).await?;
            performance.end(number, begun, &not_free);
            Ok(())
        })
    }
}

#[async_trait]
impl SeatSnapshots for SeatSnapshotCache {
    async fn recent(&self, id: PerformanceId) -> Result<Arc<SeatSnapshot>, StoreError> {
        self.recent_for(id, Purpose::Booking).await
    }

    async fn fresh(&self, id: PerformanceId, since: Instant) -> Result<Arc<SeatSnapshot>, StoreError> {
        self.fresh_for(id, since, Purpose::Booking).await
    }
}

#[async_trait]
impl SeatSnapshots for BrowsedSeatSnapshots {
    async fn recent(&self, id: PerformanceId) -> Result<Arc<SeatSnapshot>, StoreError> {
        self.0.recent_for(id, Purpose::Browsing).await
    }

    async fn fresh(&self, id: PerformanceId, since: Instant) -> Result<Arc<SeatSnapshot>, StoreError> {
        self.0.fresh_for(id, since, Purpose::Browsing).await
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

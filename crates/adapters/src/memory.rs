//! Every port that keeps something, in memory: for tests, for examples, and for teams that use the library without a
//! database. What it keeps ends with the process, and its lists look at every row.

mod accounts;
mod booking;
mod catalogue;
mod chores;
mod events;
mod installation;
mod leases;
mod mails;
mod numbers;
mod ports;
mod queues;
mod readers;
mod sessions;
mod state;

use crate::{SystemClock, UuidV7Source};
pub use events::EventLog;
use frontrow_application::port::{Announcer, Clock, IdSource};
use frontrow_domain::{PerformanceId, SeatNumber};
use parking_lot::{Mutex, MutexGuard};
pub use ports::MemoryKeys;
use state::State;
use std::sync::Arc;

/// All rows in maps, and one lock around them that is never held over an `await`. Implements
/// [`BookingStore`](frontrow_application::port::BookingStore), the readers, the repositories, the waiting room's stores,
/// the auditor, the housekeeping and the chores at once:
///
/// ```
/// use frontrow_adapters::{ManualClock, Memory, SeededIds};
/// use frontrow_application::port::{BookingStore, SeatReader};
/// use std::sync::Arc;
///
/// let memory = Arc::new(Memory::new(Arc::new(ManualClock::default()), Arc::new(SeededIds::new(1))));
/// let store: Arc<dyn BookingStore> = memory.clone();
/// let seats: Arc<dyn SeatReader> = memory;
/// ```
pub struct Memory {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    announcer: Arc<dyn Announcer>,
}

impl Memory {
    /// An empty store. The clock says what has lapsed, the ids name faults.
    pub fn new(clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self { state: Mutex::default(), clock, ids, announcer: Arc::new(Silence) }
    }

    /// The same store, with somebody who hears of what happens.
    #[must_use]
    pub fn announcing_to(self, announcer: Arc<dyn Announcer>) -> Self {
        Self { announcer, ..self }
    }

    /// Makes the seats of a performance, 1 to that number, free. For teams that keep their catalogue elsewhere; with the
    /// catalogue in here, publishing does it.
    pub fn open_seats(&self, performance: PerformanceId, count: u32) {
        self.state().bookings.open_seats(performance, (1..=count).filter_map(SeatNumber::new));
    }

    /// Changes are checked before they are made, so that a panic leaves the state whole and the lock usable.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

/// An empty store on the machine's clock.
impl Default for Memory {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock), Arc::new(UuidV7Source))
    }
}

struct Silence;

impl Announcer for Silence {
    fn announce(&self, _: &[frontrow_domain::Event]) {}
}

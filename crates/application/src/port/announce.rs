//! Who hears of what has happened.

use frontrow_domain::{Event, Seat};
use std::sync::Arc;

/// Hears of every event once its transaction is committed: at most once. It may not hear of it at all: if the process ends
/// in between, or if the answer to the COMMIT is lost. Then the command runs again, finds its own record, and a repetition
/// has no events.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
pub trait Announcer: Send + Sync {
    /// Must not block: the worker waits for it. If it panics, what was committed is answered all the same.
    fn announce(&self, events: &[Event]);

    /// Hears of the rows of seats as they were committed, before whoever asked for it is answered. Of two rows of one seat
    /// the later one comes later. Must not block, either. Whoever knows seats by heart
    /// ([`SeatSnapshots`](super::SeatSnapshots)) listens here; most don't.
    fn seats_written(&self, seats: &[Seat]) {
        let _ = seats;
    }
}

/// Tells each of them, in this order.
impl Announcer for Vec<Arc<dyn Announcer>> {
    fn announce(&self, events: &[Event]) {
        for announcer in self {
            announcer.announce(events);
        }
    }

    fn seats_written(&self, seats: &[Seat]) {
        for announcer in self {
            announcer.seats_written(seats);
        }
    }
}

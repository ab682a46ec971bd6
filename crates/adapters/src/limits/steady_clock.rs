//! A clock for limits: the one that the rules have, but for being put back.

use frontrow_application::port::Clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Less is not a clock that was put back, but two threads that read it at once.
const SLACK_MICROS: i64 = 1_000_000;

/// Time since it was made. If the clock behind it is put back, this one goes on from where it was, so that nobody has to wait
/// for longer than their limit says.
#[derive(Clone)]
pub(super) struct SteadyClock(Arc<State>);

struct State {
    clock: Arc<dyn Clock>,
    begun: i64,
    /// Microseconds to add to what the clock behind it says.
    put_back: AtomicI64,
    latest: AtomicI64,
}

impl SteadyClock {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let begun = clock.now().micros();
        Self(Arc::new(State { clock, begun, put_back: AtomicI64::new(0), latest: AtomicI64::new(begun) }))
    }

    /// Microseconds since it was made.
    pub(super) fn micros(&self) -> u64 {
        u64::try_from(self.0.now().saturating_sub(self.0.begun)).unwrap_or(0)
    }
}

impl State {
    fn now(&self) -> i64 {
        let put_back = self.put_back.load(Ordering::Relaxed);
        let now = self.clock.now().micros().saturating_add(put_back);
        let latest = self.latest.load(Ordering::Relaxed);
        if now > latest {
            self.latest.store(now, Ordering::Relaxed);
        } else if latest - now > SLACK_MICROS {
            let more = put_back + (latest - now);
            // Whoever comes second reads what the first has found.
            let _ = self.put_back.compare_exchange(put_back, more, Ordering::Relaxed, Ordering::Relaxed);
            return latest;
        }
        now
    }
}

impl governor::clock::Clock for SteadyClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_micros(self.micros())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ManualClock;
    use frontrow_domain::Instant;

    #[test]
    fn it_goes_on_where_the_other_clock_was_put_back() {
        let manual = Arc::new(ManualClock::at(Instant::from_micros(5_000_000)));
        let steady = SteadyClock::new(manual.clone());
        assert_eq!(steady.micros(), 0);
        manual.advance(Duration::from_hours(1));
        assert_eq!(steady.micros(), 3_600_000_000);
        manual.set(Instant::from_micros(0));
        assert_eq!(steady.micros(), 3_600_000_000);
        manual.advance(Duration::from_secs(1));
        assert_eq!(steady.micros(), 3_601_000_000);
    }
}

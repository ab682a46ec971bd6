//! Time.

use frontrow_application::port::Clock;
use frontrow_domain::Instant;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the adapter that the rest of the code asks for the time"
        )]
        let now = SystemTime::now();
        let epoch = Instant::from_micros(0);
        match now.duration_since(UNIX_EPOCH) {
            Ok(since) => epoch + since,
            Err(before) => epoch - before.duration(),
        }
    }
}

/// A clock that stands still until it is told otherwise, and may go back; for tests.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows that instant.
    pub const fn at(now: Instant) -> Self {
        Self(AtomicI64::new(now.micros()))
    }

    /// Shows that instant from now on.
    pub fn set(&self, now: Instant) {
        self.0.store(now.micros(), Ordering::SeqCst);
    }

    /// Shows an instant that much later from now on.
    pub fn advance(&self, by: Duration) {
        self.set(self.now() + by);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        Instant::from_micros(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_s_clock_is_after_2026_and_does_not_stand_still() {
        let begun = SystemClock.now();
        assert!(begun > Instant::from_micros(1_767_225_600_000_000));
        while SystemClock.now() == begun {}
    }

    #[test]
    fn a_manual_clock_shows_what_it_was_told() {
        let clock = ManualClock::at(Instant::from_micros(5));
        clock.advance(Duration::from_micros(3));
        assert_eq!(clock.now(), Instant::from_micros(8));
        clock.set(Instant::from_micros(1));
        assert_eq!(clock.now(), Instant::from_micros(1));
    }
}

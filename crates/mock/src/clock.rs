//! The mock's clock: it goes like the machine's, and can be put forward.

use frontrow_application::port::Clock;
use frontrow_domain::Instant;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// As far ahead of another clock as it was put forward; it never goes back.
pub struct MockClock {
    base: Arc<dyn Clock>,
    /// Microseconds that it is ahead of `base`.
    ahead: AtomicI64,
}

impl MockClock {
    /// That much behind another clock, so that something can have happened before the world begins.
    pub(crate) fn behind(base: Arc<dyn Clock>, by: Duration) -> Self {
        let behind = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        Self { base, ahead: AtomicI64::new(-behind) }
    }

    /// Is that far ahead of the other clock from now on, unless it is further.
    pub(crate) fn put_ahead(&self, by: Duration) {
        self.ahead.fetch_max(i64::try_from(by.as_micros()).unwrap_or(i64::MAX), Ordering::SeqCst);
    }

    /// Shows what the other clock shows, if it was behind; however long it took to make what happened before.
    pub(crate) fn catch_up(&self) {
        self.put_ahead(Duration::ZERO);
    }

    /// How far it is ahead of the other clock.
    pub(crate) fn ahead(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.ahead.load(Ordering::SeqCst)).unwrap_or(0))
    }
}

impl Clock for MockClock {
    fn now(&self) -> Instant {
        let ahead = self.ahead.load(Ordering::SeqCst);
        Instant::from_micros(self.base.now().micros().saturating_add(ahead))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontrow_adapters::ManualClock;

    #[test]
    fn it_goes_like_the_other_clock_and_is_put_forward_only() {
        let base = Arc::new(ManualClock::at(Instant::from_micros(100)));
        let clock = MockClock::behind(base.clone(), Duration::from_micros(40));
        assert_eq!((clock.now(), clock.ahead()), (Instant::from_micros(60), Duration::ZERO));
        base.advance(Duration::from_micros(5));
        clock.catch_up();
        assert_eq!(clock.now(), Instant::from_micros(105));
        clock.put_ahead(Duration::from_micros(95));
        clock.put_ahead(Duration::from_micros(45));
        clock.catch_up();
        base.advance(Duration::from_micros(5));
        assert_eq!((clock.now(), clock.ahead()), (Instant::from_micros(205), Duration::from_micros(95)));
    }
}

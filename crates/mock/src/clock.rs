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

    /// Shows that instant from now on, and goes on from there; nothing happens if it is past.
    pub(crate) fn put_forward(&self, to: Instant) {
        let ahead = to.micros().saturating_sub(self.base.now().micros());
        self.ahead.fetch_max(ahead, Ordering::SeqCst);
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
        clock.put_forward(Instant::from_micros(100));
        base.advance(Duration::from_micros(5));
        assert_eq!(clock.now(), Instant::from_micros(105));
        clock.put_forward(Instant::from_micros(200));
        clock.put_forward(Instant::from_micros(150));
        base.advance(Duration::from_micros(5));
        assert_eq!((clock.now(), clock.ahead()), (Instant::from_micros(205), Duration::from_micros(95)));
    }
}

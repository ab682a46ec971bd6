//! So many requests at once, and as many again in every minute.

use super::steady_clock::SteadyClock;
use super::table::{Question, RateStates, Table};
use governor::clock::Clock as _;
use governor::middleware::StateInformationMiddleware;
use governor::{Quota, RateLimiter};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// The length of the window.
pub(super) const MINUTE: Duration = Duration::from_mins(1);

/// One limit, for any number of keys.
pub(super) struct Rate {
    limiter: RateLimiter<Question, RateStates, SteadyClock, StateInformationMiddleware>,
    quota: Quota,
}

impl Rate {
    /// So many at once and in a minute; `None` for any number, which is 0.
    pub(super) fn per_minute(requests: u32, table: &Arc<Table<u64>>, clock: &SteadyClock) -> Option<Self> {
        let quota = Quota::per_minute(NonZeroU32::new(requests)?);
        let limiter = RateLimiter::new(quota, RateStates(Arc::clone(table)), clock.clone());
        Some(Self { limiter, quota })
    }

    /// So many at once and in a minute.
    pub(super) fn a_minute(&self) -> u32 {
        self.quota.burst_size().get()
    }

    /// The time after which one more may come.
    pub(super) fn pause(&self) -> Duration {
        self.quota.replenish_interval()
    }

    /// Whether a request would be allowed, or how long to wait. It is not counted.
    pub(super) fn check(&self, key: u64) -> Result<(), Duration> {
        self.ask(Question { key, counts: false }).map(drop)
    }

    /// Counts a request and says how many may follow at once; or how long to wait.
    pub(super) fn count(&self, key: u64) -> Result<u32, Duration> {
        self.ask(Question { key, counts: true })
    }

    fn ask(&self, question: Question) -> Result<u32, Duration> {
        match self.limiter.check_key(&question) {
            Ok(state) => Ok(state.remaining_burst_capacity()),
            Err(not_until) => Err(not_until.wait_time_from(self.limiter.clock().now()).max(Duration::from_micros(1))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ManualClock;
    use frontrow_domain::Instant;

    const SECOND: Duration = Duration::from_secs(1);

    fn rate(a_minute: u32) -> (Arc<ManualClock>, Rate) {
        let clock = Arc::new(ManualClock::at(Instant::from_micros(100_000_000_000)));
        let rate = Rate::per_minute(a_minute, &Arc::new(Table::new(1024)), &SteadyClock::new(clock.clone()));
        (clock, rate.unwrap())
    }

    #[test]
    fn five_at_once_and_then_five_a_minute() {
        let (clock, rate) = rate(5);
        for left in (0..5).rev() {
            assert_eq!(rate.count(1), Ok(left));
        }
        assert_eq!(rate.count(1), Err(12 * SECOND));
        assert_eq!(rate.count(2), Ok(4), "somebody else");
        clock.advance(11 * SECOND);
        assert_eq!(rate.count(1), Err(SECOND));
        let granted = (0..60).filter(|_| {
            clock.advance(SECOND);
            rate.count(1).is_ok()
        });
        assert_eq!(granted.count(), 5);
    }

    #[test]
    fn whoever_only_looks_uses_nothing_up() {
        let (_, rate) = rate(1);
        assert_eq!((rate.check(1), rate.check(1)), (Ok(()), Ok(())));
        assert_eq!(rate.count(1), Ok(0));
        assert_eq!(rate.check(1), Err(60 * SECOND));
    }

    #[test]
    fn a_minute_that_does_not_divide_evenly_lets_no_fewer_ask() {
        let (_, rate) = rate(7);
        assert_eq!((0..8).filter(|_| rate.count(1).is_ok()).count(), 7);
    }

    #[test]
    fn a_clock_that_was_put_back_keeps_nobody_out_for_long() {
        let (clock, rate) = rate(5);
        for _ in 0..5 {
            assert!(rate.count(1).is_ok());
        }
        clock.set(Instant::from_micros(0));
        assert_eq!(rate.count(1), Err(12 * SECOND));
        clock.advance(12 * SECOND);
        assert_eq!(rate.count(1), Ok(0));
    }
}

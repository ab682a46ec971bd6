//! Whether this instance's clock is right: the database's is what all instances have in common.

use crate::Error;
use crate::port::{Clock, Probe};
use frontrow_domain::{CLOCK_SKEW, Instant};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Compares this instance's clock with the database's.
///
/// An instance whose clock is wrong by more than [`CLOCK_SKEW`] does no work of its own: no ticks, no sweeps, nothing is
/// forgotten and no charge settled. Ahead, it would do all of it too early, and much of that can't be undone. Behind, it
/// would only be late, but it would be in the way of those who are not: others would find its leases ended, and its ticks
/// would move no queue.
pub struct CheckClock {
    /// Knows the database's time.
    pub probe: Arc<dyn Probe>,
    /// This instance's.
    pub clock: Arc<dyn Clock>,
    /// What the last comparison came to.
    pub known: KnownSkew,
}

/// How far this instance's clock is from the database's, as far as it is known.
#[derive(Default)]
pub struct KnownSkew(Mutex<Option<ClockSkew>>);

/// How far this instance's clock is from the database's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockSkew {
    /// Microseconds by which it is ahead; below 0 if it is behind.
    pub ahead_micros: i64,
}

impl ClockSkew {
    /// Of a database that showed `theirs` at some moment between two of ours: what can be explained by the time that the
    /// question took is no difference.
    fn of(asked: Instant, theirs: Instant, answered: Instant) -> Self {
        let ahead = (asked.micros().saturating_sub(theirs.micros())).max(0);
        let behind = (theirs.micros().saturating_sub(answered.micros())).max(0);
        Self { ahead_micros: ahead.saturating_sub(behind) }
    }

    /// Whether it is small enough.
    pub fn is_right(self) -> bool {
        Duration::from_micros(self.ahead_micros.unsigned_abs()) <= CLOCK_SKEW
    }
}

impl CheckClock {
    /// Compares. What was known before stays if the database doesn't answer.
    pub async fn run(&self) -> Result<ClockSkew, Error> {
        let asked = self.clock.now();
        let theirs = self.probe.now().await?;
        let skew = ClockSkew::of(asked, theirs, self.clock.now());
        *self.known.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(skew);
        Ok(skew)
    }

    /// What the last comparison came to; `None` before the first.
    pub fn known(&self) -> Option<ClockSkew> {
        *self.known.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the clock was right at the last comparison. Not before the first.
    pub fn is_right(&self) -> bool {
        self.known().is_some_and(ClockSkew::is_right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outage;
    use crate::port::{MockClock, MockProbe};
    use crate::testing::at;
    use std::sync::atomic::{AtomicI64, Ordering};

    const MICROSECOND: Duration = Duration::from_micros(1);

    /// A clock that shows one instant before the database is asked, and the other after.
    fn check(asked: Instant, theirs: Instant, answered: Instant) -> CheckClock {
        let (mut clock, mut probe) = (MockClock::new(), MockProbe::new());
        let shown = AtomicI64::new(asked.micros());
        clock.expect_now().returning(move || Instant::from_micros(shown.swap(answered.micros(), Ordering::SeqCst)));
        probe.expect_now().returning(move || Ok(theirs));
        CheckClock { probe: Arc::new(probe), clock: Arc::new(clock), known: KnownSkew::default() }
    }

    #[tokio::test]
    async fn a_second_is_little_enough_and_what_the_question_took_is_nothing() {
        let second = CLOCK_SKEW;
        for (asked, theirs, answered, ahead, right) in [
            (at(100), at(100), at(100), 0, true),
            (at(100), at(107), at(109), 0, true),
            (at(100) + second, at(100), at(109), 1_000_000, true),
            (at(100) + second + MICROSECOND, at(100), at(109), 1_000_001, false),
            (at(90), at(101), at(100), -1_000_000, true),
            (at(90), at(101) + MICROSECOND, at(100), -1_000_001, false),
            (at(3700), at(100), at(3700), 3_600_000_000, false),
        ] {
            let check = check(asked, theirs, answered);
            assert!(!check.is_right(), "nobody knows yet");
            assert_eq!(check.run().await, Ok(ClockSkew { ahead_micros: ahead }));
            assert_eq!(check.is_right(), right, "{ahead}");
        }
    }

    #[tokio::test]
    async fn while_the_database_is_away_the_last_comparison_counts() {
        let known = check(at(100), at(100), at(100));
        known.run().await.unwrap();
        let mut away = MockProbe::new();
        away.expect_now().returning(|| Err(Outage::Unavailable { retry_after: CLOCK_SKEW }.into()));
        let known = CheckClock { probe: Arc::new(away), ..known };
        assert!(known.run().await.is_err() && known.is_right());
    }
}

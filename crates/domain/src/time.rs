//! Time as the rules see it: an argument, never a call.

use serde::{Deserialize, Serialize};
use std::ops::{Add, Sub};
use std::time::Duration;

/// How far an instance's clock may be from the database's, 1 second. Beyond that the instance says that it isn't ready, and
/// does no work of its own.
pub const CLOCK_SKEW: Duration = Duration::from_secs(1);

/// How far the clocks of two instances may differ; what happened less than this ago may not have happened yet by
/// another clock.
pub const CLOCK_TOLERANCE: Duration = Duration::from_secs(2);

const _: () = assert!(CLOCK_TOLERANCE.as_nanos() >= 2 * CLOCK_SKEW.as_nanos());

/// How long after its hold has lapsed a seat can be taken by somebody else, and no longer counts against its holder's
/// limit. It covers [`CLOCK_TOLERANCE`], so that nobody has a seat, or room in the limit, that a hold could still be
/// paid for by another clock.
pub const TAKEOVER_GRACE: Duration = Duration::from_secs(2);

const _: () = assert!(TAKEOVER_GRACE.as_nanos() >= CLOCK_TOLERANCE.as_nanos());

/// A point in time, in whole microseconds since 1970-01-01T00:00:00Z. Arithmetic saturates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(i64);

impl Instant {
    /// There is none after it.
    pub const LAST: Self = Self(i64::MAX);

    /// The instant that many microseconds after the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// How long before `self` the other instant was; zero if it is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }
}

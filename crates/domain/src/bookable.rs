//! Whether a performance can be booked, and what was booked of it paid and cancelled.

use crate::{Instant, PerformanceStatus};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What a performance says of its seats: the one place where the catalogue's status, holds, payments and cancellations
/// look whether they may. The sale has a say besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bookable {
    /// Whether it takes place.
    pub status: PerformanceStatus,
    /// The first instant at which nothing that was paid is cancelled by its owner.
    pub starts_at: Instant,
    /// The first instant at which nothing is held or paid.
    pub sold_until: Instant,
}

/// What somebody wants to do with a performance's seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Hold some.
    Hold,
    /// Pay what they hold, in time or late.
    Pay,
    /// Give back what they have paid. (Operators give back whenever they want to.)
    Cancel,
}

/// Why a performance does not let them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotBookable {
    /// It is not public.
    #[error("the performance is not public")]
    Draft,
    /// It takes place at another time. (What is held can be paid, what is paid can be cancelled.)
    #[error("the performance is postponed")]
    Postponed,
    /// It does not take place. (What is paid can be cancelled.)
    #[error("the performance is cancelled")]
    Cancelled,
    /// It has begun.
    #[error("the performance has begun")]
    Begun {
        /// The first instant at which this could no longer be done.
        until: Instant,
    },
}

impl Bookable {
    /// Of a performance that never begins: where only the sale has a say.
    pub const ALWAYS: Self =
        Self { status: PerformanceStatus::Published, starts_at: Instant::LAST, sold_until: Instant::LAST };

    /// Whether that may be done at that instant. What is postponed or cancelled does not begin when it should have.
    pub fn check(self, deed: Deed, now: Instant) -> Result<(), NotBookable> {
        let until = if deed == Deed::Cancel { self.starts_at } else { self.sold_until };
        match (self.status, deed) {
            (PerformanceStatus::Draft, _) => Err(NotBookable::Draft),
            (PerformanceStatus::Postponed, Deed::Hold) => Err(NotBookable::Postponed),
            (PerformanceStatus::Cancelled, Deed::Hold | Deed::Pay) => Err(NotBookable::Cancelled),
            (PerformanceStatus::Published, _) if until <= now => Err(NotBookable::Begun { until }),
            _ => Ok(()),
        }
    }
}

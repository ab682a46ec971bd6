//! Whether a performance can be booked, and what was booked of it paid and cancelled.

use crate::time::Instant;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Where a performance stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PerformanceStatus {
    /// Being prepared; nobody but operators sees it.
    Draft,
    /// Takes place; seats can be held when a sale is open.
    Published,
    /// Takes place at another time: what is sold stays sold, what is held can be paid, nothing new is held until it is
    /// published again.
    Postponed,
    /// Does not take place.
    Cancelled,
}

impl PerformanceStatus {
    /// Which way a performance may go: once public, it never becomes a draft again, and a cancellation is final.
    pub fn may_become(self, next: Self) -> bool {
        use PerformanceStatus::{Cancelled, Draft, Postponed, Published};
        matches!(
            (self, next),
            (Draft, Draft | Published)
                | (Published | Postponed, Published | Postponed | Cancelled)
                | (Cancelled, Cancelled)
        )
    }
}

/// What a performance says of its seats. [`SaleTerms::check`](super::SaleTerms::check) asks it first, and then the sale.
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
pub enum Action {
    /// Hold some.
    Hold,
    /// Pay what they hold, in time or late.
    Pay,
    /// Give back what they have paid. (Operators give back whenever they want to.)
    Cancel,
}

/// Why they may not: the performance does not let them, or the sale does not.
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
    /// The sale opens later.
    #[error("the sale opens later")]
    SaleNotOpen {
        /// When it does.
        opens: Instant,
    },
    /// The sale has closed.
    #[error("the sale has closed")]
    SaleClosed {
        /// When it did.
        closed: Instant,
    },
    /// The sale's deadline for cancelling has passed.
    #[error("the deadline for cancelling has passed")]
    TooLateToCancel {
        /// When it did.
        cancel_until: Instant,
    },
}

impl Bookable {
    /// Of a performance that never begins: where only the sale has a say.
    pub const ALWAYS: Self =
        Self { status: PerformanceStatus::Published, starts_at: Instant::LAST, sold_until: Instant::LAST };

    /// The first instant at which that is over because the performance has begun. What is postponed or cancelled does not
    /// begin when it should have.
    pub fn until(self, action: Action) -> Instant {
        match (self.status, action) {
            (PerformanceStatus::Postponed | PerformanceStatus::Cancelled, _) => Instant::LAST,
            (_, Action::Cancel) => self.starts_at,
            (_, Action::Hold | Action::Pay) => self.sold_until,
        }
    }

    /// Whether the performance lets that be done.
    pub(super) fn check(self, action: Action, now: Instant) -> Result<(), NotBookable> {
        let until = self.until(action);
        match (self.status, action) {
            (PerformanceStatus::Draft, _) => Err(NotBookable::Draft),
            (PerformanceStatus::Postponed, Action::Hold) => Err(NotBookable::Postponed),
            (PerformanceStatus::Cancelled, Action::Hold | Action::Pay) => Err(NotBookable::Cancelled),
            _ if until <= now => Err(NotBookable::Begun { until }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PerformanceStatus::{Cancelled, Draft, Postponed, Published};

    #[test]
    fn a_cancelled_performance_stays_cancelled_and_a_public_one_public() {
        let all = [Draft, Published, Postponed, Cancelled];
        let allowed: Vec<_> =
            all.iter().flat_map(|a| all.iter().filter(|b| a.may_become(**b)).map(|b| (*a, *b))).collect();
        let expected = [
            (Draft, Draft),
            (Draft, Published),
            (Published, Published),
            (Published, Postponed),
            (Published, Cancelled),
            (Postponed, Published),
            (Postponed, Postponed),
            (Postponed, Cancelled),
            (Cancelled, Cancelled),
        ];
        assert_eq!(allowed, expected);
    }
}

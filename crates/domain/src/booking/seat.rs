//! A seat of a performance, while it is sold.

use crate::catalogue::SeatNumber;
use crate::id::{PerformanceId, ReservationId};
use crate::record::{Record, Version};
use crate::time::{Instant, TAKEOVER_GRACE};
use serde::{Deserialize, Serialize};

/// Names one seat. Locks are taken in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SeatKey {
    /// The performance.
    pub performance: PerformanceId,
    /// The seat's number in it.
    pub number: SeatNumber,
}

/// Where a seat stands. The pointer is the last word on whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeatState {
    /// Anybody can hold it.
    Free,
    /// Not for sale.
    Blocked,
    /// Held by a reservation, until that lapses or ends.
    Held {
        /// The reservation that holds it.
        by: ReservationId,
        /// From when on it has lapsed.
        until: Instant,
    },
    /// Paid for.
    Sold {
        /// The reservation that it was sold to.
        to: ReservationId,
    },
}

/// The row of a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Which seat.
    pub key: SeatKey,
    /// Where it stands.
    pub state: SeatState,
    /// Goes up by one with every change; a sold seat's is its ticket's.
    pub version: Version,
}

/// Names one ticket. A seat that is sold again gets a ticket with a higher version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TicketKey {
    /// The seat.
    pub seat: SeatKey,
    /// The version that the seat's row got when it was sold, so it is never used twice.
    pub version: Version,
}

/// A ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Key of the ticket: its seat and its version.
    pub key: TicketKey,
    /// What it was issued for.
    pub reservation: ReservationId,
    /// Whether it is valid; a void ticket never becomes valid again.
    pub valid: bool,
}

impl Seat {
    /// The row of a seat that has just been put on sale.
    pub const fn free(key: SeatKey) -> Self {
        Self { key, state: SeatState::Free, version: Version::FIRST }
    }
}

impl SeatState {
    /// Whether somebody new can hold the seat: it is free, or its hold lapsed at least [`TAKEOVER_GRACE`] ago.
    pub fn can_be_taken(self, now: Instant) -> bool {
        match self {
            Self::Free => true,
            Self::Held { until, .. } => until + TAKEOVER_GRACE <= now,
            Self::Blocked | Self::Sold { .. } => false,
        }
    }

    /// The reservation that it is held by, or was sold to.
    pub const fn owner(self) -> Option<ReservationId> {
        match self {
            Self::Held { by, .. } => Some(by),
            Self::Sold { to } => Some(to),
            Self::Free | Self::Blocked => None,
        }
    }

    /// Whether the seat still points to that reservation's hold, lapsed or not.
    pub fn is_held_by(self, reservation: ReservationId) -> bool {
        matches!(self, Self::Held { by, .. } if by == reservation)
    }
}

impl Seat {
    /// The row after a change.
    #[must_use]
    pub fn with(self, state: SeatState) -> Self {
        Self { state, version: self.version.next(), ..self }
    }
}

impl Record for Seat {
    type Key = SeatKey;

    fn key(&self) -> SeatKey {
        self.key
    }

    fn version(&self) -> Version {
        self.version
    }

    fn changed_to(&self, next: &Self) -> Self {
        Self { key: self.key, ..*next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use uuid::Uuid;

    #[test]
    fn a_lapsed_hold_can_be_taken_over_after_the_grace() {
        let until = Instant::from_micros(10_000_000);
        let held = SeatState::Held { by: ReservationId::new(Uuid::nil()), until };
        assert!(!held.can_be_taken(until));
        assert!(!held.can_be_taken(until + TAKEOVER_GRACE - Duration::from_micros(1)));
        assert!(held.can_be_taken(until + TAKEOVER_GRACE));
    }
}

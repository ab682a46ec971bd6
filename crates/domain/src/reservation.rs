//! Seats of one performance, assigned to a user.

use crate::locked::{Record, Version};
use crate::{
    BuyerKey, Instant, Line, PerformanceId, Points, RefundReason, ReservationId, SaleId, SeatKey, SeatNumber,
    TAKEOVER_GRACE, UserId,
};
use serde::{Deserialize, Serialize};

/// A reservation. Its seats and prices never change, its state does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Its own for good.
    pub id: ReservationId,
    /// Which performance.
    pub performance: PerformanceId,
    /// Under which sale.
    pub sale: SaleId,
    /// Whose it is.
    pub user: UserId,
    /// Where it stands.
    pub state: ReservationState,
    /// The first instant at which the hold has lapsed.
    pub held_until: Instant,
    /// The first instant at which even a late payment is refused.
    pub late_until: Instant,
    /// What is to be paid: the sum of the lines.
    pub amount: Points,
    /// One per seat, by ascending number.
    pub lines: Vec<Line>,
    /// Why an operator gave it back, if it is [`ReservationState::Refunded`] and they said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_reason: Option<RefundReason>,
    /// Goes up by one with every change.
    pub version: Version,
}

/// Where a reservation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReservationState {
    /// The seats are kept until `held_until`.
    Held,
    /// Paid.
    Confirmed,
    /// Given up by its owner before it was paid.
    Released,
    /// Lapsed, and marked as such.
    Expired,
    /// Paid, then given back by its owner.
    Cancelled,
    /// Paid, then given back by an operator.
    Refunded,
}

impl ReservationState {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Held, Self::Confirmed, Self::Released, Self::Expired, Self::Cancelled, Self::Refunded];

    /// The table of transitions. An expired reservation can still be confirmed, by a late payment.
    pub fn may_become(self, next: Self) -> bool {
        use ReservationState::{Cancelled, Confirmed, Expired, Held, Refunded, Released};
        matches!(
            (self, next),
            (Held, Confirmed | Released | Expired)
                | (Expired, Confirmed | Released)
                | (Confirmed, Cancelled | Refunded)
        )
    }

    /// The word for it, in the API and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Confirmed => "confirmed",
            Self::Released => "released",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Refunded => "refunded",
        }
    }
}

impl Reservation {
    /// Who, in which sale: the lock that guards it.
    pub fn buyer(&self) -> BuyerKey {
        BuyerKey { sale: self.sale, user: self.user }
    }

    /// Its seats, by ascending number.
    pub fn seats(&self) -> impl Iterator<Item = SeatNumber> {
        self.lines.iter().map(|line| line.seat)
    }

    /// Its seats' keys, by ascending number.
    pub fn seat_keys(&self) -> impl Iterator<Item = SeatKey> {
        self.seats().map(|number| SeatKey { performance: self.performance, number })
    }

    /// How many seats it has.
    pub fn seat_count(&self) -> u32 {
        u32::try_from(self.lines.len()).unwrap_or(u32::MAX)
    }

    /// Whether it is an unpaid hold whose time is over, marked as such or not.
    pub fn has_lapsed(&self, now: Instant) -> bool {
        match self.state {
            ReservationState::Held => self.held_until <= now,
            ReservationState::Expired => true,
            _ => false,
        }
    }

    /// Whether its seats count against the limit per person: a hold's do until [`TAKEOVER_GRACE`] after it has lapsed,
    /// because an instance whose clock is behind still takes its payment without counting.
    pub fn counts(&self, now: Instant) -> bool {
        match self.state {
            ReservationState::Held => now < self.held_until + TAKEOVER_GRACE,
            ReservationState::Confirmed => true,
            _ => false,
        }
    }

    /// The row after a change.
    #[must_use]
    pub fn with(&self, state: ReservationState) -> Self {
        Self { state, version: self.version.next(), ..self.clone() }
    }
}

impl Record for Reservation {
    type Key = ReservationId;

    fn key(&self) -> ReservationId {
        self.id
    }

    fn version(&self) -> Version {
        self.version
    }
}

#[cfg(test)]
mod tests {
    use super::ReservationState::{self, Cancelled, Confirmed, Expired, Held, Refunded, Released};

    #[test]
    fn the_table_of_transitions_has_these_seven_and_no_other() {
        let all = ReservationState::ALL;
        let allowed: Vec<_> =
            all.iter().flat_map(|a| all.iter().filter(|b| a.may_become(**b)).map(|b| (*a, *b))).collect();
        let expected = [
            (Held, Confirmed),
            (Held, Released),
            (Held, Expired),
            (Confirmed, Cancelled),
            (Confirmed, Refunded),
            (Expired, Confirmed),
            (Expired, Released),
        ];
        assert_eq!(allowed, expected);
    }
}

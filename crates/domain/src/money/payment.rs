//! Money for a reservation, or for a charge of the wallet.

use super::Points;
use crate::id::{PaymentId, ReservationId, UserId};
use crate::record::{Record, Version};
use crate::time::Instant;
use serde::{Deserialize, Serialize};

/// A payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Id of the payment; it never changes, and the gateway knows the payment by it.
    pub id: PaymentId,
    /// What the payment is for.
    pub kind: PaymentKind,
    /// The reservation that is paid or refunded; none for a charge.
    pub reservation: Option<ReservationId>,
    /// How many payments of its kind the reservation had before: a reservation is paid once, and refunded once for each time
    /// that seats of it are given back. 0 for a charge.
    #[serde(default)]
    pub ordinal: u32,
    /// Owner of the wallet that is paid from or into.
    pub user: UserId,
    /// How many points.
    pub amount: Points,
    /// Whether it went through.
    pub state: PaymentState,
    /// Who moved the money: `points`, or the gateway's name.
    pub provider: String,
    /// What the provider calls it.
    pub provider_ref: Option<String>,
    /// When it was begun.
    pub at: Instant,
    /// Goes up by one with every change.
    pub version: Version,
}

/// What a payment is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentKind {
    /// Points for seats.
    Reservation,
    /// Points back for seats that were given back.
    Refund,
    /// Money for points.
    Charge,
}

/// Whether a payment went through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// The gateway has not said.
    Pending,
    /// The money moved.
    Succeeded,
    /// It did not, and won't.
    Failed,
    /// A charge: the gateway took the money, the wallet has no room for it, so the gateway shall give it back.
    Returning,
    /// A charge: the gateway has given the money back.
    Returned,
}

/// What a gateway finally said of a charge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settlement {
    /// The money moved.
    Accepted {
        /// What the gateway calls it.
        provider_ref: String,
    },
    /// It did not, and won't.
    Declined,
    /// It moved, and has been given back because the wallet had no room for it.
    Returned,
}

impl PaymentKind {
    /// The word for it, in the API and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reservation => "reservation",
            Self::Refund => "refund",
            Self::Charge => "charge",
        }
    }
}

impl PaymentState {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Succeeded, Self::Failed, Self::Returning, Self::Returned];

    /// The word for it, in the API and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Returning => "returning",
            Self::Returned => "returned",
        }
    }

    /// The table of transitions. What was credited is never given back as well, nor the other way round.
    pub fn may_become(self, next: Self) -> bool {
        use PaymentState::{Failed, Pending, Returned, Returning, Succeeded};
        matches!((self, next), (Pending, Succeeded | Failed | Returning) | (Returning, Returned))
    }

    /// Whether the gateway still has something to say, or to do.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Returning)
    }
}

impl Payment {
    /// The provider of what is paid with the wallet's own points.
    pub const POINTS: &'static str = "points";
    /// The least that a wallet can be charged with.
    pub const MIN_CHARGE: i64 = 1;
    /// The most that a wallet can be charged with at once.
    pub const MAX_CHARGE: i64 = 10_000_000;
    /// Characters of a provider's name.
    pub const LONGEST_PROVIDER: usize = 64;
    /// Characters of what a provider calls a payment.
    pub const LONGEST_REF: usize = 128;

    /// Whether what a provider calls a payment can be kept. The provider knows it by its id anyway.
    pub fn may_refer(provider_ref: &str) -> bool {
        provider_ref.chars().count() <= Self::LONGEST_REF && !provider_ref.contains(char::is_control)
    }

    /// Whether a wallet can be charged with that much.
    pub fn may_charge(amount: Points) -> bool {
        (Self::MIN_CHARGE..=Self::MAX_CHARGE).contains(&amount.amount())
    }
}

impl Record for Payment {
    type Key = PaymentId;

    fn key(&self) -> PaymentId {
        self.id
    }

    fn version(&self) -> Version {
        self.version
    }

    fn changed_to(&self, next: &Self) -> Self {
        Self { state: next.state, provider_ref: next.provider_ref.clone(), version: next.version, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::PaymentState::{self, Failed, Pending, Returned, Returning, Succeeded};

    #[test]
    fn the_table_of_transitions_has_these_four_and_no_other() {
        let all = PaymentState::ALL;
        let allowed: Vec<_> =
            all.iter().flat_map(|a| all.iter().filter(|b| a.may_become(**b)).map(|b| (*a, *b))).collect();
        let expected = [(Pending, Succeeded), (Pending, Failed), (Pending, Returning), (Returning, Returned)];
        assert_eq!(allowed, expected);
        for state in all {
            assert_eq!(state.is_open(), all.into_iter().any(|next| state.may_become(next)), "{state:?}");
        }
    }
}

//! Money for a reservation, or for a charge of the wallet.

use crate::locked::{Record, Version};
use crate::{Instant, PaymentId, Points, ReservationId, UserId};
use serde::{Deserialize, Serialize};

/// A payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Its own for good; the gateway knows it by this.
    pub id: PaymentId,
    /// What for.
    pub kind: PaymentKind,
    /// The reservation that is paid or refunded; none for a charge.
    pub reservation: Option<ReservationId>,
    /// Whose wallet.
    pub user: UserId,
    /// How much.
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
    /// The word for it, in the API and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }

    /// What has been decided stays so.
    pub fn may_become(self, next: Self) -> bool {
        self == Self::Pending && next != Self::Pending
    }
}

impl Payment {
    /// The provider of what is paid with the wallet's own points.
    pub const POINTS: &'static str = "points";
    /// The least that a wallet can be charged with.
    pub const LEAST_CHARGE: i64 = 1;
    /// The most that a wallet can be charged with at once.
    pub const MOST_CHARGE: i64 = 10_000_000;
}

impl Record for Payment {
    type Key = PaymentId;

    fn key(&self) -> PaymentId {
        self.id
    }

    fn version(&self) -> Version {
        self.version
    }
}

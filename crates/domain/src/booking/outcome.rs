//! What a command led to.

use super::{CommandKey, Reservation, Ticket};
use crate::catalogue::SeatNumber;
use crate::id::{PaymentId, ReservationId};
use crate::money::Payment;
use crate::time::Instant;
use crate::waiting_room::{Buyer, BuyerKey};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a command led to; kept with its key, and given again to whoever repeats it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The seats are held.
    Held(Reservation),
    /// The reservation is confirmed.
    Paid {
        /// As it is now.
        reservation: Reservation,
        /// The payment.
        payment: PaymentId,
        /// One per seat.
        tickets: Vec<Ticket>,
    },
    /// The hold is given up.
    Released(Reservation),
    /// The seats are given back, and the points with them: all that were left, or some while the reservation stays confirmed.
    GivenBack(Reservation),
    /// The hold is marked as lapsed, or needs no mark any more.
    Expired(ReservationId),
    /// The charge is begun, or settled.
    Charged(Payment),
    /// The admission goes on, as the buyer's row says.
    #[serde(skip)]
    Renewed(Buyer),
    /// The admission has ended.
    #[serde(skip)]
    Left(BuyerKey),
}

/// The record of a command that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// Key of the command: whose it is, and what they call it.
    pub key: CommandKey,
    /// Hash of the request.
    pub request_hash: [u8; 32],
    /// What it led to.
    pub outcome: Outcome,
    /// The instant that the command was decided at.
    pub at: Instant,
}

/// What others may want to hear of, once it is true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Seats were held.
    Held(ReservationId),
    /// A reservation was paid.
    Confirmed(ReservationId),
    /// A hold was given up.
    Released(ReservationId),
    /// A hold lapsed.
    Expired(ReservationId),
    /// A paid reservation was given back by its owner: all that was left of it.
    Cancelled(ReservationId),
    /// A paid reservation was given back by an operator: all that was left of it.
    Refunded(ReservationId),
    /// Some seats of a paid reservation were given back, by its owner or by an operator.
    SeatsReturned {
        /// The reservation, which keeps the others.
        reservation: ReservationId,
        /// What was given back.
        seats: BTreeSet<SeatNumber>,
    },
    /// A charge was settled.
    ChargeSettled(PaymentId),
    /// An admission to a waiting room has ended: somebody else can be admitted.
    AdmissionEnded(BuyerKey),
}

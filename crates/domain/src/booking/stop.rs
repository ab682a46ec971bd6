//! Why a command stops before anything has changed.

use super::ReservationState;
use crate::catalogue::{NotBookable, SeatNumber};
use crate::money::{Payment, Points};
use crate::time::Instant;
use thiserror::Error;

/// Why a command was not carried out. A rule stops with `?`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Stop {
    /// For a reason that its sender should know.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// None of the seats that were planned can be had any more: plan again.
    #[error("the seats that were planned are gone")]
    Replan,
    /// A bug in [`Command::scope`](crate::Command::scope).
    #[error(transparent)]
    NotInScope(#[from] NotInScope),
    /// A bug in a rule.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// Only when a store lets others write between locking and writing.
    #[error(transparent)]
    Stale(#[from] Stale),
}

/// Why a command was not carried out. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Rejection {
    /// The key was used for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The sale has not opened.
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
    /// The person would have more seats than the sale allows.
    #[error("at most {limit} seats per person; {used} taken, {asked} asked for")]
    LimitReached {
        /// What the sale allows.
        limit: u32,
        /// What counts already.
        used: u32,
        /// What was asked for.
        asked: u32,
    },
    /// Somebody has these seats, or they are not sold.
    #[error("seats are not available")]
    SeatsTaken {
        /// The seats that were asked for and can't be had.
        seats: Vec<SeatNumber>,
        /// Those among them that the buyer holds or owns already, in the same sale.
        yours: Vec<SeatNumber>,
    },
    /// There are no such seats: the performance has none, or the reservation that they were to be given back of; or none was
    /// named.
    #[error("there are no such seats")]
    SeatsUnknown(Vec<SeatNumber>),
    /// The user has no such reservation.
    #[error("no such reservation")]
    ReservationUnknown,
    /// It is paid already.
    #[error("the reservation is paid")]
    AlreadyPaid,
    /// It was given up or given back.
    #[error("the reservation is {}", .0.as_str())]
    ReservationEnded(ReservationState),
    /// Seats of the reservation were given back before.
    #[error("seats were given back before")]
    SeatsReturned {
        /// Those that were to be given back again.
        seats: Vec<SeatNumber>,
        /// Those that it still has.
        left: Vec<SeatNumber>,
    },
    /// The hold has lapsed, and what is left of it is too little to pay late.
    #[error("the hold has lapsed")]
    HoldLapsed {
        /// When it did.
        held_until: Instant,
    },
    /// The wallet has too little.
    #[error("the balance is {balance}, the amount {amount}")]
    BalanceTooLow {
        /// What the wallet has.
        balance: Points,
        /// What is to be paid.
        amount: Points,
    },
    /// The wallet, with what is pending, would have more than [`Points::MAX`].
    #[error("the balance, with charges that are pending, would be above {}", Points::MAX)]
    BalanceTooHigh,
    /// Less or more than a wallet can be charged with at once.
    #[error("a charge is {} to {} points", Payment::MIN_CHARGE, Payment::MAX_CHARGE)]
    ChargeOutOfRange,
    /// It was never paid.
    #[error("the reservation is not paid")]
    NotPaid,
    /// The sale's deadline has passed.
    #[error("the deadline for cancelling has passed")]
    TooLateToCancel {
        /// When it did.
        cancel_until: Instant,
    },
    /// The user has no such payment.
    #[error("no such payment")]
    PaymentUnknown,
    /// The performance does not let them, or not any more.
    #[error(transparent)]
    NotBookable(NotBookable),
    /// The waiting room has not admitted the user.
    #[error("not admitted")]
    NotAdmitted,
    /// The user's admission is over.
    #[error("the admission is over")]
    AdmissionEnded,
    /// An operator keeps the user out.
    #[error("barred")]
    Barred,
}

impl From<NotBookable> for Rejection {
    fn from(why: NotBookable) -> Self {
        match why {
            NotBookable::SaleNotOpen { opens } => Self::SaleNotOpen { opens },
            NotBookable::SaleClosed { closed } => Self::SaleClosed { closed },
            NotBookable::TooLateToCancel { cancel_until } => Self::TooLateToCancel { cancel_until },
            NotBookable::Draft | NotBookable::Postponed | NotBookable::Cancelled | NotBookable::Begun { .. } => {
                Self::NotBookable(why)
            }
        }
    }
}

/// The rule asked for a row that the command's scope does not name: a bug in [`Command::scope`](crate::Command::scope),
/// found before anything is written. (A row that is in scope but does not exist is an ordinary `None`.)
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0} is not in the command's scope")]
pub struct NotInScope(pub String);

/// The rule's changes break a rule of the schema: a bug, found before anything is written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the changes are broken: {0}")]
pub struct Broken(pub String);

/// Somebody else has changed a row since it was read, or inserted the same one: read again, decide again.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0} has changed since it was read")]
pub struct Stale(pub String);

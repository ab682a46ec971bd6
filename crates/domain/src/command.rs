//! What can be asked for, as data.

use crate::waiting_room::Place;
use crate::{
    Block, Buyer, BuyerKey, Instant, Line, NotBookable, Payment, PaymentId, PerformanceId, Points, RefundReason,
    Reservation, ReservationId, ReservationState, SaleTerms, SeatKey, SeatNumber, Settlement, Ticket, TransferId,
    UserId,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use thiserror::Error;

/// A change that must happen whole or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// What makes a repetition harmless. Releases, sweeps and settlements have none: their rows say whether they are still
    /// needed.
    pub key: Option<CommandKey>,
    /// SHA-256 of the request: the same key with another request is refused.
    pub body_hash: [u8; 32],
    /// What shall be done.
    pub what: What,
}

/// Whose command it is, and what they call it: the client's `Idempotency-Key`, or a random one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CommandKey {
    user: UserId,
    name: String,
}

/// The text can't be an idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("1 to {} visible ASCII characters", CommandKey::MOST)]
pub struct KeyFlaw;

impl CommandKey {
    /// Characters of a key.
    pub const MOST: usize = 64;

    /// Checks that the name is 1 to 64 visible ASCII characters.
    pub fn new(user: UserId, name: impl Into<String>) -> Result<Self, KeyFlaw> {
        let name = name.into();
        let fine = (1..=Self::MOST).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic());
        if fine { Ok(Self { user, name }) } else { Err(KeyFlaw) }
    }

    /// Whose it is.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// What they call it.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// What a command does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Hold seats.
    Hold(Hold),
    /// Hold the best seats that are left.
    HoldBest(HoldBest),
    /// Pay a hold with points.
    Pay(Pay),
    /// Give up a hold.
    Release(Release),
    /// Give back what was paid for, within the sale's deadline.
    Cancel(Cancel),
    /// Give back what was paid for, whenever an operator says so.
    Refund(Cancel),
    /// Mark a lapsed hold.
    Expire(Expire),
    /// Begin to charge a wallet.
    Charge(Charge),
    /// Settle a charge.
    Settle(Settle),
    /// Pick an admission up, or renew it.
    Renew(Renew),
    /// Give an admission back.
    Leave(BuyerKey),
    /// Keep somebody out of a sale, or let them in again.
    Bar(Bar),
}

/// Hold seats of one performance: all of them, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The new reservation's id.
    pub reservation: ReservationId,
    /// Which performance.
    pub performance: PerformanceId,
    /// For whom.
    pub user: UserId,
    /// On what terms.
    pub terms: SaleTerms,
    /// One per seat, with the server's prices.
    pub lines: Vec<Line>,
}

/// Hold the best seats that are left. Which these are is planned before anything is locked; if none of the plan can be
/// had any more the verdict is [`Verdict::Replan`](crate::Verdict::Replan).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldBest {
    /// The new reservation's id.
    pub reservation: ReservationId,
    /// Which performance.
    pub performance: PerformanceId,
    /// For whom.
    pub user: UserId,
    /// On what terms.
    pub terms: SaleTerms,
    /// How many seats.
    pub count: u32,
    /// The plan: blocks of that many seats, the best first.
    pub blocks: Vec<Block>,
    /// What each seat costs, whichever it is.
    pub line: Line,
    /// Whether to wait for whoever has locked a seat, or to pass it over.
    pub wait: bool,
}

impl HoldBest {
    /// Seats of a plan, at most.
    pub const MOST_CANDIDATES: usize = 120;

    fn candidates(&self) -> Candidates {
        let seats = self.blocks.iter().flatten();
        let seats = seats.map(|number| SeatKey { performance: self.performance, number: *number }).collect();
        // One block, and another should somebody have taken a seat of the first.
        Candidates { seats, most: 2 * self.count as usize }
    }
}

/// Pay a hold with points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pay {
    /// What is paid.
    pub reservation: ReservationId,
    /// Its performance.
    pub performance: PerformanceId,
    /// Its seats.
    pub seats: BTreeSet<SeatNumber>,
    /// Its user.
    pub user: UserId,
    /// Its sale's terms.
    pub terms: SaleTerms,
    /// The new payment's id.
    pub payment: PaymentId,
    /// The new transfer's id.
    pub transfer: TransferId,
}

/// Give up a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// What is given up.
    pub reservation: ReservationId,
    /// Its performance.
    pub performance: PerformanceId,
    /// Its seats.
    pub seats: BTreeSet<SeatNumber>,
    /// Whose it is, in which sale.
    pub buyer: BuyerKey,
}

/// Give back what was paid for; the points go back, and the seats on sale again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancel {
    /// What is given back.
    pub reservation: ReservationId,
    /// Its performance.
    pub performance: PerformanceId,
    /// Its seats.
    pub seats: BTreeSet<SeatNumber>,
    /// Its owner.
    pub user: UserId,
    /// Its sale's terms.
    pub terms: SaleTerms,
    /// The new refund's id.
    pub payment: PaymentId,
    /// The new transfer's id.
    pub transfer: TransferId,
    /// Why an operator gives it back, if they say so; an owner needs no reason.
    pub reason: Option<RefundReason>,
}

/// Mark a lapsed hold. Its seats are left alone: whether they can be taken is a matter of time, not of marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expire {
    /// What has lapsed.
    pub reservation: ReservationId,
    /// Whose it was, in which sale.
    pub buyer: BuyerKey,
}

/// Begin to charge a wallet: a pending payment, before the gateway hears of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The new payment's id, by which the gateway will know it.
    pub payment: PaymentId,
    /// Whose wallet.
    pub user: UserId,
    /// How much: [`Payment::LEAST_CHARGE`] to [`Payment::MOST_CHARGE`].
    pub amount: Points,
    /// The gateway's name.
    pub provider: String,
}

/// Settle a charge: once, whatever the gateway says how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settle {
    /// The pending payment, or the one whose money goes back.
    pub payment: PaymentId,
    /// Whose wallet.
    pub user: UserId,
    /// What the gateway said.
    pub settlement: Settlement,
    /// The new transfer's id.
    pub transfer: TransferId,
}

/// Pick an admission up, or renew it: the right to book goes on for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renew {
    /// Whose, in which sale.
    pub buyer: BuyerKey,
    /// The place that they show, which is used up together with the one by which they were admitted; none to renew what
    /// was picked up.
    pub place: Option<Place>,
    /// Whether their page closes: then it ends soon, unless it is renewed again.
    pub closing: bool,
}

/// Keep somebody out of a sale, or let them in again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Who, of which sale.
    pub buyer: BuyerKey,
    /// Whether to keep them out.
    pub barred: bool,
}

/// The rows that a command locks, in the order of the fields, each kind by ascending key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Buyers, and with them all of their reservations that are held or confirmed.
    pub buyers: BTreeSet<BuyerKey>,
    /// Reservations that exist.
    pub reservations: BTreeSet<ReservationId>,
    /// Reservations that the command makes: nobody else knows the id, so there is nothing to lock.
    pub new_reservations: BTreeSet<ReservationId>,
    /// Payments that exist.
    pub payments: BTreeSet<PaymentId>,
    /// Payments that the command makes.
    pub new_payments: BTreeSet<PaymentId>,
    /// Wallets.
    pub wallets: BTreeSet<UserId>,
    /// Seats.
    pub seats: BTreeSet<SeatKey>,
    /// Idempotency records: looked up after the rows above are locked.
    pub done: BTreeSet<CommandKey>,
    /// Seats any of which would do.
    pub candidates: Vec<Candidates>,
}

/// Seats any of which would do, locked last of all: those that can be had and that nobody else has locked, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidates {
    /// The best first; each once.
    pub seats: Vec<SeatKey>,
    /// So many of them are enough.
    pub most: usize,
}

impl Scope {
    /// The union: what a batch of commands locks.
    pub fn extend(&mut self, other: Self) {
        self.buyers.extend(other.buyers);
        self.reservations.extend(other.reservations);
        self.new_reservations.extend(other.new_reservations);
        self.payments.extend(other.payments);
        self.new_payments.extend(other.new_payments);
        self.wallets.extend(other.wallets);
        self.seats.extend(other.seats);
        self.done.extend(other.done);
        self.candidates.extend(other.candidates);
    }
}

impl Command {
    /// A command that can be repeated without harm.
    pub fn keyed(key: CommandKey, body_hash: [u8; 32], what: What) -> Self {
        Self { key: Some(key), body_hash, what }
    }

    /// A command whose rows say whether it is still needed.
    pub fn unkeyed(what: What) -> Self {
        Self { key: None, body_hash: [0; 32], what }
    }

    /// The keys of the rows that [`decide`](crate::decide) will look at or change.
    pub fn scope(&self) -> Scope {
        let mut scope = Scope { done: self.key.iter().cloned().collect(), ..Scope::default() };
        match &self.what {
            What::Hold(hold) => {
                scope.buyers = [BuyerKey { sale: hold.terms.sale, user: hold.user }].into();
                scope.new_reservations = [hold.reservation].into();
                scope.seats = seat_keys(hold.performance, hold.lines.iter().map(|line| line.seat));
            }
            What::HoldBest(best) => {
                scope.buyers = [BuyerKey { sale: best.terms.sale, user: best.user }].into();
                scope.new_reservations = [best.reservation].into();
                if best.wait {
                    scope.seats = seat_keys(best.performance, best.blocks.iter().flatten().copied());
                } else {
                    scope.candidates = vec![best.candidates()];
                }
            }
            What::Pay(pay) => {
                scope.buyers = [BuyerKey { sale: pay.terms.sale, user: pay.user }].into();
                scope.reservations = [pay.reservation].into();
                scope.new_payments = [pay.payment].into();
                scope.wallets = [pay.user].into();
                scope.seats = seat_keys(pay.performance, pay.seats.iter().copied());
            }
            What::Release(release) => {
                scope.buyers = [release.buyer].into();
                scope.reservations = [release.reservation].into();
                scope.seats = seat_keys(release.performance, release.seats.iter().copied());
            }
            What::Cancel(cancel) | What::Refund(cancel) => {
                scope.buyers = [BuyerKey { sale: cancel.terms.sale, user: cancel.user }].into();
                scope.reservations = [cancel.reservation].into();
                scope.new_payments = [cancel.payment].into();
                scope.wallets = [cancel.user].into();
                scope.seats = seat_keys(cancel.performance, cancel.seats.iter().copied());
            }
            What::Expire(expire) => {
                scope.buyers = [expire.buyer].into();
                scope.reservations = [expire.reservation].into();
            }
            What::Charge(charge) => {
                scope.new_payments = [charge.payment].into();
                scope.wallets = [charge.user].into();
            }
            What::Settle(settle) => {
                scope.payments = [settle.payment].into();
                scope.wallets = [settle.user].into();
            }
            What::Renew(Renew { buyer, .. }) | What::Leave(buyer) | What::Bar(Bar { buyer, .. }) => {
                scope.buyers = [*buyer].into();
            }
        }
        scope
    }
}

fn seat_keys(performance: PerformanceId, seats: impl Iterator<Item = SeatNumber>) -> BTreeSet<SeatKey> {
    seats.map(|number| SeatKey { performance, number }).collect()
}

impl What {
    /// The word for it, in logs and metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Hold(_) => "hold",
            Self::HoldBest(_) => "hold_best",
            Self::Pay(_) => "pay",
            Self::Release(_) => "release",
            Self::Cancel(_) => "cancel",
            Self::Refund(_) => "refund",
            Self::Expire(_) => "expire",
            Self::Charge(_) => "charge",
            Self::Settle(_) => "settle",
            Self::Renew(_) => "renew",
            Self::Leave(_) => "leave",
            Self::Bar(_) => "bar",
        }
    }
}

/// What a command led to; kept with its key, and given again to who repeats it.
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
    /// The seats are given back, and the points with them.
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
pub struct Done {
    /// Whose, and which.
    pub key: CommandKey,
    /// Of the request.
    pub body_hash: [u8; 32],
    /// What it led to.
    pub outcome: Outcome,
    /// When.
    pub at: Instant,
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
    /// Somebody else has these seats, or they are not sold.
    #[error("seats are not available")]
    SeatsTaken(Vec<SeatNumber>),
    /// There are no such seats.
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
    #[error("a charge is {} to {} points", Payment::LEAST_CHARGE, Payment::MOST_CHARGE)]
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
    /// A paid reservation was given back by its owner.
    Cancelled(ReservationId),
    /// A paid reservation was given back by an operator.
    Refunded(ReservationId),
    /// A charge was settled.
    ChargeSettled(PaymentId),
    /// A slot of a waiting room is free again.
    SlotFreed(BuyerKey),
}

impl fmt::Display for CommandKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.user, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_key_is_1_to_64_visible_ascii_characters() {
        let key = |name: &str| CommandKey::new(UserId::new(Uuid::nil()), name);
        assert!(key("~").is_ok());
        assert!(key(&"k".repeat(64)).is_ok());
        for name in ["", "a b", "é", "a\n", &"k".repeat(65)] {
            assert_eq!(key(name), Err(KeyFlaw), "{name:?}");
        }
    }
}

//! What a command changes, and what a store has to write for it.

use super::{Event, IdempotencyRecord, Outcome, Reservation, Seat, Ticket};
use crate::money::{Payment, Transfer, Wallet};
use crate::record::Write;
use crate::time::Instant;
use crate::waiting_room::{Buyer, BuyerKey};

/// The changes of one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// After-images of whole rows, never "add 1 to".
    pub rows: Vec<Row>,
    /// What the command leads to.
    pub outcome: Outcome,
    /// Messages to send after the commit.
    pub events: Vec<Event>,
    /// When it was decided.
    pub at: Instant,
}

/// A row as it will be after the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// The row that guards the limit per person.
    Buyer(Buyer),
    /// A reservation.
    Reservation(Reservation),
    /// A payment.
    Payment(Payment),
    /// A wallet.
    Wallet(Wallet),
    /// A seat.
    Seat(Seat),
    /// A ticket: issued if it is valid, voided if it is not.
    Ticket(Ticket),
    /// A transfer, always a new one.
    Transfer(Transfer),
    /// The buyer's admission has ended; goes with a [`Row::Buyer`] that has none.
    AdmissionEnded(BuyerKey),
}

/// The net of all changes: each row once, sorted by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteSet {
    /// Buyers.
    pub buyers: Vec<Write<Buyer>>,
    /// Reservations.
    pub reservations: Vec<Write<Reservation>>,
    /// Payments.
    pub payments: Vec<Write<Payment>>,
    /// Wallets that changed, by ascending user.
    pub wallets: Vec<Write<Wallet>>,
    /// Seats that changed, by ascending number within a performance.
    pub seats: Vec<Write<Seat>>,
    /// Tickets that were valid and no longer are; written before new ones are issued.
    pub tickets_voided: Vec<Ticket>,
    /// New tickets.
    pub tickets_issued: Vec<Ticket>,
    /// New transfers.
    pub transfers: Vec<Transfer>,
    /// Buyers whose admission has ended.
    pub admissions_ended: Vec<BuyerKey>,
    /// New idempotency records; written last.
    pub idempotency_records: Vec<IdempotencyRecord>,
}

impl WriteSet {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

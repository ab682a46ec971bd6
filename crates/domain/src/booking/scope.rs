//! Which rows a command locks.

use super::{CommandKey, SeatKey};
use crate::catalogue::SeatNumber;
use crate::id::{PaymentId, PerformanceId, ReservationId, UserId};
use crate::waiting_room::BuyerKey;
use std::collections::BTreeSet;

/// The rows that a command works on. Those that exist are locked in the order of the fields, each kind by ascending key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Buyers, and with them all of their reservations that are live (held or confirmed).
    pub buyers: BTreeSet<BuyerKey>,
    /// Reservations that exist.
    pub reservations: BTreeSet<ReservationId>,
    /// Reservations that the command makes: nobody else knows the id, so there is nothing to lock.
    pub new_reservations: BTreeSet<ReservationId>,
    /// Payments that exist.
    pub payments: BTreeSet<PaymentId>,
    /// Payments that the command makes, with ids that nobody else knows, either.
    pub new_payments: BTreeSet<PaymentId>,
    /// Wallets, whether or not they have a row yet.
    pub wallets: BTreeSet<UserId>,
    /// Seats that the command names; they are locked whatever their state.
    pub seats: BTreeSet<SeatKey>,
    /// Idempotency records: looked up without a lock, once the rows above are locked.
    pub idempotency_records: BTreeSet<CommandKey>,
    /// Seats any of which would do.
    pub candidates: Vec<Candidates>,
}

/// Seats of one performance any of which would do, locked last of all: those that can be had and that nobody else has
/// locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidates {
    /// A list for each command, the best seats first.
    pub lists: Vec<Vec<SeatKey>>,
    /// How many of them are locked at most.
    pub most: usize,
}

impl Candidates {
    /// All of them, each once: first what comes first in some list, then what comes second, and so on. So every command of
    /// a batch gets a chance of what it wants most.
    pub fn in_order(&self) -> Vec<SeatKey> {
        let (mut seen, mut seats) = (BTreeSet::new(), Vec::new());
        let longest = self.lists.iter().map(Vec::len).max().unwrap_or_default();
        for rank in 0..longest {
            let at_rank = self.lists.iter().filter_map(|list| list.get(rank));
            seats.extend(at_rank.filter(|seat| seen.insert(**seat)));
        }
        seats
    }

    /// The performance; `None` if there are no seats.
    pub fn performance(&self) -> Option<PerformanceId> {
        self.lists.iter().flatten().map(|seat| seat.performance).next()
    }
}

impl Scope {
    /// Adds another command's rows, for a batch that is locked together. Candidates of one performance become one list: each
    /// command finds what those before it have left.
    pub fn extend(&mut self, other: Self) {
        let Self {
            buyers,
            reservations,
            new_reservations,
            payments,
            new_payments,
            wallets,
            seats,
            idempotency_records,
            candidates,
        } = other;
        self.buyers.extend(buyers);
        self.reservations.extend(reservations);
        self.new_reservations.extend(new_reservations);
        self.payments.extend(payments);
        self.new_payments.extend(new_payments);
        self.wallets.extend(wallets);
        self.seats.extend(seats);
        self.idempotency_records.extend(idempotency_records);
        for more in candidates {
            self.add_candidates(more);
        }
    }

    fn add_candidates(&mut self, more: Candidates) {
        let same = self.candidates.iter_mut().find(|known| known.performance() == more.performance());
        let Some(known) = same else { return self.candidates.push(more) };
        known.lists.extend(more.lists);
        known.most += more.most;
    }

    pub(super) fn add_seats(&mut self, performance: PerformanceId, numbers: impl Iterator<Item = SeatNumber>) {
        self.seats.extend(numbers.map(|number| SeatKey { performance, number }));
    }
}

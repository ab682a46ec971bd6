//! All rows of the hot path in plain maps: the smallest store there can be.

use crate::booking::carry_out;
use crate::booking::{
    CarriedOut, Command, CommandKey, Event, IdempotencyRecord, Locked, Outcome, Reservation, Scope, Seat, SeatKey,
    SeatState, Stale, Stop, Ticket, TicketKey, WriteSet,
};
use crate::catalogue::SeatNumber;
use crate::id::{PaymentId, PerformanceId, ReservationId, TransferId, UserId};
use crate::money::{Payment, Transfer, Wallet};
use crate::record::{Record, Version, Write};
use crate::time::Instant;
use crate::waiting_room::{Admission, Buyer, BuyerKey};
use std::collections::{BTreeMap, BTreeSet};

/// The rows that commands lock and write. In-memory stores keep one behind a lock, simulations run on one, and
/// [`audit`](crate::audit) reads one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BookingState {
    /// All buyers, by sale and user.
    pub buyers: BTreeMap<BuyerKey, Buyer>,
    /// All reservations.
    pub reservations: BTreeMap<ReservationId, Reservation>,
    /// All payments.
    pub payments: BTreeMap<PaymentId, Payment>,
    /// All wallets that were ever written.
    pub wallets: BTreeMap<UserId, Wallet>,
    /// The seats of all published performances.
    pub seats: BTreeMap<SeatKey, Seat>,
    /// All tickets, void ones too.
    pub tickets: BTreeMap<TicketKey, Ticket>,
    /// All transfers.
    pub transfers: BTreeMap<TransferId, Transfer>,
    /// Admissions of waiting rooms that have not ended.
    pub admissions: BTreeMap<BuyerKey, Admission>,
    /// All idempotency records.
    pub idempotency_records: BTreeMap<CommandKey, IdempotencyRecord>,
    /// The live reservations of each buyer who has any: those that have ended cost a command nothing.
    live: BTreeMap<BuyerKey, BTreeSet<ReservationId>>,
}

impl BookingState {
    /// Makes the rows of a performance's seats, free, where there are none yet.
    pub fn open_seats(&mut self, performance: PerformanceId, numbers: impl IntoIterator<Item = SeatNumber>) {
        for number in numbers {
            let key = SeatKey { performance, number };
            let seat = Seat { key, state: SeatState::Free, version: Version::FIRST };
            self.seats.entry(key).or_insert(seat);
        }
    }

    /// Runs one command, whole; returns its outcome.
    pub fn execute(&mut self, command: &Command, now: Instant) -> Result<Outcome, Stop> {
        self.carry_out(command, now).map(|(outcome, _)| outcome)
    }

    /// Runs one command, whole; returns its outcome and the messages to send.
    pub fn carry_out(&mut self, command: &Command, now: Instant) -> Result<(Outcome, Vec<Event>), Stop> {
        let mut locked = self.lock(&command.scope(), now);
        let CarriedOut { outcome, events, writes } = carry_out(command, &mut locked, now)?;
        self.store(writes)?;
        Ok((outcome, events))
    }

    /// The rows of a scope as they are now.
    pub fn lock(&self, scope: &Scope, now: Instant) -> Locked {
        let mut locked = Locked::new(scope);
        scope.buyers.iter().filter_map(|key| self.buyers.get(key)).for_each(|row| locked.found_buyer(*row));
        let theirs = scope.buyers.iter().filter_map(|key| self.live.get(key)).flatten();
        let theirs = theirs.filter_map(|id| self.reservations.get(id));
        let named = scope.reservations.iter().filter_map(|id| self.reservations.get(id));
        theirs.chain(named).for_each(|row| locked.found_reservation(row.clone()));
        scope.payments.iter().filter_map(|id| self.payments.get(id)).for_each(|row| locked.found_payment(row.clone()));
        scope.wallets.iter().filter_map(|user| self.wallets.get(user)).for_each(|row| locked.found_wallet(*row));
        scope.seats.iter().filter_map(|key| self.seats.get(key)).for_each(|row| locked.found_seat(*row));
        let records = scope.idempotency_records.iter().filter_map(|key| self.idempotency_records.get(key));
        records.for_each(|row| locked.found_idempotency_record(row.clone()));
        for candidates in &scope.candidates {
            let seats = candidates.in_order().into_iter().filter_map(|key| self.seats.get(&key));
            let takeable = seats.filter(|seat| seat.state.can_be_taken(now)).take(candidates.most);
            takeable.for_each(|seat| locked.found_seat(*seat));
        }
        locked
    }

    /// Writes what was decided: all of it, or nothing if a row has moved on since it was read.
    pub fn store(&mut self, writes: WriteSet) -> Result<(), Stale> {
        self.check(&writes)?;
        put(&mut self.buyers, writes.buyers);
        writes.reservations.iter().for_each(|write| self.note_live(&write.row));
        put(&mut self.reservations, writes.reservations);
        put(&mut self.payments, writes.payments);
        put(&mut self.wallets, writes.wallets);
        put(&mut self.seats, writes.seats);
        let tickets = writes.tickets_voided.into_iter().chain(writes.tickets_issued);
        self.tickets.extend(tickets.map(|ticket| (ticket.key, ticket)));
        self.transfers.extend(writes.transfers.into_iter().map(|transfer| (transfer.id, transfer)));
        for key in &writes.admissions_ended {
            self.admissions.remove(key);
        }
        let records = writes.idempotency_records.into_iter();
        self.idempotency_records.extend(records.map(|record| (record.key.clone(), record)));
        Ok(())
    }

    fn note_live(&mut self, reservation: &Reservation) {
        let live = self.live.entry(reservation.buyer()).or_default();
        if reservation.state.is_live() {
            live.insert(reservation.id);
        } else {
            live.remove(&reservation.id);
        }
        if live.is_empty() {
            self.live.remove(&reservation.buyer());
        }
    }

    /// The reservations that the next `limit` sold seats of a performance are sold to, each once, and the last of these
    /// seats if there are more.
    pub fn sold(
        &self,
        performance: PerformanceId,
        after: Option<SeatNumber>,
        limit: u32,
    ) -> (Vec<Reservation>, Option<SeatNumber>) {
        let of_performance = self.seats.values().filter(|seat| seat.key.performance == performance);
        let rest = of_performance.filter(|seat| after.is_none_or(|after| seat.key.number > after));
        let sold = rest.filter_map(|seat| match seat.state {
            SeatState::Sold { to } => Some((seat.key.number, to)),
            _ => None,
        });
        let mut seats: Vec<(SeatNumber, ReservationId)> = sold.take(limit as usize + 1).collect();
        let more = seats.len() > limit as usize;
        seats.truncate(limit as usize);
        let next = seats.last().filter(|_| more).map(|(number, _)| *number);
        let ids: BTreeSet<ReservationId> = seats.into_iter().map(|(_, to)| to).collect();
        (ids.iter().filter_map(|id| self.reservations.get(id)).cloned().collect(), next)
    }

    /// Deletes the idempotency records written before that instant.
    pub fn forget_idempotency_records(&mut self, before: Instant) {
        self.idempotency_records.retain(|_, record| record.at >= before);
    }

    fn check(&self, writes: &WriteSet) -> Result<(), Stale> {
        guard(&self.buyers, &writes.buyers)?;
        guard(&self.reservations, &writes.reservations)?;
        guard(&self.payments, &writes.payments)?;
        guard(&self.wallets, &writes.wallets)?;
        guard(&self.seats, &writes.seats)?;
        let valid = |key: &TicketKey| self.tickets.get(key).map(|ticket| ticket.valid);
        let fine = writes.tickets_voided.iter().all(|t| valid(&t.key) == Some(true))
            && writes.tickets_issued.iter().all(|t| valid(&t.key).is_none())
            && writes.admissions_ended.iter().all(|key| self.admissions.contains_key(key))
            && writes.transfers.iter().all(|t| !self.transfers.contains_key(&t.id))
            && writes.idempotency_records.iter().all(|r| !self.idempotency_records.contains_key(&r.key));
        if fine { Ok(()) } else { Err(Stale("a ticket, an admission, a transfer or a key".into())) }
    }
}

fn guard<T: Record>(table: &BTreeMap<T::Key, T>, writes: &[Write<T>]) -> Result<(), Stale> {
    let moved = writes.iter().find(|write| table.get(&write.row.key()).map(Record::version) != write.read);
    moved.map_or(Ok(()), |write| Err(Stale(format!("{:?}", write.row.key()))))
}

fn put<T: Record>(table: &mut BTreeMap<T::Key, T>, writes: Vec<Write<T>>) {
    table.extend(writes.into_iter().map(|write| (write.row.key(), write.row)));
}

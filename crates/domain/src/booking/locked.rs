//! The rows that a command has locked, and how it changes them.

use super::{
    Broken, CommandKey, IdempotencyRecord, NotInScope, Rejection, Reservation, ReservationState, Row, Scope, Seat,
    SeatKey, Stop, Ticket, TicketKey, WriteSet,
};
use crate::catalogue::SeatNumber;
use crate::id::{PaymentId, PerformanceId, ReservationId, UserId};
use crate::money::{Payment, PaymentKind, Transfer, Wallet};
use crate::record::{Record, Version, Write, fields_that_differ};
use crate::time::Instant;
use crate::waiting_room::{Buyer, BuyerKey};
use std::collections::{BTreeMap, BTreeSet};

/// One row of a scope: the version that was read, and the row as it is now.
#[derive(Clone, Debug)]
struct Entry<T> {
    read: Option<Version>,
    row: Option<T>,
    changed: bool,
}

#[derive(Clone, Debug)]
struct Table<T: Record>(BTreeMap<T::Key, Entry<T>>);

impl<T: Record> Table<T> {
    fn of(keys: impl IntoIterator<Item = T::Key>) -> Self {
        Self(keys.into_iter().map(|key| (key, Entry { read: None, row: None, changed: false })).collect())
    }

    fn found(&mut self, row: T) {
        self.0.insert(row.key(), Entry { read: Some(row.version()), row: Some(row), changed: false });
    }

    fn get(&self, key: T::Key) -> Result<Option<&T>, NotInScope> {
        self.0.get(&key).map(|entry| entry.row.as_ref()).ok_or_else(|| NotInScope(format!("{key:?}")))
    }

    /// Whether the row can become `next`: one version on, and the same in what never changes.
    fn check(&self, next: &T) -> Result<(), Broken> {
        let key = next.key();
        let entry = self.0.get(&key).ok_or_else(|| Broken(format!("{key:?} is not in scope")))?;
        let expected = entry.row.as_ref().map_or(Version::FIRST, |current| current.version().next());
        if next.version() != expected {
            return Err(Broken(format!("{key:?} would go to {:?} instead of {expected:?}", next.version())));
        }
        let allowed = entry.row.as_ref().map(|current| current.changed_to(next));
        if let Some(allowed) = allowed.filter(|allowed| allowed != next) {
            let fields = fields_that_differ(&allowed, next);
            return Err(Broken(format!("{key:?} would change in what never changes: {fields}")));
        }
        Ok(())
    }

    fn set(&mut self, row: T) {
        if let Some(entry) = self.0.get_mut(&row.key()) {
            *entry = Entry { read: entry.read, row: Some(row), changed: true };
        }
    }

    fn check_and_set(&mut self, row: T) -> Result<(), Broken> {
        self.check(&row)?;
        self.set(row);
        Ok(())
    }

    fn rows(&self) -> impl Iterator<Item = &T> {
        self.0.values().filter_map(|entry| entry.row.as_ref())
    }

    /// Rows that have changed since they were read, or are new.
    fn writes(&self) -> Vec<Write<T>> {
        let changed = self.0.values().filter(|entry| entry.changed);
        changed.filter_map(|entry| Some(Write { row: entry.row.clone()?, read: entry.read })).collect()
    }
}

/// The rows that a scope names and their buyers' counted reservations, kept still by the buyer's lock: as they were found
/// under the locks, and as commands have changed them since.
#[derive(Clone, Debug)]
pub struct Locked {
    buyers: Table<Buyer>,
    reservations: Table<Reservation>,
    /// Those of `reservations` that exist: a batch has many buyers, and each command asks for those of one.
    by_buyer: BTreeMap<BuyerKey, BTreeSet<ReservationId>>,
    payments: Table<Payment>,
    wallets: Table<Wallet>,
    seats: Table<Seat>,
    candidates: BTreeSet<SeatKey>,
    idempotency_records: BTreeMap<CommandKey, Option<IdempotencyRecord>>,
    new_idempotency_records: BTreeSet<CommandKey>,
    issued: BTreeMap<TicketKey, Ticket>,
    voided: BTreeMap<TicketKey, Ticket>,
    transfers: Vec<Transfer>,
    admissions_ended: BTreeSet<BuyerKey>,
}

impl Locked {
    /// All rows of the scope, none of them found yet.
    pub fn new(scope: &Scope) -> Self {
        Self {
            buyers: Table::of(scope.buyers.iter().copied()),
            reservations: Table::of(scope.reservations.iter().chain(&scope.new_reservations).copied()),
            by_buyer: BTreeMap::new(),
            payments: Table::of(scope.payments.iter().chain(&scope.new_payments).copied()),
            wallets: Table::of(scope.wallets.iter().copied()),
            seats: Table::of(scope.seats.iter().copied()),
            candidates: scope.candidates.iter().flat_map(|candidates| &candidates.lists).flatten().copied().collect(),
            idempotency_records: scope.idempotency_records.iter().map(|key| (key.clone(), None)).collect(),
            new_idempotency_records: BTreeSet::new(),
            issued: BTreeMap::new(),
            voided: BTreeMap::new(),
            transfers: Vec::new(),
            admissions_ended: BTreeSet::new(),
        }
    }

    /// A buyer of the scope, as the store read it under its lock; what is not found is absent.
    pub fn found_buyer(&mut self, buyer: Buyer) {
        self.buyers.found(buyer);
    }

    /// A reservation that the scope names, or one of a buyer in scope: a store passes all reservations of those buyers that
    /// are [live](ReservationState::is_live), because the limit per person counts them.
    pub fn found_reservation(&mut self, reservation: Reservation) {
        self.note_buyer(&reservation);
        self.reservations.found(reservation);
    }

    /// See [`Locked::found_buyer`].
    pub fn found_payment(&mut self, payment: Payment) {
        self.payments.found(payment);
    }

    /// See [`Locked::found_buyer`].
    pub fn found_wallet(&mut self, wallet: Wallet) {
        self.wallets.found(wallet);
    }

    /// See [`Locked::found_buyer`].
    pub fn found_seat(&mut self, seat: Seat) {
        self.seats.found(seat);
    }

    /// The record of a command that was carried out before: a repetition gets its outcome.
    pub fn found_idempotency_record(&mut self, record: IdempotencyRecord) {
        self.idempotency_records.insert(record.key.clone(), Some(record));
    }

    /// The buyer; `None` for a user who has never booked in the sale, nor been admitted to it.
    pub fn buyer(&self, key: BuyerKey) -> Result<Option<&Buyer>, NotInScope> {
        self.buyers.get(key)
    }

    /// How many seats count against the buyer's limit, those of the reservation `without` left aside.
    pub fn usage(&self, key: BuyerKey, without: Option<ReservationId>, now: Instant) -> Result<u32, NotInScope> {
        let counted = self.reservations_of(key)?.filter(|r| Some(r.id) != without && r.counts(now));
        Ok(counted.map(Reservation::seat_count).sum())
    }

    /// The buyer's reservations that are live, and those that the scope names.
    pub fn reservations_of(&self, key: BuyerKey) -> Result<impl Iterator<Item = &Reservation>, NotInScope> {
        self.buyers.get(key)?;
        let ids = self.by_buyer.get(&key).into_iter().flatten();
        Ok(ids.filter_map(|id| self.reservations.get(*id).ok().flatten()))
    }

    /// The reservation, if it exists.
    pub fn reservation(&self, id: ReservationId) -> Result<Option<&Reservation>, NotInScope> {
        self.reservations.get(id)
    }

    /// The reservation, if it is that buyer's. The sender read whose it is without a lock, before the command was made.
    pub(super) fn reservation_of_buyer(&self, id: ReservationId, buyer: BuyerKey) -> Result<&Reservation, Stop> {
        self.buyers.get(buyer)?;
        let found = self.reservations.get(id)?.filter(|r| r.buyer() == buyer);
        Ok(found.ok_or(Rejection::ReservationUnknown)?)
    }

    /// The same, if it is of that performance and has exactly these seats: the scope has locked no others.
    pub(super) fn reservation_with_seats(
        &self,
        id: ReservationId,
        buyer: BuyerKey,
        performance: PerformanceId,
        seats: &BTreeSet<SeatNumber>,
    ) -> Result<&Reservation, Stop> {
        let reservation = self.reservation_of_buyer(id, buyer)?;
        let named = reservation.performance == performance && reservation.seats().eq(seats.iter().copied());
        if named { Ok(reservation) } else { Err(Rejection::ReservationUnknown.into()) }
    }

    /// The payment, if it exists.
    pub fn payment(&self, id: PaymentId) -> Result<Option<&Payment>, NotInScope> {
        self.payments.get(id)
    }

    /// The wallet, if it exists; one that does not is empty.
    pub fn wallet(&self, user: UserId) -> Result<Option<&Wallet>, NotInScope> {
        self.wallets.get(user)
    }

    /// The seat, if it exists.
    pub fn seat(&self, key: SeatKey) -> Result<Option<&Seat>, NotInScope> {
        self.seats.get(key)
    }

    /// The same for a candidate, of which a store locks only those that are to be had: `None` if it was not.
    pub fn candidate(&self, key: SeatKey) -> Result<Option<&Seat>, NotInScope> {
        match self.seats.get(key) {
            Err(_) if self.candidates.contains(&key) => Ok(None),
            seat => seat,
        }
    }

    /// The record of that key, if there is one.
    pub fn idempotency_record(&self, key: &CommandKey) -> Result<Option<&IdempotencyRecord>, NotInScope> {
        self.idempotency_records.get(key).map(Option::as_ref).ok_or_else(|| NotInScope(format!("{key:?}")))
    }

    /// Takes over the rows of a command's changes. Checks what the schema or a store would refuse, and what they could not
    /// see: versions, what never changes, transitions, one payment of a kind and ordinal per reservation, one valid ticket per
    /// seat.
    /// After an error some rows have been taken over, so that nothing may be written.
    pub(super) fn put_all(&mut self, rows: &[Row]) -> Result<(), Broken> {
        rows.iter().cloned().try_for_each(|row| self.put(row))
    }

    /// Keeps the outcome under the command's key, for repetitions.
    pub(super) fn put_idempotency_record(&mut self, record: IdempotencyRecord) -> Result<(), Broken> {
        let key = record.key.clone();
        match self.idempotency_records.insert(key.clone(), Some(record)) {
            Some(None) => {
                self.new_idempotency_records.insert(key);
                Ok(())
            }
            Some(Some(_)) => Err(Broken(format!("{key:?} has a record already"))),
            None => Err(Broken(format!("{key:?} is not in scope"))),
        }
    }

    /// The net of all changes since the rows were read, for the store to write.
    pub fn writes(&self) -> WriteSet {
        let new_records =
            self.new_idempotency_records.iter().filter_map(|key| self.idempotency_records.get(key)?.clone());
        WriteSet {
            buyers: self.buyers.writes(),
            reservations: self.reservations.writes(),
            payments: self.payments.writes(),
            wallets: self.wallets.writes(),
            seats: self.seats.writes(),
            tickets_voided: self.voided.values().copied().collect(),
            tickets_issued: self.issued.values().copied().collect(),
            transfers: self.transfers.clone(),
            admissions_ended: self.admissions_ended.iter().copied().collect(),
            idempotency_records: new_records.collect(),
        }
    }

    fn put(&mut self, row: Row) -> Result<(), Broken> {
        match row {
            Row::Buyer(buyer) => self.put_buyer(buyer),
            Row::Reservation(reservation) => self.put_reservation(reservation),
            Row::Payment(payment) => self.put_payment(payment),
            Row::Wallet(wallet) => self.wallets.check_and_set(wallet),
            Row::Seat(seat) => self.seats.check_and_set(seat),
            Row::Ticket(ticket) => self.put_ticket(ticket),
            Row::Transfer(transfer) => self.put_transfer(transfer),
            Row::AdmissionEnded(key) => self.end_admission(key),
        }
    }

    /// Only ticks give admissions.
    fn put_buyer(&mut self, next: Buyer) -> Result<(), Broken> {
        let current = self.buyers.get(next.key).ok().flatten();
        if next.admission.is_some() && current.is_none_or(|buyer| buyer.admission.is_none()) {
            return Err(Broken(format!("{:?} would be admitted without a tick", next.key)));
        }
        self.buyers.check_and_set(next)
    }

    fn end_admission(&mut self, key: BuyerKey) -> Result<(), Broken> {
        let gone = self.buyers.get(key).is_ok_and(|buyer| buyer.is_some_and(|buyer| buyer.admission.is_none()));
        if !gone || !self.admissions_ended.insert(key) {
            return Err(Broken(format!("the admission of {key:?} is not given back")));
        }
        Ok(())
    }

    fn put_reservation(&mut self, next: Reservation) -> Result<(), Broken> {
        self.reservations.check(&next)?;
        let current = self.reservations.get(next.id).ok().flatten();
        if let Some(current) = current.filter(|current| !current.may_become(&next)) {
            let (id, from, to) = (next.id, current.state, next.state);
            let (returned, then) = (&current.returned, &next.returned);
            return Err(Broken(format!("{id:?} can't go from {from:?} to {to:?}, nor from {returned:?} to {then:?}")));
        }
        if current.is_none() && !next.returned.is_empty() {
            return Err(Broken(format!("{:?} is new, and has returned seats", next.id)));
        }
        if next.refund_reason.is_some() && next.state != ReservationState::Refunded {
            return Err(Broken(format!("{:?} is not refunded, and has a reason", next.id)));
        }
        self.note_buyer(&next);
        self.reservations.set(next);
        Ok(())
    }

    fn note_buyer(&mut self, reservation: &Reservation) {
        self.by_buyer.entry(reservation.buyer()).or_default().insert(reservation.id);
    }

    fn put_payment(&mut self, next: Payment) -> Result<(), Broken> {
        self.payments.check(&next)?;
        let place = |p: &Payment| (p.reservation, p.kind, p.ordinal);
        let clash = |p: &Payment| p.id != next.id && p.reservation.is_some() && place(p) == place(&next);
        if self.payments.rows().any(clash) {
            return Err(Broken(format!("{:?} has a payment of that kind and ordinal", next.reservation)));
        }
        if (next.kind == PaymentKind::Charge) == next.reservation.is_some() {
            return Err(Broken(format!("{:?}: a charge has no reservation, all else has", next.id)));
        }
        if let Some(current) = self.payments.get(next.id).ok().flatten()
            && !current.state.may_become(next.state)
        {
            return Err(Broken(format!("{:?} has been settled", next.id)));
        }
        self.payments.set(next);
        Ok(())
    }

    fn put_ticket(&mut self, ticket: Ticket) -> Result<(), Broken> {
        if !ticket.valid {
            // A ticket issued by an earlier command of the same batch is inserted as void.
            let map = if self.issued.contains_key(&ticket.key) { &mut self.issued } else { &mut self.voided };
            map.insert(ticket.key, ticket);
            return Ok(());
        }
        let clash = self.issued.values().any(|t| t.valid && t.key.seat == ticket.key.seat);
        if clash || self.issued.insert(ticket.key, ticket).is_some() {
            return Err(Broken(format!("{:?} has a ticket", ticket.key.seat)));
        }
        Ok(())
    }

    fn put_transfer(&mut self, transfer: Transfer) -> Result<(), Broken> {
        if transfer.amount.is_zero() || transfer.debit == transfer.credit {
            return Err(Broken(format!("{:?} moves nothing", transfer.id)));
        }
        self.transfers.push(transfer);
        Ok(())
    }
}

//! A booking store that is as small as can be: the books behind a lock, a copy of them that outlives the process, and a
//! flaw.

use async_trait::async_trait;
use frontrow_application::port::{
    Auditor, BookingError, BookingStore, Entry, HoldPosition, IdempotencyRecordReader, LapsedHold, ReservationReader,
    SeatReader, SoldPage, StoreError, WalletReader,
};
use frontrow_application::{FaultId, Page, PageRequest};
use frontrow_contract_tests::{BookingStorePorts, Durability, Failure, Fixture, Programme, SuitePorts, World};
use frontrow_domain::{
    AccountId, BookingState, CarriedOut, Catalogue, Command, CommandKey, Event, Finding, IdempotencyRecord, Instant,
    Operation, Outcome, Payment, PaymentId, PaymentKind, PerformanceId, Points, Record, Reservation, ReservationId,
    ReservationState, Seat, SeatNumber, SeatState, Stale, Stop, Ticket, TransferId, UserId, Write, WriteSet, audit,
    carry_out,
};
use futures::future::BoxFuture;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is wrong with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing.
    None,
    /// Rows are read, and written later, whatever others have written meanwhile.
    NoLock,
    /// Nobody hears of anything.
    AnnouncesNothing,
    /// Everybody hears of everything twice.
    AnnouncesTwice,
    /// Rejected holds are announced, too.
    AnnouncesRefused,
    /// What is repeated is announced again.
    AnnouncesRepetitions,
    /// Everything ends with the process, contrary to what is said.
    KeepsNothing,
    /// What was answered last is not yet written when the process ends.
    LosesTheLast,
}

pub struct SmallStoreWorld(pub Flaw);

#[async_trait]
impl World for SmallStoreWorld {
    async fn fresh(&self, programme: &Programme, suite: &SuitePorts) -> Result<Fixture, Failure> {
        let mut bookings = BookingState::default();
        programme.seats().for_each(|seat| bookings.open_seats(seat.performance, [seat.number]));
        let disk =
            Arc::new(Mutex::new(Disk { empty: bookings.clone(), before: bookings.clone(), last: bookings.clone() }));
        Ok(Kept { flaw: self.0, catalogue: programme.ids(), suite: suite.clone(), disk }.open(bookings))
    }

    fn name(&self) -> String {
        format!("the small store ({:?})", self.0)
    }
}

/// What outlives the process.
#[derive(Clone)]
struct Kept {
    flaw: Flaw,
    catalogue: Catalogue,
    suite: SuitePorts,
    disk: Arc<Mutex<Disk>>,
}

struct Disk {
    empty: BookingState,
    before: BookingState,
    last: BookingState,
}

impl Kept {
    fn open(self, bookings: BookingState) -> Fixture {
        let again = self.clone();
        let store = Arc::new(Store { bookings: Mutex::new(bookings), kept: self });
        Fixture {
            booking: BookingStorePorts {
                store: store.clone(),
                idempotency_records: store.clone(),
                seats: store.clone(),
                reservations: store.clone(),
                wallets: store.clone(),
                auditor: store,
            },
            catalogue: None,
            accounts: None,
            keeping: None,
            queues: None,
            announces: true,
            durability: Durability::Kept(Box::new(move || again.reopen())),
            seat_snapshots: None,
            lose_next_commit: None,
            keep: Box::new(()),
        }
    }

    fn reopen(self) -> BoxFuture<'static, Result<Fixture, Failure>> {
        let bookings = {
            let disk = held(&self.disk);
            match self.flaw {
                Flaw::KeepsNothing => disk.empty.clone(),
                Flaw::LosesTheLast => disk.before.clone(),
                _ => disk.last.clone(),
            }
        };
        Box::pin(async move { Ok(self.open(bookings)) })
    }
}

struct Store {
    bookings: Mutex<BookingState>,
    kept: Kept,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl BookingStore for Store {
    async fn execute(&self, command: Command) -> Result<Outcome, BookingError> {
        let announce = |events: &[Event]| self.kept.suite.announcer.announce(events);
        match (self.carry_out(&command), self.kept.flaw) {
            (Ok((outcome, _)), Flaw::AnnouncesNothing) => Ok(outcome),
            (Ok((outcome, events)), Flaw::AnnouncesTwice) => {
                announce(&events);
                announce(&events);
                Ok(outcome)
            }
            (Ok((Outcome::Held(reservation), _)), Flaw::AnnouncesRepetitions) => {
                announce(&[Event::Held(reservation.id)]);
                Ok(Outcome::Held(reservation))
            }
            (Ok((outcome, events)), _) => {
                announce(&events);
                Ok(outcome)
            }
            (Err(Stop::Rejected(rejection)), flaw) => {
                if let (Flaw::AnnouncesRefused, Operation::Hold(hold)) = (flaw, &command.operation) {
                    announce(&[Event::Held(hold.reservation)]);
                }
                Err(rejection.into())
            }
            (Err(Stop::Replan), _) => Err(BookingError::Replan),
            (Err(_), _) => Err(BookingError::Fault(FaultId(uuid::Uuid::nil()))),
        }
    }
}

impl Store {
    fn carry_out(&self, command: &Command) -> Result<(Outcome, Vec<Event>), Stop> {
        let mut bookings = held(&self.bookings);
        if self.kept.flaw == Flaw::NoLock {
            let read = bookings.clone();
            drop(bookings);
            let (outcome, events, writes) = decided(&read, command, self.kept.suite.clock.now())?;
            overwrite(&mut held(&self.bookings), writes)?;
            return Ok((outcome, events));
        }
        let (outcome, events, writes) = decided(&bookings, command, self.kept.suite.clock.now())?;
        if !writes.is_empty() {
            bookings.store(writes)?;
            let disk = &mut *held(&self.kept.disk);
            disk.before = std::mem::replace(&mut disk.last, bookings.clone());
        }
        Ok((outcome, events))
    }
}

/// What comes of a command; nothing is to be written if it was carried out before.
fn decided(bookings: &BookingState, command: &Command, now: Instant) -> Result<(Outcome, Vec<Event>, WriteSet), Stop> {
    let mut locked = bookings.lock(&command.scope(), now);
    let CarriedOut { outcome, events, writes } = carry_out(command, &mut locked, now)?;
    Ok((outcome, events, writes))
}

/// Writes without guards: as if nobody had written since.
fn overwrite(bookings: &mut BookingState, mut writes: WriteSet) -> Result<(), Stale> {
    fn at<T: Record>(table: &BTreeMap<T::Key, T>, writes: &mut [Write<T>]) {
        for write in writes {
            write.read = table.get(&write.row.key()).map(Record::version);
        }
    }
    at(&bookings.buyers, &mut writes.buyers);
    at(&bookings.reservations, &mut writes.reservations);
    at(&bookings.payments, &mut writes.payments);
    at(&bookings.wallets, &mut writes.wallets);
    at(&bookings.seats, &mut writes.seats);
    writes.tickets_voided.retain(|ticket| bookings.tickets.get(&ticket.key).is_some_and(|known| known.valid));
    writes.tickets_issued.retain(|ticket| !bookings.tickets.contains_key(&ticket.key));
    writes.transfers.retain(|transfer| !bookings.transfers.contains_key(&transfer.id));
    writes.admissions_ended.retain(|key| bookings.admissions.contains_key(key));
    writes.idempotency_records.retain(|record| !bookings.idempotency_records.contains_key(&record.key));
    bookings.store(writes)
}

#[async_trait]
impl Auditor for Store {
    async fn audit(&self, now: Instant) -> Result<Vec<Finding>, StoreError> {
        Ok(audit(&held(&self.bookings), &self.kept.catalogue, now))
    }
}

#[async_trait]
impl IdempotencyRecordReader for Store {
    async fn idempotency_record(&self, key: &CommandKey) -> Result<Option<IdempotencyRecord>, StoreError> {
        Ok(held(&self.bookings).idempotency_records.get(key).cloned())
    }
}

#[async_trait]
impl SeatReader for Store {
    async fn not_free(&self, performance: PerformanceId) -> Result<Vec<Seat>, StoreError> {
        let bookings = held(&self.bookings);
        let seats = bookings.seats.values().filter(|seat| seat.key.performance == performance);
        Ok(seats.filter(|seat| seat.state != SeatState::Free).copied().collect())
    }
}

#[async_trait]
impl ReservationReader for Store {
    async fn reservation(&self, id: ReservationId) -> Result<Option<Reservation>, StoreError> {
        Ok(held(&self.bookings).reservations.get(&id).cloned())
    }

    async fn reservations_of(
        &self,
        user: UserId,
        page: PageRequest<ReservationId>,
    ) -> Result<Page<Reservation, ReservationId>, StoreError> {
        let bookings = held(&self.bookings);
        let newest_first = bookings.reservations.values().rev().filter(|r| r.user == user);
        let wanted = newest_first.filter(|r| page.after.is_none_or(|after| r.id < after));
        Ok(Page::of(wanted.take(page.limit as usize + 1).cloned().collect(), page.limit, |r: &Reservation| r.id))
    }

    async fn sold(
        &self,
        performance: PerformanceId,
        after: Option<SeatNumber>,
        limit: u32,
    ) -> Result<SoldPage, StoreError> {
        Ok(SoldPage::of(&held(&self.bookings), performance, after, limit))
    }

    async fn tickets(&self, reservation: ReservationId) -> Result<Vec<Ticket>, StoreError> {
        let bookings = held(&self.bookings);
        Ok(bookings.tickets.values().filter(|t| t.valid && t.reservation == reservation).copied().collect())
    }

    async fn lapsed(
        &self,
        after: HoldPosition,
        now: Instant,
        limit: u32,
    ) -> Result<Page<LapsedHold, HoldPosition>, StoreError> {
        let bookings = held(&self.bookings);
        let unmarked =
            bookings.reservations.values().filter(|r| r.state == ReservationState::Held && r.has_lapsed(now));
        let mut lapsed: Vec<LapsedHold> = unmarked.map(LapsedHold::of).filter(|hold| after < hold.position).collect();
        lapsed.sort_by_key(|hold| hold.position);
        Ok(Page::of(lapsed, limit, |hold| hold.position))
    }
}

#[async_trait]
impl WalletReader for Store {
    async fn balance(&self, user: UserId) -> Result<Points, StoreError> {
        Ok(held(&self.bookings).wallets.get(&user).map_or(Points::ZERO, |wallet| wallet.balance))
    }

    async fn entries(
        &self,
        user: UserId,
        page: PageRequest<TransferId>,
    ) -> Result<Page<Entry, TransferId>, StoreError> {
        let bookings = held(&self.bookings);
        let theirs = |account| account == AccountId::Wallet(user);
        let newest_first = bookings.transfers.values().rev().filter(|t| theirs(t.debit) || theirs(t.credit));
        let wanted = newest_first.filter(|t| page.after.is_none_or(|after| t.id < after));
        let entries = wanted.take(page.limit as usize + 1).filter_map(|transfer| {
            let Payment { kind, reservation, .. } = *bookings.payments.get(&transfer.payment)?;
            Some(Entry { transfer: *transfer, kind, reservation })
        });
        Ok(Page::of(entries.collect(), page.limit, |entry: &Entry| entry.transfer.id))
    }

    async fn charge(&self, id: PaymentId) -> Result<Option<Payment>, StoreError> {
        let bookings = held(&self.bookings);
        Ok(bookings.payments.get(&id).filter(|payment| payment.kind == PaymentKind::Charge).cloned())
    }

    async fn unsettled(&self, from: Instant, before: Instant, limit: u32) -> Result<Vec<Payment>, StoreError> {
        let bookings = held(&self.bookings);
        let pending = bookings.payments.values().filter(|p| p.state.is_open() && (from..before).contains(&p.at));
        let mut unsettled: Vec<Payment> = pending.cloned().collect();
        unsettled.sort_by_key(|payment| payment.at);
        unsettled.truncate(limit as usize);
        Ok(unsettled)
    }
}

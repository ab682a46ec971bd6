//! A store of a team's own: the books behind a lock, and a journal of all that was done, from which the books are made
//! again when the store is opened. It passes the contract suite, which is run here: that one brings a clock and an
//! announcer along, and opens the store again to see whether all that was answered is there.

use async_trait::async_trait;
use frontrow_application::port::{
    Auditor, BookingError, BookingStore, Entry, HoldPosition, IdempotencyRecordReader, LapsedHold, ReservationReader,
    SeatReader, SoldPage, StoreError, WalletReader,
};
use frontrow_application::{FaultId, Page, PageRequest};
use frontrow_contract_tests::{
    BookingStorePorts, Durability, Failure, Fixture, Part, Programme, SuitePorts, World, run_all,
};
use frontrow_domain::{
    AccountId, BookingState, CarriedOut, Catalogue, Command, CommandKey, Event, Finding, IdempotencyRecord, Instant,
    Outcome, Payment, PaymentId, PaymentKind, PerformanceId, Points, Reservation, ReservationId, ReservationState,
    Seat, SeatKey, SeatNumber, SeatState, Stop, Ticket, TransferId, UserId, audit, carry_out,
};
use futures::future::BoxFuture;
use std::sync::Arc;
use tokio::sync::Mutex;

/// The catalogue is kept elsewhere; the seats were told to the store when it was made.
struct OurStore {
    bookings: Mutex<BookingState>,
    kept: Kept,
}

/// What outlives the process, and what the store is opened with.
#[derive(Clone)]
struct Kept {
    seats: Vec<SeatKey>,
    catalogue: Catalogue,
    suite: SuitePorts,
    /// What was carried out, and when: a file, or a topic, in a real store.
    journal: Arc<Mutex<Vec<(Instant, Command)>>>,
}

#[async_trait]
impl BookingStore for OurStore {
    async fn execute(&self, command: Command) -> Result<Outcome, BookingError> {
        let done = self.carry_out(command).await.map_err(|refused| match refused {
            Stop::Rejected(rejection) => BookingError::Rejected(rejection),
            Stop::Replan => BookingError::Replan,
            _bug => BookingError::Fault(FaultId(uuid::Uuid::nil())),
        })?;
        // Only what is in the journal is announced, and what was repeated has no events.
        let (outcome, events) = done;
        if !events.is_empty() {
            self.kept.suite.announcer.announce(&events);
        }
        Ok(outcome)
    }
}

impl OurStore {
    async fn carry_out(&self, command: Command) -> Result<(Outcome, Vec<Event>), Stop> {
        let (bookings, journal) = (&mut *self.bookings.lock().await, &mut *self.kept.journal.lock().await);
        // Nothing is awaited from here to the end, so a caller who goes away can't leave anything half-done. The time is
        // asked for under the lock: whoever comes later sees what was decided by it.
        let now = self.kept.suite.clock.now();
        let mut locked = bookings.lock(&command.scope(), now);
        let CarriedOut { outcome, events, writes } = carry_out(&command, &mut locked, now)?;
        if !writes.is_empty() {
            bookings.store(writes)?;
            journal.push((now, command));
        }
        Ok((outcome, events))
    }
}

impl Kept {
    /// The rules are pure: the same commands at the same instants lead to the same books.
    async fn recover(&self) -> Result<BookingState, Stop> {
        let mut bookings = BookingState::default();
        self.seats.iter().for_each(|seat| bookings.open_seats(seat.performance, [seat.number]));
        self.journal.lock().await.iter().try_for_each(|(at, command)| bookings.execute(command, *at).map(drop))?;
        Ok(bookings)
    }

    /// As a process does that starts: nothing is left of the last one but what it kept.
    async fn open(self) -> Result<Fixture, Failure> {
        let bookings = Mutex::new(self.recover().await?);
        let again = self.clone();
        let store = Arc::new(OurStore { bookings, kept: self });
        Ok(Fixture {
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
        })
    }

    fn reopen(self) -> BoxFuture<'static, Result<Fixture, Failure>> {
        Box::pin(self.open())
    }
}

#[async_trait]
impl Auditor for OurStore {
    async fn audit(&self, now: Instant) -> Result<Vec<Finding>, StoreError> {
        let bookings = self.bookings.lock().await;
        Ok(audit(&bookings, &self.kept.catalogue, now))
    }
}

#[async_trait]
impl IdempotencyRecordReader for OurStore {
    async fn idempotency_record(&self, key: &CommandKey) -> Result<Option<IdempotencyRecord>, StoreError> {
        Ok(self.bookings.lock().await.idempotency_records.get(key).cloned())
    }
}

#[async_trait]
impl SeatReader for OurStore {
    async fn not_free(&self, performance: PerformanceId) -> Result<Vec<Seat>, StoreError> {
        let bookings = self.bookings.lock().await;
        let seats = bookings.seats.values().filter(|seat| seat.key.performance == performance);
        Ok(seats.filter(|seat| seat.state != SeatState::Free).copied().collect())
    }
}

#[async_trait]
impl ReservationReader for OurStore {
    async fn reservation(&self, id: ReservationId) -> Result<Option<Reservation>, StoreError> {
        Ok(self.bookings.lock().await.reservations.get(&id).cloned())
    }

    async fn reservations_of(
        &self,
        user: UserId,
        page: PageRequest<ReservationId>,
    ) -> Result<Page<Reservation, ReservationId>, StoreError> {
        let bookings = self.bookings.lock().await;
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
        Ok(SoldPage::of(&*self.bookings.lock().await, performance, after, limit))
    }

    async fn tickets(&self, reservation: ReservationId) -> Result<Vec<Ticket>, StoreError> {
        let bookings = self.bookings.lock().await;
        Ok(bookings.tickets.values().filter(|t| t.valid && t.reservation == reservation).copied().collect())
    }

    async fn lapsed(
        &self,
        after: HoldPosition,
        now: Instant,
        limit: u32,
    ) -> Result<Page<LapsedHold, HoldPosition>, StoreError> {
        let bookings = self.bookings.lock().await;
        let unmarked =
            bookings.reservations.values().filter(|r| r.state == ReservationState::Held && r.has_lapsed(now));
        let mut lapsed: Vec<LapsedHold> = unmarked.map(LapsedHold::of).filter(|hold| after < hold.position).collect();
        lapsed.sort_by_key(|hold| hold.position);
        Ok(Page::of(lapsed, limit, |hold| hold.position))
    }
}

#[async_trait]
impl WalletReader for OurStore {
    async fn balance(&self, user: UserId) -> Result<Points, StoreError> {
        let bookings = self.bookings.lock().await;
        Ok(bookings.wallets.get(&user).map_or(Points::ZERO, |wallet| wallet.balance))
    }

    async fn entries(
        &self,
        user: UserId,
        page: PageRequest<TransferId>,
    ) -> Result<Page<Entry, TransferId>, StoreError> {
        let bookings = self.bookings.lock().await;
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
        let bookings = self.bookings.lock().await;
        Ok(bookings.payments.get(&id).filter(|payment| payment.kind == PaymentKind::Charge).cloned())
    }

    async fn unsettled(&self, from: Instant, before: Instant, limit: u32) -> Result<Vec<Payment>, StoreError> {
        let bookings = self.bookings.lock().await;
        let pending = bookings.payments.values().filter(|p| p.state.is_open() && (from..before).contains(&p.at));
        let mut unsettled: Vec<Payment> = pending.cloned().collect();
        unsettled.sort_by_key(|payment| payment.at);
        unsettled.truncate(limit as usize);
        Ok(unsettled)
    }
}

struct OurWorld;

#[async_trait]
impl World for OurWorld {
    async fn fresh(&self, programme: &Programme, suite: &SuitePorts) -> Result<Fixture, Failure> {
        let (seats, catalogue) = (programme.seats().collect(), programme.ids());
        Kept { seats, catalogue, suite: suite.clone(), journal: Arc::default() }.open().await
    }

    fn name(&self) -> String {
        "our store".into()
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let report = run_all(Arc::new(OurWorld)).await;
    assert!(!report.passed.is_empty());
    report.require(&[
        Part::Catalogue,
        Part::Accounts,
        Part::Keeping,
        Part::Queues,
        Part::SeatSnapshots,
        Part::LostCommits,
    ])
}

#[test]
fn our_store_keeps_every_promise_of_a_booking_store() {
    main().unwrap();
}

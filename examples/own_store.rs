//! A store of a team's own: the books behind a lock, and a journal of all that was done, from which the books can be
//! made again. It passes the contract suite, which is run here.

use async_trait::async_trait;
use frontrow_application::port::{
    Auditor, BookingError, BookingStore, DoneReader, Entry, ReservationReader, SeatReader, StoreError, WalletReader,
};
use frontrow_application::{FaultId, Page, PageRequest};
use frontrow_contract_tests::{BookingPorts, Failure, Fixture, Part, Programme, World, run_all};
use frontrow_domain::{
    AccountId, Books, BuyerKey, Catalogue, Command, CommandKey, Done, Finding, Instant, Outcome, Payment, PaymentId,
    PaymentKind, PerformanceId, Points, Refused, Reservation, ReservationId, ReservationState, Seat, SeatKey,
    SeatState, Ticket, TransferId, UserId, audit,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::Mutex;

/// The catalogue is kept elsewhere; the seats were told to the store when it was made.
struct OurStore {
    inner: Mutex<Inner>,
    catalogue: Catalogue,
    now: Arc<AtomicI64>,
}

struct Inner {
    books: Books,
    /// What was carried out, and when: a file, or a topic, in a real store.
    journal: Vec<(Instant, Command)>,
}

#[async_trait]
impl BookingStore for OurStore {
    async fn execute(&self, command: Command) -> Result<Outcome, BookingError> {
        // Nothing is awaited between the lock and the end, so a caller who goes away can't leave anything half-done.
        let inner = &mut *self.inner.lock().await;
        let now = Instant::from_micros(self.now.load(Ordering::SeqCst));
        let outcome = inner.books.execute(&command, now).map_err(|refused| match refused {
            Refused::Rejected(rejection) => BookingError::Rejected(rejection),
            Refused::Replan => BookingError::Replan,
            _bug => BookingError::Fault(FaultId(uuid::Uuid::nil())),
        })?;
        inner.journal.push((now, command));
        Ok(outcome)
    }
}

impl Inner {
    /// The rules are pure: the same commands at the same instants lead to the same books.
    fn recover(seats: impl IntoIterator<Item = SeatKey>, journal: Vec<(Instant, Command)>) -> Result<Self, Refused> {
        let mut books = Books::default();
        seats.into_iter().for_each(|seat| books.open_seats(seat.performance, [seat.number]));
        journal.iter().try_for_each(|(at, command)| books.execute(command, *at).map(drop))?;
        Ok(Self { books, journal })
    }
}

/// After every case the books are made anew from the journal, which has to lead to the same.
#[async_trait]
impl Auditor for OurStore {
    async fn audit(&self, now: Instant) -> Result<Vec<Finding>, StoreError> {
        let inner = self.inner.lock().await;
        let recovered = Inner::recover(inner.books.seats.keys().copied(), inner.journal.clone());
        if recovered.is_ok_and(|recovered| recovered.books == inner.books) {
            Ok(audit(&inner.books, &self.catalogue, now))
        } else {
            Err(StoreError::Fault(FaultId(uuid::Uuid::nil())))
        }
    }
}

#[async_trait]
impl DoneReader for OurStore {
    async fn done(&self, key: &CommandKey) -> Result<Option<Done>, StoreError> {
        Ok(self.inner.lock().await.books.done.get(key).cloned())
    }
}

#[async_trait]
impl SeatReader for OurStore {
    async fn not_free(&self, performance: PerformanceId) -> Result<Vec<Seat>, StoreError> {
        let books = &self.inner.lock().await.books;
        let seats = books.seats.values().filter(|seat| seat.key.performance == performance);
        Ok(seats.filter(|seat| seat.state != SeatState::Free).copied().collect())
    }

    async fn available(&self, of: &[PerformanceId], now: Instant) -> Result<Vec<(PerformanceId, u32)>, StoreError> {
        let books = &self.inner.lock().await.books;
        let mut counts: Vec<(PerformanceId, u32)> = of.iter().map(|performance| (*performance, 0)).collect();
        for seat in books.seats.values().filter(|seat| seat.state.can_be_taken(now)) {
            if let Some((_, count)) = counts.iter_mut().find(|(performance, _)| *performance == seat.key.performance) {
                *count += 1;
            }
        }
        Ok(counts)
    }
}

#[async_trait]
impl ReservationReader for OurStore {
    async fn reservation(&self, id: ReservationId) -> Result<Option<Reservation>, StoreError> {
        Ok(self.inner.lock().await.books.reservations.get(&id).cloned())
    }

    async fn reservations_of(
        &self,
        user: UserId,
        page: PageRequest<ReservationId>,
    ) -> Result<Page<Reservation, ReservationId>, StoreError> {
        let books = &self.inner.lock().await.books;
        let newest_first = books.reservations.values().rev().filter(|r| r.user == user);
        let wanted = newest_first.filter(|r| page.after.is_none_or(|after| r.id < after));
        Ok(Page::of(wanted.take(page.limit as usize + 1).cloned().collect(), page.limit, |r: &Reservation| r.id))
    }

    async fn tickets(&self, reservation: ReservationId) -> Result<Vec<Ticket>, StoreError> {
        let books = &self.inner.lock().await.books;
        Ok(books.tickets.values().filter(|t| t.valid && t.reservation == reservation).copied().collect())
    }

    async fn lapsed(&self, now: Instant, limit: u32) -> Result<Vec<(ReservationId, BuyerKey)>, StoreError> {
        let books = &self.inner.lock().await.books;
        let unmarked = books.reservations.values().filter(|r| r.state == ReservationState::Held);
        let mut lapsed: Vec<&Reservation> = unmarked.filter(|r| r.has_lapsed(now)).collect();
        lapsed.sort_by_key(|r| r.held_until);
        Ok(lapsed.into_iter().take(limit as usize).map(|r| (r.id, r.buyer())).collect())
    }
}

#[async_trait]
impl WalletReader for OurStore {
    async fn balance(&self, user: UserId) -> Result<Points, StoreError> {
        let books = &self.inner.lock().await.books;
        Ok(books.wallets.get(&user).map_or(Points::ZERO, |wallet| wallet.balance))
    }

    async fn entries(
        &self,
        user: UserId,
        page: PageRequest<TransferId>,
    ) -> Result<Page<Entry, TransferId>, StoreError> {
        let books = &self.inner.lock().await.books;
        let theirs = |account| account == AccountId::Wallet(user);
        let newest_first = books.transfers.values().rev().filter(|t| theirs(t.debit) || theirs(t.credit));
        let wanted = newest_first.filter(|t| page.after.is_none_or(|after| t.id < after));
        let entries = wanted.take(page.limit as usize + 1).filter_map(|transfer| {
            let Payment { kind, reservation, .. } = *books.payments.get(&transfer.payment)?;
            Some(Entry { transfer: *transfer, kind, reservation })
        });
        Ok(Page::of(entries.collect(), page.limit, |entry: &Entry| entry.transfer.id))
    }

    async fn charge(&self, id: PaymentId) -> Result<Option<Payment>, StoreError> {
        let books = &self.inner.lock().await.books;
        Ok(books.payments.get(&id).filter(|payment| payment.kind == PaymentKind::Charge).cloned())
    }

    async fn unsettled(&self, from: Instant, before: Instant, limit: u32) -> Result<Vec<Payment>, StoreError> {
        let books = &self.inner.lock().await.books;
        let pending = books.payments.values().filter(|p| p.state.is_open() && (from..before).contains(&p.at));
        let mut unsettled: Vec<Payment> = pending.cloned().collect();
        unsettled.sort_by_key(|payment| payment.at);
        unsettled.truncate(limit as usize);
        Ok(unsettled)
    }
}

struct OurWorld;

#[async_trait]
impl World for OurWorld {
    async fn fresh(&self, programme: &Programme) -> Result<Fixture, Failure> {
        let now = Arc::new(AtomicI64::default());
        let inner = Mutex::new(Inner::recover(programme.seats(), Vec::new())?);
        let store = Arc::new(OurStore { inner, catalogue: programme.ids(), now: Arc::clone(&now) });
        Ok(Fixture {
            booking: BookingPorts {
                store: store.clone(),
                done: store.clone(),
                seats: store.clone(),
                reservations: store.clone(),
                wallets: store.clone(),
                auditor: store,
            },
            catalogue: None,
            accounts: None,
            keeping: None,
            lines: None,
            set_now: Box::new(move |instant| now.store(instant.micros(), Ordering::SeqCst)),
            lose_next_commit: None,
            keep: Box::new(()),
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let report = run_all(Arc::new(OurWorld)).await;
    assert!(!report.passed.is_empty());
    report.require(&[Part::Catalogue, Part::Accounts, Part::Keeping, Part::Lines, Part::LostCommits])
}

#[test]
fn our_store_keeps_every_promise_of_a_booking_store() {
    main().unwrap();
}

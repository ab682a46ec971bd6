//! Who gets their money back, and when a performance owes nothing any more.

use super::*;
use crate::Outage;
use crate::port::{MockBookingStore, MockClock, MockPerformanceRepository, MockReservationReader, OnSale, StoreError};
use crate::testing::{at, free_seats, on_sale, reads, request_key, sale, seat_number, user};
use frontrow_domain::{
    BookingState, Cancel, Charge, Hold, LineItem, Outcome, Pay, PaymentId, PaymentKind, Performance, PerformanceStatus,
    Points, ReservationId, ReservationState, Settle, Settlement, Stop, TransferId, UserId,
};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use uuid::Uuid;

const NOW: i64 = 100;

/// One performance that was cancelled, whose bookings are shared by all instances.
struct Stage {
    bookings: Mutex<BookingState>,
    owing: Mutex<Option<PerformanceId>>,
    now: AtomicI64,
    /// Whether the store has no time.
    busy: AtomicBool,
    /// It can't be given back as long as somebody else has it.
    locked: Mutex<Option<ReservationId>>,
    /// Rows that somebody has damaged.
    unreadable: Mutex<BTreeSet<ReservationId>>,
}

fn fault() -> StoreError {
    StoreError::Fault(crate::FaultId(Uuid::from_u128(9)))
}

fn cancelled() -> OnSale {
    let performance = Performance { status: PerformanceStatus::Cancelled, ..on_sale().performance };
    OnSale { performance, ..on_sale() }
}

impl Stage {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            bookings: Mutex::new(free_seats()),
            owing: Mutex::new(Some(on_sale().performance.id)),
            now: AtomicI64::new(NOW),
            busy: AtomicBool::new(false),
            locked: Mutex::default(),
            unreadable: Mutex::default(),
        })
    }

    /// What somebody bought before it was cancelled.
    fn bought(&self, n: u128, seat: u32) -> Reservation {
        self.bought_seats(n, &[seat])
    }

    fn bought_seats(&self, n: u128, seats: &[u32]) -> Reservation {
        let mut bookings = self.bookings.lock().unwrap();
        let mut run = |operation| bookings.execute(&Command::unkeyed(operation), at(NOW)).unwrap();
        let charge = PaymentId::new(Uuid::from_u128(n * 1000 + 1));
        let amount = Points::new(1000 * i64::try_from(seats.len()).unwrap()).unwrap();
        let gateway = "sandbox".to_owned();
        run(Operation::Charge(Charge { payment: charge, user: user(n), amount, provider: gateway }));
        let settlement = Settlement::Accepted { provider_ref: format!("ref-{n}") };
        let transfer = TransferId::new(Uuid::from_u128(n * 1000 + 2));
        run(Operation::Settle(Settle { payment: charge, user: user(n), settlement, transfer }));
        let terms = sale(0).terms_for(&on_sale().performance);
        let prices = on_sale().performance.prices;
        let line_item = |seat: &u32| prices.line_item(seat_number(*seat), "R", None).unwrap();
        let line_items: Vec<LineItem> = seats.iter().map(line_item).collect();
        let held = run(Operation::Hold(Hold {
            reservation: ReservationId::new(Uuid::from_u128(n)),
            performance: on_sale().performance.id,
            user: user(n),
            terms: terms.clone(),
            line_items,
        }));
        let Outcome::Held(held) = held else { panic!("{held:?}") };
        let paid = run(Operation::Pay(Pay {
            reservation: held.id,
            performance: held.performance,
            seats: held.seats().collect(),
            user: held.user,
            terms,
            payment: PaymentId::new(Uuid::from_u128(n * 1000 + 3)),
            transfer: TransferId::new(Uuid::from_u128(n * 1000 + 4)),
        }));
        let Outcome::Paid { reservation, .. } = paid else { panic!("{paid:?}") };
        reservation
    }

    fn state(&self, reservation: &Reservation) -> ReservationState {
        self.bookings.lock().unwrap().reservations[&reservation.id].state
    }

    fn balance(&self, user: UserId) -> i64 {
        self.bookings.lock().unwrap().wallets[&user].balance.amount()
    }

    fn execute(&self, command: &Command) -> Result<Outcome, BookingError> {
        let locked = *self.locked.lock().unwrap();
        let is_locked =
            matches!(&command.operation, Operation::Refund(refund) if Some(refund.cancel.reservation) == locked);
        if is_locked || self.busy.load(Ordering::Relaxed) {
            return Err(Outage::Busy { retry_after: Duration::ZERO }.into());
        }
        let now = at(self.now.load(Ordering::Relaxed));
        self.bookings.lock().unwrap().execute(command, now).map_err(|refused| match refused {
            Stop::Rejected(rejection) => rejection.into(),
            bug => panic!("{bug}"),
        })
    }
}

/// An instance that has just started.
fn instance(stage: &Arc<Stage>, first_id: u128) -> ReturnMoney {
    let (mut store, mut reservations) = (MockBookingStore::new(), MockReservationReader::new());
    let (mut performances, mut clock) = (MockPerformanceRepository::new(), MockClock::new());
    let s = Arc::clone(stage);
    store.expect_execute().returning(move |command| s.execute(&command));
    let s = Arc::clone(stage);
    reservations.expect_sold().returning(move |performance, after, limit| {
        let mut page = SoldPage::of(&s.bookings.lock().unwrap(), performance, after, limit);
        let unreadable = page.reservations.extract_if(.., |found| s.unreadable.lock().unwrap().contains(&found.id));
        page.unreadable = unreadable.map(|found| (found.id, fault())).collect();
        Ok(page)
    });
    let s = Arc::clone(stage);
    performances
        .expect_next_owing()
        .returning(move |after| Ok(s.owing.lock().unwrap().filter(|id| after.is_none_or(|after| *id > after))));
    let s = Arc::clone(stage);
    performances.expect_owes_nothing().returning(move |_| {
        *s.owing.lock().unwrap() = None;
        Ok(())
    });
    let s = Arc::clone(stage);
    clock.expect_now().returning(move || at(s.now.load(Ordering::Relaxed)));
    let mut made = crate::port::MockIdSource::new();
    let next = std::sync::atomic::AtomicU64::new(0);
    made.expect_id().returning(move || Uuid::from_u128(first_id + u128::from(next.fetch_add(1, Ordering::Relaxed))));
    let cancel = CancelReservation {
        store: Arc::new(store),
        reservations: Arc::new(reservations),
        on_sale: reads(cancelled()),
        ids: Arc::new(made),
    };
    ReturnMoney {
        performances: Arc::new(performances),
        cancel: Arc::new(cancel),
        clock: Arc::new(clock),
        progress: ReturnProgress::default(),
    }
}

#[tokio::test]
async fn everybody_gets_back_what_they_paid_and_then_nothing_is_owed() {
    let stage = Stage::new();
    let (kims, lees) = (stage.bought(1, 3), stage.bought(2, 5));
    assert_eq!((stage.balance(user(1)), stage.balance(user(2))), (0, 0));
    let money = instance(&stage, 1_000_000);
    assert_eq!(money.run().await, Ok(Returned { given_back: 2, failed: None, more: false }));
    for reservation in [&kims, &lees] {
        assert_eq!(stage.state(reservation), ReservationState::Refunded);
        assert_eq!(stage.balance(reservation.user), 1000);
    }
    // A payment may be on its way through another instance.
    for (seconds, owes) in [(0, true), (59, true), (60, false)] {
        stage.now.store(NOW + seconds, Ordering::Relaxed);
        assert_eq!(money.run().await, Ok(Returned::default()));
        assert_eq!(stage.owing.lock().unwrap().is_some(), owes, "{seconds}");
    }
    assert_eq!(money.run().await, Ok(Returned::default()), "there is nothing left to look at");
}

#[tokio::test]
async fn who_had_given_some_seats_back_gets_back_what_is_left() {
    let stage = Stage::new();
    let kims = stage.bought_seats(1, &[3, 4, 5]);
    let money = instance(&stage, 1_000_000);
    let (cancel, _) = money.cancel.of(&kims).await.unwrap();
    let cancel = Cancel { returned: Some([seat_number(4)].into()), ..cancel };
    stage.execute(&Command::unkeyed(Operation::Cancel(cancel))).unwrap();
    assert_eq!((stage.balance(user(1)), stage.state(&kims)), (1000, ReservationState::Confirmed));
    assert_eq!(money.run().await, Ok(Returned { given_back: 1, failed: None, more: false }));
    assert_eq!((stage.balance(user(1)), stage.state(&kims)), (3000, ReservationState::Refunded));
    let refunds = stage.bookings.lock().unwrap().payments.values().filter(|p| p.kind == PaymentKind::Refund).count();
    assert_eq!(refunds, 2);
}

#[tokio::test]
async fn what_was_sold_at_the_last_moment_is_found() {
    let stage = Stage::new();
    let money = instance(&stage, 1_000_000);
    money.run().await.unwrap();
    let late = stage.bought(1, 3);
    stage.now.store(NOW + 60, Ordering::Relaxed);
    assert_eq!(money.run().await.unwrap().given_back, 1);
    assert_eq!(stage.state(&late), ReservationState::Refunded);
    assert!(stage.owing.lock().unwrap().is_some(), "a pass has to find nothing");
    money.run().await.unwrap();
    assert!(stage.owing.lock().unwrap().is_none());
}

#[tokio::test]
async fn whoever_goes_on_after_a_crash_gives_nothing_back_twice() {
    let stage = Stage::new();
    stage.bought(1, 3);
    let lees = stage.bought(2, 5);
    instance(&stage, 1_000_000).run().await.unwrap();
    let other = instance(&stage, 2_000_000);
    assert_eq!(other.run().await, Ok(Returned::default()));
    assert_eq!((stage.balance(user(2)), stage.state(&lees)), (1000, ReservationState::Refunded));
}

#[tokio::test]
async fn a_store_without_time_is_asked_again_for_the_same_page() {
    let stage = Stage::new();
    let kims = stage.bought(1, 3);
    stage.bought(2, 5);
    stage.bought(3, 7);
    let money = instance(&stage, 1_000_000);
    stage.busy.store(true, Ordering::Relaxed);
    assert!(matches!(money.run().await, Err(Error::Outage(_))));
    assert_eq!(stage.state(&kims), ReservationState::Confirmed);
    stage.busy.store(false, Ordering::Relaxed);
    assert_eq!(money.run().await.unwrap().given_back, 3);
}

#[tokio::test]
async fn one_that_somebody_has_locked_keeps_no_other_from_it() {
    let stage = Stage::new();
    let (kims, lees) = (stage.bought(1, 3), stage.bought(2, 5));
    let money = instance(&stage, 1_000_000);
    *stage.locked.lock().unwrap() = Some(kims.id);
    let first = money.run().await.unwrap();
    assert_eq!(first.given_back, 1);
    assert!(matches!(first.failed, Some((id, Error::Outage(_))) if id == kims.id), "it says whose: {first:?}");
    assert_eq!(stage.state(&lees), ReservationState::Refunded);
    *stage.locked.lock().unwrap() = None;
    assert_eq!(money.run().await.unwrap().given_back, 1);
    assert_eq!(stage.state(&kims), ReservationState::Refunded);
}

#[tokio::test]
async fn one_that_cant_be_given_back_keeps_no_other_and_is_tried_in_every_pass() {
    let stage = Stage::new();
    let (kims, lees) = (stage.bought(1, 3), stage.bought(2, 5));
    // Kim's wallet has no room.
    let rich = |balance: i64| {
        let mut bookings = stage.bookings.lock().unwrap();
        bookings.wallets.get_mut(&user(1)).unwrap().balance = Points::new(balance).unwrap();
    };
    rich(Points::MAX.amount());
    let money = instance(&stage, 1_000_000);
    let returned = money.run().await.unwrap();
    let failed = Some((kims.id, Error::Rejected(Rejection::BalanceTooHigh)));
    assert_eq!((returned.given_back, returned.failed), (1, failed));
    assert_eq!((stage.state(&kims), stage.state(&lees)), (ReservationState::Confirmed, ReservationState::Refunded));
    stage.now.store(NOW + 3600, Ordering::Relaxed);
    assert!(money.run().await.unwrap().failed.is_some());
    assert!(stage.owing.lock().unwrap().is_some(), "it owes money as long as there is some");
    rich(0);
    assert_eq!(money.run().await, Ok(Returned { given_back: 1, failed: None, more: false }));
}

#[tokio::test]
async fn one_that_cant_be_read_keeps_no_other_from_it_and_money_is_owed_as_long_as_it_is_there() {
    let stage = Stage::new();
    let (kims, lees) = (stage.bought(1, 3), stage.bought(2, 5));
    stage.unreadable.lock().unwrap().insert(kims.id);
    let money = instance(&stage, 1_000_000);
    let returned = money.run().await.unwrap();
    assert_eq!((returned.given_back, returned.failed), (1, Some((kims.id, fault().into()))));
    assert_eq!((stage.state(&kims), stage.state(&lees)), (ReservationState::Confirmed, ReservationState::Refunded));
    for later in [3600, 7200] {
        stage.now.store(NOW + later, Ordering::Relaxed);
        assert!(money.run().await.unwrap().failed.is_some());
        assert!(stage.owing.lock().unwrap().is_some(), "nobody takes it for given back");
    }
    stage.unreadable.lock().unwrap().clear();
    assert_eq!(money.run().await.unwrap().given_back, 1);
}

#[tokio::test]
async fn its_owner_may_give_it_back_at_any_time() {
    let stage = Stage::new();
    let kims = stage.bought(1, 3);
    stage.now.store(1_000_000, Ordering::Relaxed);
    let money = instance(&stage, 1_000_000);
    let request = crate::ReservationRequest { reservation: kims.id, request: request_key(user(1)) };
    let (cancel, _) = money.cancel.of(&kims).await.unwrap();
    assert_eq!(kims.check_cancel(&cancel.terms, at(1_000_000)), Ok(()));
    let command = request.request.command(Operation::Cancel(cancel));
    stage.execute(&command).unwrap();
    assert_eq!(stage.state(&kims), ReservationState::Cancelled);
    assert_eq!(money.run().await, Ok(Returned::default()));
}

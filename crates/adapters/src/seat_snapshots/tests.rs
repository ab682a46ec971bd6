//! What is known of seats, and when it is read again.

use super::*;
use crate::ManualClock;
use frontrow_domain::{ReservationId, SeatKey, SeatNumber, SeatState, TAKEOVER_GRACE, Version};
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::Semaphore;
use uuid::Uuid;

/// Counts its reads. Each finds what is there when it begins, and then waits for a permit.
struct Slow {
    reads: AtomicU32,
    permits: Semaphore,
    /// Whose reads never end.
    stuck: Mutex<Option<PerformanceId>>,
    rows: Mutex<Vec<Seat>>,
    away: Mutex<Option<StoreError>>,
}

#[async_trait]
impl SeatReader for Slow {
    async fn not_free(&self, id: PerformanceId) -> Result<Vec<Seat>, StoreError> {
        let found = self.rows.lock().clone();
        self.reads.fetch_add(1, Ordering::SeqCst);
        if *self.stuck.lock() == Some(id) {
            std::future::pending::<()>().await;
        }
        self.permits.acquire().await.unwrap().forget();
        let away = self.away.lock().clone();
        away.map_or(Ok(found), Err)
    }
}

impl Slow {
    fn reads(&self) -> u32 {
        self.reads.load(Ordering::SeqCst)
    }

    async fn has_begun(&self, reads: u32) {
        while self.reads() < reads {
            tokio::task::yield_now().await;
        }
    }
}

fn shared(permits: usize) -> (Arc<SeatSnapshotCache>, Arc<Slow>, Arc<ManualClock>) {
    let slow = Slow {
        reads: AtomicU32::new(0),
        permits: Semaphore::new(permits),
        stuck: Mutex::default(),
        rows: Mutex::default(),
        away: Mutex::default(),
    };
    let (slow, clock) = (Arc::new(slow), Arc::new(ManualClock::at(Instant::from_micros(0))));
    (Arc::new(SeatSnapshotCache::new(slow.clone(), clock.clone())), slow, clock)
}

fn id() -> PerformanceId {
    PerformanceId::new(Uuid::nil())
}

fn seat(number: u32, state: SeatState) -> Seat {
    let key = SeatKey { performance: id(), number: SeatNumber::new(number).unwrap() };
    Seat { key, state, version: Version::FIRST }
}

fn sold(number: u32) -> Seat {
    seat(number, SeatState::Sold { to: ReservationId::new(Uuid::nil()) })
}

fn held(number: u32, until: i64) -> Seat {
    seat(number, SeatState::Held { by: ReservationId::new(Uuid::nil()), until: Instant::from_micros(until) })
}

/// The taken ones of the first ten seats.
fn taken(snapshot: &SeatSnapshot) -> Vec<u32> {
    let taken = (1..=10).filter_map(SeatNumber::new).filter(|number| snapshot.taken.contains(*number));
    let taken: Vec<u32> = taken.map(SeatNumber::get).collect();
    assert_eq!(snapshot.count as usize, taken.len());
    taken
}

#[tokio::test]
async fn seats_are_read_once_a_second() {
    let (shared, slow, clock) = shared(10);
    for (now, reads) in [(0, 1), (999_999, 1), (1_000_000, 2), (500_000, 3)] {
        clock.set(Instant::from_micros(now));
        shared.recent(id()).await.unwrap();
        assert_eq!(slow.reads(), reads, "at {now}");
    }
}

#[tokio::test]
async fn while_seats_are_read_again_nobody_waits_for_it_but_whoever_noticed() {
    let (shared, slow, clock) = shared(1);
    slow.rows.lock().push(sold(1));
    shared.recent(id()).await.unwrap();
    clock.set(Instant::from_micros(1_000_000));
    slow.rows.lock().push(sold(2));
    let noticed = tokio::spawn({
        let shared = Arc::clone(&shared);
        async move { shared.recent(id()).await }
    });
    slow.has_begun(2).await;
    assert_eq!(taken(&shared.recent(id()).await.unwrap()), [1]);
    clock.set(Instant::from_micros(3_000_000));
    let too_old = tokio::spawn({
        let shared = Arc::clone(&shared);
        async move { shared.recent(id()).await }
    });
    tokio::task::yield_now().await;
    assert!(!too_old.is_finished());
    slow.permits.add_permits(1);
    for waited in [noticed, too_old] {
        assert_eq!(taken(&waited.await.unwrap().unwrap()), [1, 2]);
    }
    assert_eq!(slow.reads(), 2);
}

#[tokio::test]
async fn a_read_that_may_have_missed_something_is_followed_by_one_for_all_who_wait() {
    let (shared, slow, clock) = shared(0);
    let ask = || {
        let (shared, now) = (Arc::clone(&shared), clock.now());
        tokio::spawn(async move { shared.fresh(id(), now).await.unwrap() })
    };
    let first = ask();
    slow.has_begun(1).await;
    let later: Vec<_> = (0..5).map(|_| ask()).collect();
    tokio::task::yield_now().await;
    slow.permits.add_permits(10);
    first.await.unwrap();
    for asked in later {
        asked.await.unwrap();
    }
    assert_eq!(slow.reads(), 2, "the first one had begun before the others asked");
}

const QUARTER: Duration = Duration::from_millis(250);

#[tokio::test]
async fn what_is_new_enough_is_not_read_again() {
    let (shared, slow, clock) = shared(10);
    for (now, reads) in [(0, 1), (249_999, 1), (250_000, 2), (100_000, 3)] {
        let now = Instant::from_micros(now);
        clock.set(now);
        for _ in 0..3 {
            shared.fresh(id(), now - QUARTER).await.unwrap();
        }
        assert_eq!(slow.reads(), reads, "at {now:?}");
    }
}

#[tokio::test]
async fn a_read_that_is_new_enough_is_shared_while_it_goes_on() {
    let (shared, slow, clock) = shared(0);
    let ask = || {
        let (shared, since) = (Arc::clone(&shared), clock.now() - QUARTER);
        tokio::spawn(async move { shared.fresh(id(), since).await.unwrap() })
    };
    let first = ask();
    slow.has_begun(1).await;
    clock.set(Instant::from_micros(200_000));
    let later: Vec<_> = (0..5).map(|_| ask()).collect();
    tokio::task::yield_now().await;
    slow.permits.add_permits(1);
    first.await.unwrap();
    for asked in later {
        asked.await.unwrap();
    }
    assert_eq!(slow.reads(), 1);
}

fn hall(number: u128) -> PerformanceId {
    PerformanceId::new(Uuid::from_u128(number))
}

#[tokio::test]
async fn nobody_who_books_waits_for_those_who_look() {
    let (shared, slow, clock) = shared(10);
    *slow.stuck.lock() = Some(hall(1));
    let look = |at| {
        let browsed = shared.browsed();
        tokio::spawn(async move { browsed.recent(hall(at)).await })
    };
    let stuck = look(1);
    slow.has_begun(1).await;
    let looks = look(2);
    while shared.performance(hall(2)).reads().going_on().is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(slow.reads(), 1, "it is not their turn");
    shared.recent(hall(3)).await.unwrap();
    assert_eq!(slow.reads(), 2, "a hall that nobody looks at");
    shared.fresh(hall(2), clock.now()).await.unwrap();
    assert_eq!(slow.reads(), 3, "the read that somebody who looks had asked for, and no other");
    looks.await.unwrap().unwrap();
    stuck.abort();
}

#[tokio::test]
async fn those_who_look_do_not_wait_for_who_books() {
    let (shared, slow, _) = shared(10);
    *slow.stuck.lock() = Some(hall(1));
    let books = Arc::clone(&shared);
    let stuck = tokio::spawn(async move { books.recent(hall(1)).await });
    slow.has_begun(1).await;
    shared.browsed().recent(hall(2)).await.unwrap();
    stuck.abort();
}

#[tokio::test]
async fn what_is_written_here_shows_at_once() {
    let (shared, slow, _) = shared(10);
    slow.rows.lock().extend([sold(1), held(2, 100)]);
    assert_eq!(taken(&shared.recent(id()).await.unwrap()), [1, 2]);
    shared.seats_written(&[sold(2), held(3, 100), seat(1, SeatState::Free)]);
    assert_eq!(taken(&shared.recent(id()).await.unwrap()), [2, 3]);
    assert_eq!(slow.reads(), 1);
}

#[tokio::test]
async fn what_is_written_during_a_read_is_not_lost_by_it() {
    let (shared, slow, _) = shared(0);
    slow.rows.lock().push(sold(1));
    let asked = tokio::spawn({
        let shared = Arc::clone(&shared);
        async move { shared.recent(id()).await.unwrap() }
    });
    slow.has_begun(1).await;
    shared.seats_written(&[sold(2), seat(1, SeatState::Free)]);
    slow.permits.add_permits(1);
    assert_eq!(taken(&asked.await.unwrap()), [2]);
    // The next read begins after it, and knows better: somebody else has been there.
    slow.rows.lock().clear();
    slow.permits.add_permits(1);
    assert_eq!(taken(&shared.fresh(id(), Instant::from_micros(0)).await.unwrap()), Vec::<u32>::new());
}

#[tokio::test]
async fn a_hold_ends_when_its_seat_can_be_taken_over() {
    let (shared, slow, clock) = shared(1);
    slow.rows.lock().push(held(1, 10));
    shared.seats_written(&[held(2, 10)]);
    let ends = Instant::from_micros(10) + TAKEOVER_GRACE;
    clock.set(ends - Duration::from_micros(1));
    let before = shared.recent(id()).await.unwrap();
    assert_eq!((taken(&before), before.any_held), (vec![1], true), "what nobody has asked about is not kept");
    clock.set(ends);
    let after = shared.recent(id()).await.unwrap();
    assert_eq!((taken(&after), after.any_held), (vec![], false));
}

#[tokio::test]
async fn as_long_as_nothing_has_changed_the_snapshot_is_the_same() {
    let (shared, slow, _) = shared(10);
    slow.rows.lock().extend([sold(1), held(2, 100)]);
    let first = shared.fresh(id(), Instant::from_micros(0)).await.unwrap();
    assert!(Arc::ptr_eq(&first, &shared.fresh(id(), Instant::from_micros(0)).await.unwrap()));
    assert!(Arc::ptr_eq(&first, &shared.recent(id()).await.unwrap()));
    slow.rows.lock()[1] = sold(2);
    let paid = shared.fresh(id(), Instant::from_micros(0)).await.unwrap();
    assert_eq!((taken(&paid), paid.any_held), (vec![1, 2], false));
}

#[tokio::test]
async fn what_fails_fails_for_all_who_wait_and_is_tried_again() {
    let (shared, slow, _) = shared(0);
    *slow.away.lock() = Some(CUT_OFF);
    let ask = || {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move { shared.recent(id()).await })
    };
    let waiting: Vec<_> = (0..5).map(|_| ask()).collect();
    slow.has_begun(1).await;
    slow.permits.add_permits(1);
    for waiting in waiting {
        assert_eq!(waiting.await.unwrap(), Err(CUT_OFF));
    }
    assert_eq!(slow.reads(), 1);
    *slow.away.lock() = None;
    slow.permits.add_permits(1);
    assert!(shared.recent(id()).await.is_ok());
}

//! Reads that many share.

use super::*;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::Notify;

struct Asked {
    reads: Arc<RecentReads<u32, u32, bool>>,
    begun: AtomicU32,
    go_on: Notify,
}

impl Asked {
    fn new() -> Arc<Self> {
        Arc::new(Self { reads: Arc::default(), begun: AtomicU32::new(0), go_on: Notify::new() })
    }

    /// Asks for key 1 at that many milliseconds; what is read is `found`.
    async fn at(self: &Arc<Self>, millis: i64, found: Option<u32>) -> Result<Option<u32>, StoreError> {
        self.ask((1, false), millis, found).await
    }

    /// The same for any key and one of two purposes.
    async fn ask(
        self: &Arc<Self>,
        key: (u32, bool),
        millis: i64,
        found: Option<u32>,
    ) -> Result<Option<u32>, StoreError> {
        let (now, asked) = (Instant::from_micros(millis * 1000), Arc::clone(self));
        let read = move || {
            asked.begun.fetch_add(1, Ordering::SeqCst);
            async move {
                asked.go_on.notified().await;
                Ok(found)
            }
        };
        let late = |_| Outage::Busy { retry_after: Duration::from_secs(1) };
        let found = self.reads.find(&Handle::current(), key, now, read, late).await;
        found.map(|found| found.map(|found| *found))
    }

    fn begin(
        self: &Arc<Self>,
        millis: i64,
        found: Option<u32>,
    ) -> tokio::task::JoinHandle<Result<Option<u32>, StoreError>> {
        let asked = Arc::clone(self);
        tokio::spawn(async move { asked.at(millis, found).await })
    }

    async fn has_begun(&self, reads: u32) {
        while self.begun.load(Ordering::SeqCst) < reads {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn it_is_read_once_a_second_whether_it_is_there_or_not() {
    for found in [Some(7), None] {
        let asked = Asked::new();
        for (millis, reads) in [(0, 1), (999, 1), (1000, 2), (500, 3)] {
            asked.go_on.notify_one();
            assert_eq!(asked.at(millis, found).await, Ok(found));
            assert_eq!(asked.begun.load(Ordering::SeqCst), reads, "at {millis}");
        }
    }
}

#[tokio::test]
async fn while_it_is_read_again_only_those_wait_who_have_nothing_or_something_too_old() {
    let asked = Asked::new();
    let first = [asked.begin(0, Some(1)), asked.begin(0, Some(1))];
    asked.has_begun(1).await;
    asked.go_on.notify_one();
    for first in first {
        assert_eq!(first.await.unwrap(), Ok(Some(1)));
    }
    let second = asked.begin(1000, Some(2));
    asked.has_begun(2).await;
    assert_eq!(asked.at(2999, Some(3)).await, Ok(Some(1)));
    let too_old = asked.begin(3000, Some(3));
    tokio::task::yield_now().await;
    assert!(!too_old.is_finished());
    asked.go_on.notify_one();
    assert_eq!((second.await.unwrap(), too_old.await.unwrap()), (Ok(Some(2)), Ok(Some(2))));
    assert_eq!(asked.begun.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn what_was_read_before_something_was_saved_is_shown_to_nobody_who_asks_after_it() {
    let asked = Asked::new();
    let before = asked.begin(0, Some(1));
    asked.has_begun(1).await;
    asked.reads.forget();
    let after = asked.begin(1, Some(2));
    asked.has_begun(2).await;
    asked.go_on.notify_waiters();
    assert_eq!((before.await.unwrap(), after.await.unwrap()), (Ok(Some(1)), Ok(Some(2))));
    assert_eq!(asked.at(2, Some(3)).await, Ok(Some(2)));
}

#[tokio::test]
async fn nobody_waits_for_a_read_that_was_begun_for_another_purpose() {
    let asked = Asked::new();
    let slow = asked.begin(0, Some(1));
    asked.has_begun(1).await;
    let hurried = Arc::clone(&asked);
    let hurried = tokio::spawn(async move { hurried.ask((1, true), 0, Some(2)).await });
    asked.has_begun(2).await;
    asked.go_on.notify_waiters();
    assert_eq!((hurried.await.unwrap(), slow.await.unwrap()), (Ok(Some(2)), Ok(Some(1))));
}

#[tokio::test]
async fn what_has_not_changed_stays_the_same() {
    let asked = Asked::new();
    let known = |now: i64| {
        let found = asked.reads.known.lock().recent(1, Instant::from_micros(now * 1000), FRESH);
        found.unwrap().unwrap()
    };
    asked.go_on.notify_one();
    asked.at(0, Some(1)).await.unwrap();
    let first = known(0);
    asked.go_on.notify_one();
    asked.at(1000, Some(1)).await.unwrap();
    assert!(Arc::ptr_eq(&first, &known(1000)));
}

#[tokio::test]
async fn a_read_that_ends_takes_out_itself_and_no_later_one_of_the_same_key() {
    let asked = Asked::new();
    let first = asked.begin(0, Some(1));
    asked.has_begun(1).await;
    asked.reads.forget();
    let second = asked.begin(0, Some(2));
    asked.has_begun(2).await;
    // Whoever waits longest is woken first.
    asked.go_on.notify_one();
    assert_eq!(first.await.unwrap(), Ok(Some(1)));
    let third = asked.begin(0, Some(3));
    asked.go_on.notify_one();
    assert_eq!((second.await.unwrap(), third.await.unwrap()), (Ok(Some(2)), Ok(Some(2))), "they share a read");
    assert_eq!(asked.begun.load(Ordering::SeqCst), 2);
    assert!(asked.reads.known.lock().reading.is_empty());
}

#[tokio::test]
async fn however_many_unknown_keys_are_asked_for_a_bounded_number_is_read() {
    const PEOPLE: usize = 10_000;
    let asked = Asked::new();
    asked.go_on.notify_one();
    assert_eq!(asked.at(0, Some(1)).await, Ok(Some(1)));
    let ask = |key, found| {
        let asked = Arc::clone(&asked);
        tokio::spawn(async move { asked.ask(key, 1000, found).await })
    };
    let guesses: Vec<_> = (100..).take(PEOPLE).map(|key| ask((key, false), None)).collect();
    while guesses.iter().filter(|guess| guess.is_finished()).count() < PEOPLE - MAX_GUESSES {
        tokio::task::yield_now().await;
    }
    let (known, hurried) = (ask((1, false), Some(2)), ask((7, true), Some(7)));
    let reads = 1 + u32::try_from(MAX_GUESSES).unwrap() + 2;
    asked.has_begun(reads).await;
    assert_eq!(asked.reads.known.lock().reading.len(), MAX_GUESSES + 2, "what was there once, and another purpose");

    while !asked.reads.known.lock().reading.is_empty() {
        asked.go_on.notify_waiters();
        tokio::task::yield_now().await;
    }
    assert_eq!((known.await.unwrap(), hurried.await.unwrap()), (Ok(Some(2)), Ok(Some(7))));
    let mut absent = 0;
    for guess in guesses {
        match guess.await.unwrap() {
            Ok(None) => absent += 1,
            refused => assert_eq!(refused, Err(TOO_MANY)),
        }
    }
    assert_eq!((absent, asked.begun.load(Ordering::SeqCst)), (MAX_GUESSES, reads));
    asked.go_on.notify_one();
    assert_eq!(asked.ask((50, false), 1000, None).await, Ok(None), "others may ask again");
}

#[tokio::test]
async fn a_read_that_fails_or_is_cut_off_is_not_waited_for() {
    let reads = Arc::<RecentReads<u32, u32, bool>>::default();
    let late = |_| Outage::Busy { retry_after: Duration::from_secs(1) };
    let gone = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let ended = gone.handle().clone();
    gone.shutdown_background();
    let cut_off = reads.find(&ended, (1, false), Instant::from_micros(0), || async { Ok(Some(1)) }, late).await;
    assert_eq!(cut_off.map(|found| found.map(|found| *found)), Err(CUT_OFF));
    assert!(reads.known.lock().reading.is_empty());
    let fails = || async { Err(StoreError::Stale) };
    let failed = reads.find(&Handle::current(), (1, false), Instant::from_micros(0), fails, late).await;
    assert_eq!(failed.map(|found| found.map(|found| *found)), Err(StoreError::Stale));
    assert!(reads.known.lock().reading.is_empty());
}

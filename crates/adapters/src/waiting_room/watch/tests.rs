//! Whoever waits hears of their admission, and the store is not asked more than it has to be.

use super::*;
use frontrow_application::Outage;
use frontrow_application::port::{MockQueueStore, StoreError};
use frontrow_domain::{AdmissionPeriod, SaleId, UserId};
use futures::future::join_all;
use std::sync::atomic::{AtomicBool, Ordering};
use uuid::Uuid;

/// Longer than any test.
const FOR_EVER: Duration = Duration::from_hours(1);

fn key(n: u128) -> BuyerKey {
    BuyerKey { sale: SaleId::new(Uuid::nil()), user: UserId::new(Uuid::from_u128(n)) }
}

fn buyer(key: BuyerKey) -> Buyer {
    let until = frontrow_domain::Instant::from_micros(1);
    Buyer { admission: Some(AdmissionPeriod { until, max_until: until }), generation: 1, ..Buyer::next(key, None) }
}

/// Who is admitted, and what was asked.
#[derive(Default)]
struct FakeQueue {
    admitted: Mutex<BTreeSet<BuyerKey>>,
    asked: Mutex<Vec<Vec<BuyerKey>>>,
    broken: AtomicBool,
}

impl FakeQueue {
    fn watch(self: &Arc<Self>, every: Duration) -> Arc<SharedWatch> {
        let (queue, mut store) = (Arc::clone(self), MockQueueStore::new());
        store.expect_admitted().returning(move |keys| {
            queue.asked.lock().push(keys.to_vec());
            if queue.broken.load(Ordering::SeqCst) {
                return Err(StoreError::Outage(Outage::Busy { retry_after: Duration::ZERO }));
            }
            let admitted = queue.admitted.lock();
            Ok(keys.iter().filter(|key| admitted.contains(key)).copied().map(buyer).collect())
        });
        Arc::new(SharedWatch::asking_every(every, Arc::new(store)))
    }

    fn admit(&self, keys: impl IntoIterator<Item = BuyerKey>) {
        self.admitted.lock().extend(keys);
    }

    fn asked(&self) -> Vec<Vec<BuyerKey>> {
        self.asked.lock().clone()
    }
}

fn wait(watch: &Arc<SharedWatch>, key: BuyerKey, within: Duration) -> JoinHandle<Option<Buyer>> {
    let watch = Arc::clone(watch);
    tokio::spawn(async move { watch.admitted(key, within).await })
}

async fn until(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_mins(1), wait).await.expect("the condition has to come");
}

#[tokio::test]
async fn all_who_wait_are_asked_about_together() {
    const PEOPLE: u128 = 1200;
    let queue = Arc::new(FakeQueue::default());
    let watch = queue.watch(Duration::from_millis(20));
    let waiting: Vec<_> = (0..PEOPLE).map(|n| wait(&watch, key(n), FOR_EVER)).collect();
    until(|| queue.asked().len() >= 3).await;
    let sizes: Vec<usize> = queue.asked().iter().take(3).map(Vec::len).collect();
    assert_eq!(sizes, [500, 500, 200]);
    queue.admit((0..PEOPLE).map(key));
    for (heard, n) in join_all(waiting).await.into_iter().zip(0..) {
        assert_eq!(heard.unwrap(), Some(buyer(key(n))));
    }
}

#[tokio::test]
async fn nobody_is_asked_while_nobody_waits() {
    let queue = Arc::new(FakeQueue::default());
    let watch = queue.watch(Duration::from_millis(1));
    assert_eq!(watch.admitted(key(1), Duration::from_millis(20)).await, None);
    until(|| watch.0.waiting().asking.is_none()).await;
    assert!(watch.0.waiting().people.is_empty());
    let asked = queue.asked().len();
    assert!(asked > 0);
    queue.admit([key(1)]);
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(queue.asked().len(), asked);
    assert_eq!(watch.admitted(key(1), FOR_EVER).await, Some(buyer(key(1))), "it asks again when somebody waits again");
}

#[tokio::test]
async fn who_is_admitted_here_hears_of_it_at_once() {
    let queue = Arc::new(FakeQueue::default());
    let watch = queue.watch(FOR_EVER);
    let (here, too, other) = (wait(&watch, key(1), FOR_EVER), wait(&watch, key(1), FOR_EVER), key(2));
    let waits = wait(&watch, other, FOR_EVER);
    until(|| watch.0.waiting().people.values().map(Vec::len).sum::<usize>() == 3).await;
    queue.admit([key(1), key(3)]);
    watch.admitted_here(&[key(1), key(3)]);
    assert_eq!((here.await.unwrap(), too.await.unwrap()), (Some(buyer(key(1))), Some(buyer(key(1)))), "in both tabs");
    assert_eq!(queue.asked(), [[key(1)]], "the others wait elsewhere, or have not been admitted");
    assert!(!waits.is_finished());
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_asked_again() {
    let queue = Arc::new(FakeQueue::default());
    queue.broken.store(true, Ordering::SeqCst);
    queue.admit([key(1)]);
    let watch = queue.watch(Duration::from_millis(1));
    let waits = wait(&watch, key(1), FOR_EVER);
    until(|| queue.asked().len() > 2).await;
    assert!(!waits.is_finished());
    queue.broken.store(false, Ordering::SeqCst);
    assert_eq!(waits.await.unwrap(), Some(buyer(key(1))));
}

#[tokio::test]
async fn who_asks_is_replaced_if_they_were_cut_off() {
    let queue = Arc::new(FakeQueue::default());
    let watch = queue.watch(Duration::from_millis(1));
    let first = wait(&watch, key(1), FOR_EVER);
    until(|| !queue.asked().is_empty()).await;
    watch.0.waiting().asking.as_ref().unwrap().abort();
    until(|| watch.0.waiting().asking.as_ref().unwrap().is_finished()).await;
    queue.admit([key(1), key(2)]);
    let second = wait(&watch, key(2), FOR_EVER);
    assert_eq!((first.await.unwrap(), second.await.unwrap()), (Some(buyer(key(1))), Some(buyer(key(2)))));
}

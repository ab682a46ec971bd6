//! A lobby of very many people is drawn where nobody waits for the thread: other queues are ticked all the time.

use super::{Ticker, begin_each};
use frontrow_adapters::{ManualClock, SharedWatch, sha256};
use frontrow_application::ShowAvailability;
use frontrow_application::port::{
    MockNumberDispenser, MockOnSaleReader, MockQueueStore, MockSaleRepository, MockSeatSnapshots, TickReport,
};
use frontrow_application::waiting_room::{DueTick, QueueViews, TickCache, TickQueues};
use frontrow_domain::waiting_room::{Group, Phase, Queue, QueueNumber, WaitingRoom};
use frontrow_domain::{Instant, Sale, SaleId, UserId, testing};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::timeout;
use uuid::Uuid;

/// People in the lobby, unless `FRONTROW_TEST_LOBBY_PEOPLE` says how many.
const PEOPLE: u64 = 50_000;
/// How often the thread that makes the lists and the lots waits for the other queue: after so many digests.
const DIGESTS_AT_A_TIME: u64 = 5000;
/// No test waits longer for a step.
const PATIENCE: Duration = Duration::from_mins(1);
const NOW: Instant = Instant::from_micros(1_000_000);

static DIGESTS: AtomicU64 = AtomicU64::new(0);
/// How often the other queue was ticked.
static OTHER_TICKS: (Mutex<u64>, Condvar) = (Mutex::new(0), Condvar::new());

/// SHA-256, which does not go on unless the other queue does.
fn waiting_sha256(text: &[u8]) -> [u8; 32] {
    if DIGESTS.fetch_add(1, Ordering::SeqCst).is_multiple_of(DIGESTS_AT_A_TIME) {
        let (ticks, ticked) = &OTHER_TICKS;
        let known = ticks.lock().unwrap();
        // One may have begun before.
        let enough = *known + 2;
        let (_known, waited) = ticked.wait_timeout_while(known, PATIENCE, |ticks| *ticks < enough).unwrap();
        assert!(!waited.timed_out(), "the other queue stands still while the lobby is drawn");
    }
    sha256(text)
}

fn people() -> u64 {
    std::env::var("FRONTROW_TEST_LOBBY_PEOPLE").map_or(PEOPLE, |people| people.parse().unwrap())
}

/// Sale `n`, whose queue has opened.
fn sale(n: u128, draw: bool) -> (Sale, Queue) {
    let room = WaitingRoom { draw, ..testing::waiting_room().build() };
    let sale = testing::sale().id(SaleId::new(Uuid::from_u128(n))).waiting_room(room.clone()).build();
    let mut queue = Queue::new(&sale, &room, [3; 32], NOW);
    (queue.phase, queue.gathered) = (Phase::Open, true);
    if draw {
        (queue.groups[0].issued, queue.groups[0].drawn) = (people(), people());
    }
    (sale, queue)
}

/// Ticks change nothing but the version; the first queue's draw goes on.
fn store(drawn: Queue, other: Queue) -> MockQueueStore {
    let mut store = MockQueueStore::new();
    let (drawn, other) = (Arc::new(Mutex::new(drawn)), Mutex::new(other));
    let ticked = Arc::clone(&drawn);
    store.expect_tick().returning(move |order| {
        let is_other = order.sale.id == other.lock().unwrap().sale;
        let mut queue = if is_other { other.lock().unwrap() } else { ticked.lock().unwrap() };
        queue.version = queue.version.next();
        if is_other {
            *OTHER_TICKS.0.lock().unwrap() += 1;
            OTHER_TICKS.1.notify_all();
        }
        Ok(Some(TickReport { queue: queue.clone(), admitted: Vec::new(), ended: 0, quiet: false }))
    });
    store.expect_update_queue().returning(move |_, update, _| {
        let mut queue = drawn.lock().unwrap();
        Ok(Some(queue.update(update).inspect(|next| queue.clone_from(next))))
    });
    store
}

/// Number `n` is user `n`'s.
fn dispenser() -> MockNumberDispenser {
    let mut dispenser = MockNumberDispenser::new();
    dispenser.expect_issued().returning(|_, _| Ok(vec![people()]));
    dispenser.expect_entries().returning(|_, _, after, limit| {
        let numbers = after + 1..=people().min(after + u64::from(limit));
        let user = |number: u64| UserId::new(Uuid::from_u128(number.into()));
        Ok(numbers.map(|number| (QueueNumber::new(number).unwrap(), user(number))).collect())
    });
    dispenser
}

fn nothing_to_sell() -> Arc<ShowAvailability> {
    let mut on_sale = MockOnSaleReader::new();
    on_sale.expect_on_sale().returning(|_| Ok(None));
    Arc::new(ShowAvailability { on_sale: Arc::new(on_sale), snapshots: Arc::new(MockSeatSnapshots::new()) })
}

/// There is one thread: whoever keeps it busy keeps everybody waiting.
#[tokio::test(flavor = "current_thread")]
async fn a_lobby_is_drawn_while_another_queue_goes_on_being_ticked() {
    let ((drawn_sale, drawn), (other_sale, other)) = (sale(1, true), sale(2, false));
    let id = drawn.sale;
    let store = Arc::new(store(drawn.clone(), other.clone()));
    let views = Arc::new(QueueViews::new(waiting_sha256));
    views.replace(drawn, Arc::new(drawn_sale), NOW);
    views.replace(other, Arc::new(other_sale), NOW);
    let queues = Arc::new(TickQueues {
        queues: Arc::clone(&views),
        store: store.clone(),
        dispenser: Arc::new(dispenser()),
        sales: Arc::new(MockSaleRepository::new()),
        seats: nothing_to_sell(),
        browsed_seats: nothing_to_sell(),
        digest: waiting_sha256,
        clock: Arc::new(ManualClock::at(NOW)),
        cache: TickCache::default(),
    });
    let ticker = Arc::new(Ticker::new(Arc::new(SharedWatch::new(store))));
    let (stop, (tell, mut told)) = (watch::Sender::new(false), mpsc::unbounded_channel());
    let stopped = stop.subscribe();
    let running = tokio::spawn(async move {
        let (bell, stopping) = (Notify::new(), stopped.clone());
        let due = |urgent| queues.due(urgent);
        let task = |due: DueTick| {
            let (ticker, stopping, tell) = (Arc::clone(&ticker), stopping.clone(), tell.clone());
            async move {
                let is_draw = due.keeps_busy();
                ticker.tick_or_draw(due, stopping).await;
                if is_draw {
                    // Once the lobby is drawn nobody may be listening any more.
                    tell.send(()).unwrap_or_default();
                }
            }
        };
        begin_each(Duration::from_millis(1), &bell, stopped, due, task).await;
    });
    let is_drawn = || {
        let view = views.view(id).unwrap();
        view.is_ranked() && view.queue.is_drawn()
    };
    let drawn = async {
        while !is_drawn() {
            told.recv().await.unwrap();
        }
    };
    timeout(PATIENCE * 3, drawn).await.expect("the lobby is not drawn");
    stop.send_replace(true);
    running.await.unwrap();

    assert!(DIGESTS.load(Ordering::SeqCst) > 2 * people(), "a digest for each line of the list, and for each lot");
    let view = views.view(id).unwrap();
    let ranks = view.ranks(Group::FIRST).unwrap();
    let mut drawn: Vec<u64> = (1..=people()).map(|n| ranks.rank(QueueNumber::new(n).unwrap()).get()).collect();
    assert!(!drawn.is_sorted(), "they are drawn");
    drawn.sort_unstable();
    assert!(drawn.into_iter().eq(1..=people()), "everybody has a rank of their own");
}

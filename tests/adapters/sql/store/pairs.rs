//! Pairs of the best seats, bought at two instances until there are none: nobody is sent away while there are some, and
//! nobody gets worse seats than there are.

use super::context::{PERFORMANCE, SALE, TestContext, user};
use super::crowd::{Gate, PATIENCE};
use super::testbed::{Testbed, on_every_database};
use frontrow_adapters::SeatSnapshotCache;
use frontrow_adapters::sql::{SqlReaders, SqlStore, StorePorts, StoreSettings};
use frontrow_application::port::{BookingError, BookingStore, IdSource, NoCooldown, OnSale, SeatReader, SeatSnapshots};
use frontrow_application::testing::{reads, request_key};
use frontrow_application::{BestSeats, Conflict, Error, HoldBestRequest, HoldBestSeats};
use frontrow_domain::{Layout, PaymentId, Rejection, Reservation, SeatNumber, SeatSet, SeatsSeen, Wish, testing};
use futures::FutureExt;
use futures::future::join_all;
use std::ops::Range;
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

const ROWS: u32 = 4;
const SEATS_OF_ROW: u32 = 16;
const PAIRS: usize = 32;
/// Where instances begin in a row.
const FRONT: u32 = 0;
const MIDDLE: u32 = 1 << 31;

type Told = Result<(Reservation, Arc<OnSale>), Error>;

/// One with memory of its own, which hears of nothing that the other one does until it reads.
struct Instance {
    gate: Arc<Gate>,
    store: Arc<SqlStore>,
    hold: HoldBestSeats,
}

impl Instance {
    async fn open(context: &TestContext, start: u32) -> Self {
        let (world, gate) = (&context.world, Arc::new(Gate::default()));
        let readers = Arc::new(SqlReaders::new(Arc::clone(&context.database)));
        let snapshots = Arc::new(SeatSnapshotCache::new(readers.clone(), world.clone()));
        // From now on the clock stands still, so that whoever plans waits for no read.
        snapshots.recent(PERFORMANCE).await.unwrap();
        let ports = StorePorts { clock: world.clone(), ids: world.clone(), announcer: snapshots.clone() };
        let settings = StoreSettings { workers: Some(1), ..StoreSettings::default() };
        let store = SqlStore::open_with_hook(&context.database, settings, ports, gate.clone()).await.unwrap();
        let store = Arc::new(store);
        let hold = HoldBestSeats {
            store: store.clone(),
            idempotency_records: readers,
            queues: Arc::default(),
            on_sale: reads(on_sale()),
            best: BestSeats::new(snapshots, world.clone(), start),
            cooldown: Arc::new(NoCooldown),
            ids: world.clone(),
            clock: world.clone(),
        };
        Self { gate, store, hold }
    }

    /// Its worker is busy until the gate is opened.
    async fn keep_busy(&self, context: &TestContext) -> JoinHandle<()> {
        let unknown = testing::payment().id(PaymentId::new(context.world.id())).user(user(1)).build();
        let (store, nothing) = (Arc::clone(&self.store), context.settle(&unknown));
        self.gate.close();
        let busy = tokio::spawn(async move {
            assert_eq!(store.execute(nothing).await, Err(BookingError::Rejected(Rejection::PaymentUnknown)));
        });
        self.gate.reached().await;
        busy
    }

    async fn buy(&self, buyer: u128) -> Told {
        let request = HoldBestRequest {
            performance: PERFORMANCE,
            sale: Some(SALE),
            wish: pair(),
            price_type: None,
            request: request_key(user(buyer)),
        };
        self.hold.run(request).await
    }
}

fn pair() -> Wish {
    Wish { count: 2, tier: "R".into(), accessible: false }
}

/// All seats of the context's performance.
fn on_sale() -> OnSale {
    let rows = (1..=ROWS).map(|row| testing::seat_row(&row.to_string(), SEATS_OF_ROW));
    let map = testing::seat_map().sections(vec![testing::seated("A", rows)]).build();
    OnSale {
        performance: testing::performance().id(PERFORMANCE).build(),
        venue: testing::venue().build(),
        layout: Arc::new(map.layout().unwrap()),
        sales: vec![testing::sale().id(SALE).build()],
    }
}

const fn row(seat: SeatNumber) -> u32 {
    (seat.get() - 1) / SEATS_OF_ROW
}

struct Sale {
    context: TestContext,
    instances: [Instance; 2],
    layout: Arc<Layout>,
    readers: SqlReaders,
}

impl Sale {
    async fn open(testbed: &Testbed, starts: [u32; 2]) -> Self {
        let context = TestContext::new(testbed, 1, Arc::new(Gate::default())).await;
        context.world.set_seconds(testing::OPENS);
        let instances = [Instance::open(&context, starts[0]).await, Instance::open(&context, starts[1]).await];
        let readers = SqlReaders::new(Arc::clone(&context.database));
        Self { context, instances, layout: on_sale().layout, readers }
    }

    async fn taken(&self) -> SeatSet {
        self.readers.not_free(PERFORMANCE).await.unwrap().iter().map(|seat| seat.key.number).collect()
    }

    /// How many better pairs there were; `None` if there was nothing.
    fn better(&self, told: Told, taken: &mut SeatSet) -> Option<usize> {
        let seen = SeatsSeen { layout: &self.layout, taken };
        let there_are = seen.best(&pair(), 2 * PAIRS);
        if told == Err(Conflict::SoldOut.into()) {
            assert_eq!(there_are, Vec::<Vec<_>>::new(), "told that nothing is left");
            return None;
        }
        let given: Vec<SeatNumber> = told.unwrap().0.seats().collect();
        taken.extend(given.iter().copied());
        Some(there_are.iter().filter(|better| row(better[0]) < row(given[0])).count())
    }

    /// All of them plan before any of them holds anything; the first instance has committed before the second one begins.
    async fn at_once(&self, buyers: [Range<u128>; 2]) -> Vec<Option<usize>> {
        let (mut waiting, mut better) = (Vec::new(), Vec::new());
        for (instance, buyers) in self.instances.iter().zip(buyers) {
            let busy = instance.keep_busy(&self.context).await;
            let mut asking: Vec<_> = buyers.map(|buyer| instance.buy(buyer).boxed()).collect();
            for one in &mut asking {
                assert!(futures::poll!(one.as_mut()).is_pending(), "it waits for the worker");
            }
            waiting.push((instance, busy, asking));
        }
        for (instance, busy, asking) in waiting {
            let mut taken = self.taken().await;
            instance.gate.open();
            let told = timeout(PATIENCE, join_all(asking)).await.unwrap();
            busy.await.unwrap();
            better.extend(told.into_iter().map(|told| self.better(told, &mut taken)));
        }
        better
    }

    async fn assert_right(&self) {
        self.context.assert_nobody_writes().await;
        assert_eq!(self.context.audit().await, []);
    }
}

fn assert_at_most_one_is_better(better: &[Option<usize>]) {
    let given: Vec<usize> = better.iter().flatten().copied().collect();
    assert_eq!(given.len(), PAIRS, "{better:?}");
    assert!(given.iter().all(|better| *better <= 1), "{better:?}");
}

async fn two_instances_in_turn_give_the_best_pairs_until_none_is_left(testbed: &Testbed) {
    let sale = Sale::open(testbed, [FRONT, MIDDLE]).await;
    let mut better = Vec::new();
    for buyer in 1..=PAIRS + 2 {
        let mut taken = sale.taken().await;
        let told = sale.instances[buyer % 2].buy(buyer as u128).await;
        better.push(sale.better(told, &mut taken));
    }
    assert_at_most_one_is_better(&better);
    assert_eq!(better[PAIRS..], [None, None]);
    sale.assert_right().await;
}

async fn in_a_rush_on_two_instances_nobody_is_sent_away_while_there_are_pairs(testbed: &Testbed) {
    const AT_ONCE: u128 = 6;
    for starts in [[FRONT, MIDDLE], [FRONT, FRONT]] {
        let sale = Sale::open(testbed, starts).await;
        let mut better = Vec::new();
        for round in 0..3 {
            let first = 1 + 2 * AT_ONCE * round;
            let buyers = [first..first + AT_ONCE, first + AT_ONCE..first + 2 * AT_ONCE];
            better.extend(sale.at_once(buyers).await);
        }
        assert_at_most_one_is_better(&better);
        assert_eq!(better.iter().filter(|better| better.is_none()).count(), 36 - PAIRS);
        sale.assert_right().await;
    }
}

async fn instances_with_different_starts_do_not_want_the_same_seats(testbed: &Testbed) {
    let sale = Sale::open(testbed, [FRONT, MIDDLE]).await;
    sale.at_once([1..5, 5..9]).await;
    for instance in &sale.instances {
        assert_eq!(instance.gate.sizes(), [1, 4], "nobody had to plan again");
    }
    let front_row: SeatSet = (1..=SEATS_OF_ROW).filter_map(SeatNumber::new).collect();
    assert_eq!(sale.taken().await, front_row);
}

on_every_database! {
    two_instances_in_turn_give_the_best_pairs_until_none_is_left,
    in_a_rush_on_two_instances_nobody_is_sent_away_while_there_are_pairs,
    instances_with_different_starts_do_not_want_the_same_seats,
}

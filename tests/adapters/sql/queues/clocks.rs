//! Instances whose clocks are wrong: they move no queue, and the others go on.

use crate::store::context::{SALE, TestContext, user};
use crate::store::testbed::{Testbed, on_every_database};
use async_trait::async_trait;
use frontrow_adapters::SystemClock;
use frontrow_adapters::sql::SqlQueues;
use frontrow_adapters::sql::hook::Hook;
use frontrow_application::port::{Clock, QueueStore, TickOrder, TickReport};
use frontrow_domain::waiting_room::{
    CheckIn, CheckInOutcome, Group, Phase, Queue, QueueNumber, QueueUpdate, Rank, Stock,
};
use frontrow_domain::{BuyerKey, Instant, Sale, testing};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

const HOUR: Duration = Duration::from_hours(1);

/// The machine's clock, which is the database's too, and so many microseconds.
#[derive(Default)]
struct Shifted(AtomicI64);

impl Clock for Shifted {
    fn now(&self) -> Instant {
        Instant::from_micros(SystemClock.now().micros() + self.0.load(Ordering::SeqCst))
    }
}

impl Shifted {
    fn ahead(by: Duration) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(i64::try_from(by.as_micros()).unwrap())))
    }

    fn set_right(&self) {
        self.0.store(0, Ordering::SeqCst);
    }
}

/// As all instances do outside tests.
struct ComparesClocks;

#[async_trait]
impl Hook for ComparesClocks {
    fn compares_clocks(&self) -> bool {
        true
    }
}

/// A sale that opens so long from now.
struct Room {
    context: TestContext,
    sale: Arc<Sale>,
}

impl Room {
    async fn new(testbed: &Testbed, opens_in: Duration) -> Self {
        let context = Box::pin(TestContext::new(testbed, 1, Arc::new(ComparesClocks))).await;
        let now = SystemClock.now();
        let settings = testing::waiting_room().lobby_opens(now - HOUR).capacity(10).rate(60_000).burst(10).build();
        let sale = testing::sale()
            .id(SALE)
            .performances([crate::store::context::PERFORMANCE].into())
            .opens(now + opens_in)
            .closes(now + 48 * HOUR)
            .pay_until(now + 48 * HOUR)
            .cancel_until(now + 48 * HOUR)
            .waiting_room(settings)
            .build();
        Self { context, sale: Arc::new(sale) }
    }

    async fn instance(&self, clock: Arc<Shifted>) -> SqlQueues {
        let hook = Arc::new(ComparesClocks);
        SqlQueues::open_with_hook(&self.context.database, clock, self.context.world.clone(), hook).await.unwrap()
    }

    /// As it is when it last moved at that instant.
    fn queue(&self, last_tick: Instant) -> Queue {
        Queue::new(&self.sale, self.sale.waiting_room.as_ref().unwrap(), [0; 32], last_tick)
    }

    async fn tick(&self, queues: &SqlQueues) -> Option<TickReport> {
        let session = self.sale.waiting_room.as_ref().unwrap().session;
        let sale = self.sale.clone();
        let order = TickOrder { sale, session, issued: vec![9], stock: Stock::Unknown, turned_away: false };
        queues.tick(&order).await.unwrap()
    }

    /// Person 1 is called, and there.
    async fn come(&self, queues: &SqlQueues) {
        let now = SystemClock.now();
        let check_in = CheckIn {
            key: key(),
            group: Group::FIRST,
            number: QueueNumber::new(1).unwrap(),
            rank: Rank::new(1),
            checked_in_at: now,
            seen_at: now,
        };
        assert_eq!(queues.check_in(check_in, false).await, Ok(CheckInOutcome::Present));
    }
}

fn key() -> BuyerKey {
    BuyerKey { sale: SALE, user: user(1) }
}

async fn a_clock_that_is_an_hour_ahead_opens_no_lobby_and_moves_no_queue(testbed: &Testbed) {
    for opens_in in [HOUR / 2, Duration::ZERO] {
        let room = Room::new(testbed, opens_in).await;
        let clocks = [Shifted::ahead(HOUR), Shifted::ahead(Duration::ZERO)];
        let [ahead, right] = [room.instance(clocks[0].clone()).await, room.instance(clocks[1].clone()).await];
        let opened = room.queue(SystemClock.now());
        ahead.open_queue(&opened).await.unwrap();
        room.come(&right).await;
        for _ in 0..3 {
            assert_eq!(room.tick(&ahead).await, None);
        }
        assert_eq!(ahead.queue(SALE).await, Ok(Some(opened)), "nothing has moved");

        let is_open = opens_in.is_zero();
        let (phase, admitted) = if is_open { (Phase::Open, vec![key()]) } else { (Phase::Lobby, vec![]) };
        let report = room.tick(&right).await.unwrap();
        assert_eq!((report.queue.phase, report.admitted), (phase, admitted));
        assert!(report.queue.last_tick <= SystemClock.now());
        // And so it goes on where it was wrong.
        clocks[0].set_right();
        let report = room.tick(&ahead).await.unwrap();
        assert_eq!(report.queue.phase, phase);
        assert!(report.queue.last_tick <= SystemClock.now());
    }
}

async fn a_clock_that_is_behind_moves_no_queue_back(testbed: &Testbed) {
    let room = Room::new(testbed, Duration::ZERO).await;
    let behind = Arc::new(Shifted(AtomicI64::new(-i64::try_from(HOUR.as_micros()).unwrap())));
    let queues = room.instance(behind).await;
    let opened = room.queue(SystemClock.now());
    queues.open_queue(&opened).await.unwrap();
    assert_eq!(room.tick(&queues).await.unwrap().queue.last_tick, opened.last_tick);
}

async fn a_queue_in_the_future_stands_still_until_an_operator_sets_it_back(testbed: &Testbed) {
    let room = Room::new(testbed, Duration::ZERO).await;
    let queues = room.instance(Arc::new(Shifted::default())).await;
    let ahead = SystemClock.now() + HOUR;
    queues.open_queue(&Queue { allowance: 0, ..room.queue(ahead) }).await.unwrap();
    room.tick(&queues).await.unwrap();
    room.come(&queues).await;
    let report = room.tick(&queues).await.unwrap();
    assert_eq!((report.queue.last_tick, report.admitted), (ahead, vec![]), "it earns nothing for an hour");

    let now = SystemClock.now();
    let reset = queues.update_queue(SALE, &QueueUpdate::ResetClock(now), None).await.unwrap().unwrap().unwrap();
    assert_eq!(reset.last_tick, now);
    let moves = async {
        loop {
            room.come(&queues).await;
            if room.tick(&queues).await.unwrap().admitted == [key()] {
                return;
            }
        }
    };
    assert!(tokio::time::timeout(Duration::from_mins(1), moves).await.is_ok(), "nobody is admitted");
}

on_every_database! {
    a_clock_that_is_an_hour_ahead_opens_no_lobby_and_moves_no_queue,
    a_clock_that_is_behind_moves_no_queue_back,
    a_queue_in_the_future_stands_still_until_an_operator_sets_it_back,
}

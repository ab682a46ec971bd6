//! A sale with a waiting room, and instances that tick it.

use crate::store::context::{SALE, TestContext, at, user};
use crate::store::testbed;
use async_trait::async_trait;
use frontrow_adapters::sql::SqlQueues;
use frontrow_adapters::sql::hook::Hook;
use frontrow_application::PageRequest;
use frontrow_application::port::{Clock, Join, QueueStore, TickOrder};
use frontrow_domain::waiting_room::{
    AdmissionTerms, Admitted, CheckIn, CheckInOutcome, Group, Queue, QueueEntry, QueueNumber, Rank, Stock,
};
use frontrow_domain::{BuyerKey, Command, Leave, Operation, Renew, Sale, testing};
use std::sync::Arc;

/// Does nothing.
pub struct Nobody;

#[async_trait]
impl Hook for Nobody {}

pub struct Room {
    pub context: TestContext,
    pub sale: Arc<Sale>,
}

pub fn key(n: u128) -> BuyerKey {
    BuyerKey { sale: SALE, user: user(n) }
}

impl Room {
    /// In a new context: the sale is open, nobody has joined yet.
    pub async fn new(testbed: &testbed::Testbed, capacity: u32) -> Self {
        Self::with_hook(testbed, capacity, Arc::new(Nobody)).await
    }

    /// The same, with a hook in the way of bookings.
    pub async fn with_hook(testbed: &testbed::Testbed, capacity: u32, hook: Arc<dyn Hook>) -> Self {
        Self::with_instances(testbed, capacity, 2, hook).await
    }

    /// The same, with so many instances that carry bookings out.
    pub async fn with_instances(
        testbed: &testbed::Testbed,
        capacity: u32,
        instances: usize,
        hook: Arc<dyn Hook>,
    ) -> Self {
        // Boxed: what contains all that opening a database does is too deep for the compiler.
        let context = Box::pin(TestContext::new(testbed, instances, hook)).await;
        let settings = testing::waiting_room()
            .lobby_opens(at(0))
            .capacity(capacity)
            .rate(1_000_000)
            .burst(100_000)
            .terms(AdmissionTerms { leave_on_payment: true })
            .build();
        let sale = testing::sale()
            .id(SALE)
            .performances([crate::store::context::PERFORMANCE].into())
            .opens(at(0))
            .closes(at(100_000))
            .pay_until(at(200_000))
            .cancel_until(at(100_000))
            .waiting_room(settings.clone())
            .build();
        let room = Self { sale: Arc::new(sale), context };
        let queue = Queue::new(&room.sale, &settings, [0; 32], room.context.world.now());
        room.instance().await.open_queue(&queue).await.unwrap();
        room
    }

    pub async fn instance(&self) -> Arc<SqlQueues> {
        self.instance_with(Arc::new(Nobody)).await
    }

    pub async fn instance_with(&self, hook: Arc<dyn Hook>) -> Arc<SqlQueues> {
        let world = &self.context.world;
        let queues = SqlQueues::open_with_hook(&self.context.database, world.clone(), world.clone(), hook).await;
        Arc::new(queues.unwrap())
    }

    pub fn order(&self) -> TickOrder {
        let session = self.sale.waiting_room.as_ref().unwrap().session;
        TickOrder { sale: self.sale.clone(), session, issued: vec![64], stock: Stock::Unknown, turned_away: false }
    }

    /// By number n.
    pub fn check_in(&self, n: u128) -> CheckIn {
        let (number, now) = (u64::try_from(n).unwrap(), self.context.world.now());
        CheckIn {
            key: key(n),
            group: Group::FIRST,
            number: QueueNumber::new(number).unwrap(),
            rank: Rank::new(number),
            checked_in_at: now,
            seen_at: now,
        }
    }

    pub async fn come(&self, queues: &SqlQueues, n: u128) {
        assert_eq!(queues.check_in(self.check_in(n), false).await, Ok(CheckInOutcome::Present), "{n}");
    }

    /// What a client does once it hears that it is admitted.
    pub async fn pick_up(&self, n: u128) {
        let CheckIn { group, number, .. } = self.check_in(n);
        let pick_up = Renew { buyer: key(n), entry: Some(QueueEntry { group, number }), closing: false };
        self.context.run(&Command::unkeyed(Operation::Renew(pick_up))).await.unwrap();
    }

    pub async fn leave(&self, n: u128) {
        self.context.run(&Command::unkeyed(Operation::Leave(Leave { buyer: key(n) }))).await.unwrap();
    }

    pub async fn taken(&self) -> i64 {
        self.context.testbed.count("admission").await
    }

    /// Admissions and the rights of buyers are the same, and nothing else is wrong.
    pub async fn assert_consistent(&self) {
        let testbed = &self.context.testbed;
        let with_admission = "admission a JOIN buyer b ON b.sale_id = a.sale_id AND b.user_id = a.user_id \
                         WHERE b.admitted_until IS NOT NULL AND b.version > 0";
        assert_eq!(testbed.count(with_admission).await, self.taken().await);
        assert_eq!(testbed.count("buyer WHERE admitted_until IS NOT NULL").await, self.taken().await);
        assert_eq!(self.context.audit().await, []);
    }

    pub async fn log(&self, queues: &SqlQueues) -> Vec<Admitted> {
        let (mut log, mut after) = (Vec::new(), None);
        loop {
            let page = queues.log(SALE, PageRequest::new(3, after).unwrap()).await.unwrap();
            log.extend(page.items);
            after = page.next;
            if after.is_none() {
                return log;
            }
        }
    }
}

pub fn join(n: u128) -> Join {
    Join { key: key(n), group: Group::FIRST, worthless: None, proved: None }
}

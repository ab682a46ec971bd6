//! A database with one performance on sale, and a store whose statements can fail.

use super::testbed::Testbed;
use frontrow_adapters::sql::hook::Hook;
use frontrow_adapters::sql::{Database, SqlAuditor, SqlReaders, SqlStore, StorePorts, StoreSettings};
use frontrow_application::port::{
    Announcer, Auditor, BookingError, BookingStore, Clock, IdSource, LoadGauge, StoreError, WalletReader,
};
use frontrow_domain::{
    BuyerKey, Cancel, Charge, Command, CommandKey, Event, Expire, Finding, Hold, HoldBest, Instant, LineItem,
    Operation, Outcome, Pay, Payment, PaymentId, PerformanceId, Points, Refund, Release, Reservation, ReservationId,
    SaleId, SaleTerms, Seat, SeatNumber, Settle, Settlement, TransferId, UserId, testing,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use uuid::Uuid;

pub const PRICE: i64 = 1000;
pub const PERFORMANCE: PerformanceId = PerformanceId::new(Uuid::from_u128(1));
pub const SALE: SaleId = SaleId::new(Uuid::from_u128(2));

/// Time as the test says, and ids that nobody else on the same server has.
pub struct World {
    seconds: AtomicI64,
    /// How many seconds pass whenever somebody looks at the clock.
    pub step: AtomicI64,
    first_id: u128,
    ids: AtomicU64,
    /// Whoever hears of what was committed panics.
    pub announcer_panics: AtomicBool,
}

impl Default for World {
    fn default() -> Self {
        let random = getrandom::u64().unwrap();
        Self {
            seconds: AtomicI64::default(),
            step: AtomicI64::default(),
            first_id: u128::from(random) << 64,
            ids: AtomicU64::default(),
            announcer_panics: AtomicBool::default(),
        }
    }
}

impl World {
    pub fn set_seconds(&self, seconds: i64) {
        self.seconds.store(seconds, Ordering::SeqCst);
    }
}

impl Clock for World {
    fn now(&self) -> Instant {
        at(self.seconds.fetch_add(self.step.load(Ordering::SeqCst), Ordering::SeqCst))
    }
}

impl IdSource for World {
    fn id(&self) -> Uuid {
        Uuid::from_u128(self.first_id + u128::from(self.ids.fetch_add(1, Ordering::SeqCst)))
    }

    fn secret(&self) -> [u8; 32] {
        [0; 32]
    }
}

impl Announcer for World {
    fn announce(&self, _: &[Event]) {
        assert!(!self.announcer_panics.load(Ordering::SeqCst), "as the test wants");
    }

    fn seats_written(&self, _: &[Seat]) {
        assert!(!self.announcer_panics.load(Ordering::SeqCst), "as the test wants");
    }
}

/// Instances: within one, those who want the same seats never race.
pub struct Instances(Vec<(SqlStore, AtomicUsize)>);

impl Instances {
    /// Asks the one that has the least to do.
    pub async fn execute(&self, command: Command) -> Result<Outcome, BookingError> {
        let (store, busy) = self.0.iter().min_by_key(|(_, busy)| busy.load(Ordering::SeqCst)).unwrap();
        let _ends = Asking::begin(busy);
        store.execute(command).await
    }

    pub fn into_first(self) -> SqlStore {
        self.0.into_iter().next().unwrap().0
    }
}

/// Somebody who asks, until they have their answer or go away.
struct Asking<'a>(&'a AtomicUsize);

impl<'a> Asking<'a> {
    fn begin(busy: &'a AtomicUsize) -> Self {
        busy.fetch_add(1, Ordering::SeqCst);
        Self(busy)
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// One database with a performance on sale, its stores, and the clock.
pub struct TestContext {
    pub world: Arc<World>,
    pub store: Instances,
    pub testbed: Testbed,
    pub database: Arc<Database>,
}

pub fn at(seconds: i64) -> Instant {
    Instant::from_micros(seconds * 1_000_000)
}

pub fn user(n: u128) -> UserId {
    UserId::new(Uuid::from_u128(100 + n))
}

impl TestContext {
    /// 64 seats, 64 users of whom the first three have 100,000 points each, a sale from second 0 on whose holds last five
    /// minutes; it is second 1. What was in the database before is gone.
    pub async fn new(testbed: &Testbed, instances: usize, hook: Arc<dyn Hook>) -> Self {
        Self::with_workers(testbed, instances, 1, hook).await
    }

    /// The same, with so many workers in each instance.
    pub async fn with_workers(testbed: &Testbed, instances: usize, workers: usize, hook: Arc<dyn Hook>) -> Self {
        let settings = StoreSettings { workers: Some(workers), ..StoreSettings::default() };
        Self::with_settings(testbed, instances, settings, hook).await
    }

    /// The same, with stores that are set up like that.
    pub async fn with_settings(
        testbed: &Testbed,
        instances: usize,
        settings: StoreSettings,
        hook: Arc<dyn Hook>,
    ) -> Self {
        let world = Arc::new(World::default());
        world.set_seconds(1);
        let (testbed, database) = testbed.clear().await;
        seed(&testbed).await;
        let ports = StorePorts { clock: world.clone(), ids: world.clone(), announcer: world.clone() };
        let mut stores = Vec::with_capacity(instances);
        for _ in 0..instances {
            let store = SqlStore::open_with_hook(&database, settings, ports.clone(), hook.clone()).await.unwrap();
            stores.push((store, AtomicUsize::new(0)));
        }
        let store = Instances(stores);
        let context = Self { world, store, testbed, database };
        for n in 1..=3 {
            context.fund(n).await;
        }
        context
    }

    pub async fn fund(&self, n: u128) {
        let begun = self.store.execute(self.charge(n, "fund")).await.unwrap();
        let Outcome::Charged(payment) = begun else { panic!("{begun:?}") };
        self.store.execute(self.settle(&payment)).await.unwrap();
    }

    pub async fn run(&self, command: &Command) -> Result<Outcome, BookingError> {
        self.store.execute(command.clone()).await
    }

    pub async fn held(&self, command: &Command) -> Reservation {
        match self.run(command).await {
            Ok(Outcome::Held(reservation)) => reservation,
            other => panic!("{other:?}"),
        }
    }

    pub async fn balance(&self, n: u128) -> i64 {
        SqlReaders::new(Arc::clone(&self.database)).balance(user(n)).await.unwrap().amount()
    }

    /// Whether people who only look had better come back later.
    pub fn is_crowded(&self) -> bool {
        self.store.0.iter().any(|(store, _)| store.is_high())
    }

    pub async fn audit(&self) -> Vec<Finding> {
        self.try_audit().await.unwrap()
    }

    pub async fn try_audit(&self) -> Result<Vec<Finding>, StoreError> {
        SqlAuditor::new(Arc::clone(&self.database), self.world.clone()).audit(self.world.now()).await
    }

    /// Everything that is stored, as text: to see that nothing has changed.
    pub async fn dump(&self) -> Vec<String> {
        self.testbed.dump().await
    }

    /// A ticket for a seat that nobody has paid.
    pub async fn forge_ticket(&self, seat: u32) {
        let id = self.testbed.id(PERFORMANCE.uuid());
        let forge = format!(
            "INSERT INTO ticket (performance_id, number, version, reservation_id, live) VALUES ({id}, {seat}, 999, {id}, 1)"
        );
        self.testbed.run(&forge).await;
    }

    pub async fn remove_forged_ticket(&self, seat: u32) {
        self.testbed.run(&format!("DELETE FROM ticket WHERE number = {seat} AND version = 999")).await;
    }

    /// A charge with the id that a payment is to have.
    pub async fn forge_payment(&self, payment: PaymentId) {
        let id = self.testbed.id(payment.uuid());
        let forge = format!(
            "INSERT INTO payment (id, kind, ordinal, user_id, amount, state, provider, at, version) \
             VALUES ({id}, 'charge', 0, {id}, 1, 'failed', 'forger', 0, 1)"
        );
        self.testbed.run(&forge).await;
    }

    pub async fn remove_forged_payments(&self) {
        self.testbed.run("DELETE FROM payment WHERE provider = 'forger'").await;
    }

    /// That no transaction is left open: somebody else can write at once.
    pub async fn assert_nobody_writes(&self) {
        self.testbed.assert_nobody_writes().await;
    }

    fn keyed(n: u128, name: &str, what: Operation) -> Command {
        Command::keyed(CommandKey::new(user(n), name).unwrap(), [n.to_le_bytes()[0]; 32], what)
    }

    pub fn hold(&self, n: u128, name: &str, seats: &[u32]) -> Command {
        let price = Points::new(PRICE).unwrap();
        let line_item = |number: &u32| LineItem {
            list_price: price,
            paid: price,
            ..LineItem::free(SeatNumber::new(*number).unwrap(), "R", "adult")
        };
        let hold = Hold {
            reservation: ReservationId::new(self.world.id()),
            performance: PERFORMANCE,
            user: user(n),
            terms: terms(),
            line_items: seats.iter().map(line_item).collect(),
        };
        Self::keyed(n, name, Operation::Hold(hold))
    }

    /// [`TestContext::hold_best`] that waits for its seats.
    pub fn wait_for_best(&self, n: u128, name: &str, blocks: &[&[u32]]) -> Command {
        let mut command = self.hold_best(n, name, blocks);
        if let Operation::HoldBest(best) = &mut command.operation {
            best.wait = true;
        }
        command
    }

    pub fn hold_best(&self, n: u128, name: &str, blocks: &[&[u32]]) -> Command {
        let price = Points::new(PRICE).unwrap();
        let number = |number: &u32| SeatNumber::new(*number).unwrap();
        let best = HoldBest {
            reservation: ReservationId::new(self.world.id()),
            performance: PERFORMANCE,
            user: user(n),
            terms: terms(),
            count: u32::try_from(blocks[0].len()).unwrap(),
            blocks: blocks.iter().map(|block| block.iter().map(number).collect()).collect(),
            line_item: LineItem { list_price: price, paid: price, ..LineItem::free(SeatNumber::FIRST, "R", "adult") },
            wait: false,
        };
        Self::keyed(n, name, Operation::HoldBest(best))
    }

    pub fn pay(&self, reservation: &Reservation, name: &str) -> Command {
        let pay = Pay {
            reservation: reservation.id,
            performance: PERFORMANCE,
            seats: reservation.seats().collect(),
            user: reservation.user,
            terms: terms(),
            payment: PaymentId::new(self.world.id()),
            transfer: TransferId::new(self.world.id()),
        };
        Command::keyed(CommandKey::new(reservation.user, name).unwrap(), [9; 32], Operation::Pay(pay))
    }

    pub fn cancel(&self, reservation: &Reservation, name: &str) -> Command {
        let key = CommandKey::new(reservation.user, name).unwrap();
        Command::keyed(key, [9; 32], Operation::Cancel(self.give_back(reservation)))
    }

    /// Of these seats alone.
    pub fn cancel_seats(&self, reservation: &Reservation, name: &str, seats: &[u32]) -> Command {
        let returned = seats.iter().map(|number| SeatNumber::new(*number).unwrap()).collect();
        let cancel = Cancel { returned: Some(returned), ..self.give_back(reservation) };
        Command::keyed(CommandKey::new(reservation.user, name).unwrap(), [9; 32], Operation::Cancel(cancel))
    }

    /// By an operator, who is user 60.
    pub fn refund(&self, reservation: &Reservation, name: &str) -> Command {
        Self::keyed(60, name, Operation::Refund(Refund { cancel: self.give_back(reservation), reason: None }))
    }

    fn give_back(&self, reservation: &Reservation) -> Cancel {
        Cancel {
            reservation: reservation.id,
            performance: PERFORMANCE,
            seats: reservation.seats().collect(),
            returned: None,
            user: reservation.user,
            terms: terms(),
            payment: PaymentId::new(self.world.id()),
            transfer: TransferId::new(self.world.id()),
        }
    }

    pub fn release(reservation: &Reservation) -> Command {
        Command::unkeyed(Operation::Release(Release {
            reservation: reservation.id,
            performance: PERFORMANCE,
            seats: reservation.seats().collect(),
            buyer: reservation.buyer(),
        }))
    }

    pub fn expire(reservation: &Reservation) -> Command {
        let buyer = BuyerKey { sale: reservation.sale, user: reservation.user };
        Command::unkeyed(Operation::Expire(Expire { reservation: reservation.id, buyer }))
    }

    pub fn charge(&self, n: u128, name: &str) -> Command {
        let amount = Points::new(100_000).unwrap();
        let payment = PaymentId::new(self.world.id());
        Self::keyed(n, name, Operation::Charge(Charge { payment, user: user(n), amount, provider: "sandbox".into() }))
    }

    pub fn settle(&self, payment: &Payment) -> Command {
        Command::unkeyed(Operation::Settle(Settle {
            payment: payment.id,
            user: payment.user,
            settlement: Settlement::Accepted { provider_ref: payment.id.to_string() },
            transfer: TransferId::new(self.world.id()),
        }))
    }
}

fn terms() -> SaleTerms {
    testing::sale_terms()
        .sale(SALE)
        .opens(at(0))
        .closes(at(100_000))
        .pay_until(at(200_000))
        .cancel_until(at(100_000))
        .build()
}

async fn seed(testbed: &Testbed) {
    let (performance, sale) = (testbed.id(PERFORMANCE.uuid()), testbed.id(SALE.uuid()));
    let mut statements = vec![
        format!(
            "INSERT INTO performance (id, concert_id, venue_id, seat_map_version, starts_at, status, prices, revision) \
             VALUES ({performance}, {performance}, {performance}, 1, 0, 'published', '{{}}', 1)"
        ),
        format!(
            "INSERT INTO sale (id, name, opens, closes, pay_until, cancel_until, limit_per_person, hold_duration, \
             published, revision) VALUES ({sale}, 'General', 0, 0, 0, 0, 4, 300000000, '1', 1)"
        ),
    ];
    let row = |n| format!("({}, '{n}@example.com', 'Kim', 'customer', '', 0)", testbed.id(user(n).uuid()));
    let users: Vec<String> = (1..=64).map(row).collect();
    statements.push(format!(
        "INSERT INTO users (id, email, name, role, password_hash, created_at) VALUES {}",
        users.join(", ")
    ));
    let seats: Vec<String> = (1..=64).map(|number| format!("({performance}, {number}, 0, 1)")).collect();
    statements.push(format!("INSERT INTO seat (performance_id, number, state, version) VALUES {}", seats.join(", ")));
    testbed.run(&statements.join("; ")).await;
}

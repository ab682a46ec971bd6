//! Room in wallets for what the gateway will take, and charges from before wallets kept any.

use super::context::{World, user};
use super::testbed::{Testbed, on_every_database};
use async_trait::async_trait;
use frontrow_adapters::SandboxGateway;
use frontrow_adapters::sql::{Database, SqlAuditor, SqlReaders, SqlStore, StorePorts, StoreSettings};
use frontrow_application::port::{
    Auditor, BookingError, BookingStore, ChargeRequest, Clock, GatewayAnswer, IdSource, NoAnswer, PaymentGateway,
    ReturnAnswer, WalletReader,
};
use frontrow_application::{SettleCharges, SettleProgress};
use frontrow_domain::{
    AccountId, Charge, Command, CommandKey, Finding, Operation, Outcome, PaymentId, PaymentState, Points, Rejection,
    Rule, UserId,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use uuid::Uuid;

const MAX: i64 = Points::MAX.amount();

/// Gives back what it should, and the first answer is lost: as if the process had died before it heard it.
struct Forgetful {
    sandbox: SandboxGateway,
    has_lost_one: AtomicBool,
}

#[async_trait]
impl PaymentGateway for Forgetful {
    fn name(&self) -> &'static str {
        self.sandbox.name()
    }

    async fn charge(&self, request: ChargeRequest) -> Result<GatewayAnswer, NoAnswer> {
        self.sandbox.charge(request).await
    }

    async fn status(&self, payment: PaymentId) -> Result<GatewayAnswer, NoAnswer> {
        self.sandbox.status(payment).await
    }

    async fn give_back(&self, payment: PaymentId) -> Result<ReturnAnswer, NoAnswer> {
        let answer = self.sandbox.give_back(payment).await;
        if self.has_lost_one.swap(true, Ordering::SeqCst) { answer } else { Err(NoAnswer) }
    }

    async fn abandon(&self, payment: PaymentId) -> Result<GatewayAnswer, NoAnswer> {
        self.sandbox.abandon(payment).await
    }
}

fn payment(n: u128) -> PaymentId {
    PaymentId::new(Uuid::from_u128(500 + n))
}

fn add_user(testbed: &Testbed, n: u128) -> String {
    let id = testbed.id(user(n).uuid());
    format!(
        "INSERT INTO users (id, email, name, role, password_hash, created_at) \
         VALUES ({id}, '{n}@example.com', 'Kim', 'customer', '', 0)"
    )
}

/// Begun that many seconds after the epoch.
fn add_charge(testbed: &Testbed, n: u128, of: u128, amount: i64, state: PaymentState) -> String {
    let (id, user, at) = (testbed.id(payment(n).uuid()), testbed.id(user(of).uuid()), n * 1_000_000);
    format!(
        "INSERT INTO payment (id, kind, reservation_id, user_id, amount, state, provider, provider_ref, at, version) \
         VALUES ({id}, 'charge', NULL, {user}, {amount}, '{}', 'sandbox', NULL, {at}, 1)",
        state.as_str()
    )
}

/// The wallet of a settled charge.
fn add_wallet(testbed: &Testbed, n: u128, of: u128, balance: i64) -> Vec<String> {
    let (wallet, gateway) = (testbed.id(user(of).uuid()), testbed.id(AccountId::Gateway.into()));
    let id = testbed.id(payment(n).uuid());
    vec![
        add_charge(testbed, n, of, balance, PaymentState::Succeeded),
        format!("INSERT INTO wallet (user_id, balance, version) VALUES ({wallet}, {balance}, 4)"),
        format!(
            "INSERT INTO transfer (id, debit, credit, amount, payment_id, at) \
             VALUES ({id}, {gateway}, {wallet}, {balance}, {id}, 0)"
        ),
    ]
}

struct Till {
    testbed: Testbed,
    database: Arc<Database>,
    world: Arc<World>,
    store: Arc<SqlStore>,
    wallets: Arc<SqlReaders>,
}

impl Till {
    async fn open(testbed: Testbed, database: Arc<Database>) -> Self {
        let world = Arc::new(World::default());
        world.set_seconds(100);
        let ports = StorePorts { clock: world.clone(), ids: world.clone(), announcer: world.clone() };
        let settings = StoreSettings { per_buyer: 1024, ..StoreSettings::default() };
        let store = SqlStore::open(&database, settings, ports).await.unwrap();
        let wallets = Arc::new(SqlReaders::new(Arc::clone(&database)));
        Self { testbed, database, world, store: Arc::new(store), wallets }
    }

    fn sweep(&self, gateway: &Arc<Forgetful>) -> SettleCharges {
        SettleCharges {
            store: self.store.clone(),
            wallets: self.wallets.clone(),
            gateway: gateway.clone(),
            ids: self.world.clone(),
            clock: self.world.clone(),
            progress: SettleProgress::default(),
        }
    }

    async fn audit(&self) -> Vec<Finding> {
        let auditor = SqlAuditor::new(Arc::clone(&self.database), self.world.clone());
        auditor.audit(self.world.now()).await.unwrap()
    }

    async fn state(&self, n: u128) -> PaymentState {
        self.wallets.charge(payment(n)).await.unwrap().unwrap().state
    }

    async fn balance(&self, n: u128) -> i64 {
        self.wallets.balance(user(n)).await.unwrap().amount()
    }

    async fn charge(&self, of: UserId, amount: i64, name: &str) -> Result<Outcome, BookingError> {
        let (payment, amount) = (PaymentId::new(self.world.id()), Points::new(amount).unwrap());
        let charge = Charge { payment, user: of, amount, provider: "sandbox".into() };
        let key = CommandKey::new(of, name).unwrap();
        self.store.execute(Command::keyed(key, [0; 32], Operation::Charge(charge))).await
    }
}

async fn charges_from_before_get_room_and_what_has_none_goes_back_once(testbed: &Testbed) {
    use PaymentState::{Failed, Pending, Returned, Returning, Succeeded};
    let (testbed, database) = testbed.clear().await;
    testbed.undo("m0016_charge_room").await;
    let (half, kim, lee) = (MAX / 2 + 1, 1, 2);
    let mut rows: Vec<String> = (1..=3).map(|n| add_user(&testbed, n)).collect();
    // Kim has no wallet yet, Lee's is only a placeholder; Park has one.
    rows.extend([1, 2].map(|n| add_charge(&testbed, n, kim, half, Pending)));
    rows.push(format!("INSERT INTO wallet (user_id, version) VALUES ({}, 0)", testbed.id(user(lee).uuid())));
    rows.extend([add_charge(&testbed, 3, lee, 0, Pending), add_charge(&testbed, 4, lee, 700, Pending)]);
    rows.extend(add_wallet(&testbed, 5, 3, 500));
    rows.extend([add_charge(&testbed, 6, 3, 300, Pending), add_charge(&testbed, 7, 3, 50, Failed)]);
    testbed.run(&rows.join("; ")).await;
    database.migrate().await.unwrap();

    let till = Till::open(testbed, database).await;
    assert_eq!(till.audit().await, []);
    for (pending, wallets) in [(MAX, 1), (700, 1), (300, 1), (0, 0)] {
        assert_eq!(till.testbed.count(&format!("wallet WHERE pending = {pending}")).await, wallets, "{pending}");
    }
    let gateway = Arc::new(Forgetful { sandbox: SandboxGateway::new(), has_lost_one: AtomicBool::new(false) });
    for (n, amount) in [(1, half), (2, half), (3, 0), (4, 700), (6, 300)] {
        let payment_token = SandboxGateway::ACCEPT.to_owned();
        let request = ChargeRequest { payment: payment(n), amount: Points::new(amount).unwrap(), payment_token };
        gateway.charge(request).await.unwrap();
    }

    assert_eq!(till.sweep(&gateway).run().await.map(|report| report.settled), Ok(4));
    let told = till.audit().await;
    assert!(matches!(&told[..], [one] if one.rule == Rule::ChargesCredited), "{told:?}");
    assert!(told[0].row.contains(&payment(2).to_string()), "{told:?}");
    assert_eq!(till.state(2).await, Returning);
    // Somebody else starts, and asks again.
    assert_eq!(till.sweep(&gateway).run().await.map(|report| report.settled), Ok(1));
    assert_eq!(till.sweep(&gateway).run().await.map(|report| report.settled), Ok(0));
    let states = [till.state(1).await, till.state(2).await, till.state(3).await, till.state(7).await];
    assert_eq!(states, [Succeeded, Returned, Succeeded, Failed]);
    assert_eq!([till.balance(kim).await, till.balance(lee).await, till.balance(3).await], [half, 700, 800]);
    let returned: Vec<PaymentId> = gateway.sandbox.returned().iter().map(|booking| booking.payment).collect();
    assert_eq!(returned, [payment(2)]);
    assert_eq!(till.audit().await, []);
    till.store.drain().await;
}

async fn of_two_charges_at_once_the_one_without_room_is_refused(testbed: &Testbed) {
    let (testbed, database) = testbed.clear().await;
    let mut rows = vec![add_user(&testbed, 1)];
    rows.extend(add_wallet(&testbed, 1, 1, MAX - 1000));
    testbed.run(&rows.join("; ")).await;
    let till = Till::open(testbed, database).await;
    for round in 0..5 {
        let names = [format!("one-{round}"), format!("other-{round}")];
        let [one, other] = &names;
        let both = tokio::join!(till.charge(user(1), 600, one), till.charge(user(1), 600, other));
        let begun = match both {
            (Ok(Outcome::Charged(begun)), Err(refused)) | (Err(refused), Ok(Outcome::Charged(begun))) => {
                assert_eq!(refused, BookingError::Rejected(Rejection::BalanceTooHigh));
                begun
            }
            both => panic!("{both:?}"),
        };
        assert_eq!(till.audit().await, []);
        // It never arrived, and its room is free again.
        till.world.set_seconds(200 + 100 * round);
        let sandbox = SandboxGateway::new();
        let gateway = Arc::new(Forgetful { sandbox, has_lost_one: AtomicBool::new(true) });
        assert_eq!(till.sweep(&gateway).run().await.map(|report| report.settled), Ok(1));
        let charge = till.wallets.charge(begun.id).await.unwrap().unwrap();
        assert_eq!(charge.state, PaymentState::Failed);
    }
    assert_eq!((till.balance(1).await, till.audit().await), (MAX - 1000, vec![]));
    till.store.drain().await;
}

on_every_database! {
    charges_from_before_get_room_and_what_has_none_goes_back_once,
    of_two_charges_at_once_the_one_without_room_is_refused,
}

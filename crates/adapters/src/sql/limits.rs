//! The limits that a server keeps do strike, and are taken for what they are. These tests wait for the real ones.

use super::Class;
use super::connect::{READ_LIMIT, connect, connect_worker};
use super::connection::classify;
use super::dialect::purpose::Purpose;
use super::rows::wallet;
use crate::sql::testing::Counter;
use crate::sql::{Database, DatabaseSettings};
use frontrow_application::Outage;
use frontrow_application::port::StoreError;
use frontrow_test_databases::{Kind, TestDatabase, database, for_each_kind};
use futures::future::join_all;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{LockBehavior, LockType};
use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QuerySelect, Select, Statement,
    TransactionTrait,
};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// What is asked for again and again comes about within this time.
const PATIENCE: Duration = Duration::from_secs(40);
/// Whose wallet it is.
const USER: Uuid = Uuid::from_u128(1);

/// A database with one wallet in it.
struct Testbed {
    test: TestDatabase,
    raw: DatabaseConnection,
}

impl Testbed {
    async fn on(kind: Kind, test: &str) -> Option<Self> {
        let test = database(kind, test).await?;
        let settings = DatabaseSettings { readers: 1, ..DatabaseSettings::new(test.url()) };
        Database::open(&settings, Arc::new(Counter::default())).await.unwrap().migrate().await.unwrap();
        let mut options = ConnectOptions::new(test.url());
        options.idle_timeout(None).max_lifetime(None);
        let raw = sea_orm::Database::connect(options).await.unwrap();
        let testbed = Self { test, raw };
        let wallet = wallet::ActiveModel { user_id: Set(USER), balance: Set(0), version: Set(1), ..Default::default() };
        wallet::Entity::insert(wallet).exec_without_returning(&testbed.raw).await.unwrap();
        Some(testbed)
    }

    async fn worker(&self) -> DatabaseConnection {
        connect_worker(&self.test.url().parse().unwrap()).await.unwrap().0
    }

    async fn connection(&self, purpose: Purpose) -> DatabaseConnection {
        connect(&self.test.url().parse().unwrap(), purpose).await.unwrap()
    }

    /// Until nobody has the wallet locked.
    async fn until_unlocked(&self) {
        let lock = wallet::Entity::find_by_id(USER).lock_with_behavior(LockType::Update, LockBehavior::Nowait);
        let unlocked = async {
            while lock.clone().one(&self.raw).await.is_err() {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, unlocked).await.is_ok(), "somebody has it for ever");
    }
}

fn lock() -> Select<wallet::Entity> {
    wallet::Entity::find_by_id(USER).lock_exclusive()
}

/// The class of an error, and one of the codes in what it says.
fn is(error: &DbErr, class: Class, codes: &[&str]) {
    let says = format!("{error:?}");
    assert_eq!(classify(error), class, "{says}");
    assert!(codes.iter().any(|code| says.contains(code)), "{codes:?}: {says}");
}

async fn who_waits_for_a_lock_is_told_to_try_again(testbed: &Testbed) {
    let (one, other) = (testbed.worker().await, testbed.worker().await);
    for connection in [&one, &other] {
        connection.execute_unprepared("BEGIN").await.unwrap();
    }
    lock().one(&one).await.unwrap();
    let error = lock().one(&other).await.unwrap_err();
    is(&error, Class::Retry, &["1205", "55P03"]);
}

/// `MySQL` limits statements that only read, the others all.
async fn a_statement_that_takes_too_long_is_to_be_tried_again(testbed: &Testbed) {
    let reader = testbed.connection(Purpose::Read { connections: 1, limit: READ_LIMIT }).await;
    let endless = match testbed.test.kind() {
        Kind::Postgres => "SELECT pg_sleep(60)",
        Kind::MariaDb => "SELECT SLEEP(60)",
        Kind::MySql => {
            "SELECT COUNT(*) FROM information_schema.columns a, information_schema.columns b, \
                        information_schema.columns c, information_schema.columns d"
        }
    };
    let reads = async { reader.execute_unprepared(endless).await.unwrap_err() };
    let error = if testbed.test.kind() == Kind::MySql {
        reads.await
    } else {
        let worker = testbed.worker().await;
        let (error, writes) = tokio::join!(reads, worker.execute_unprepared(endless));
        is(&writes.unwrap_err(), Class::Retry, &["1969", "57014"]);
        error
    };
    is(&error, Class::Retry, &["3024", "1969", "57014"]);
}

/// Four connections' worth of work for one: whoever does not get a turn is told that there is too much to do, and not
/// that nobody is there.
async fn who_waits_for_a_reader_that_is_at_work_is_told_that_there_is_too_much_to_do(testbed: &Testbed) {
    let settings = DatabaseSettings { readers: 1, ..DatabaseSettings::new(testbed.test.url()) };
    let database = Database::open(&settings, Arc::new(Counter::default())).await.unwrap();
    let slow = match testbed.test.kind() {
        Kind::Postgres => "SELECT pg_sleep(1)",
        Kind::MySql | Kind::MariaDb => "SELECT SLEEP(1)",
    };
    let asked = (0..4).map(|_| database.read("test", database.booking_readers().execute_unprepared(slow)));
    let told = join_all(asked).await;
    assert!(told[0].is_ok(), "{told:?}");
    assert!(told[2..].iter().all(|told| matches!(told, Err(StoreError::Outage(Outage::Busy { .. })))), "{told:?}");
}

/// Whoever has gone without a word keeps a row locked for no longer than that.
async fn a_transaction_in_which_nothing_happens_is_ended(testbed: &Testbed) {
    for connection in [testbed.worker().await, testbed.connection(Purpose::Write { create: false }).await] {
        let transaction = connection.begin().await.unwrap();
        lock().one(&transaction).await.unwrap();
        testbed.until_unlocked().await;
        let error = transaction.execute_unprepared("SELECT 1").await.unwrap_err();
        assert_eq!(classify(&error), Class::Lost, "{error:?}");
    }
}

/// It reads whole tables; and it can't write.
async fn an_audit_takes_as_long_as_it_takes(testbed: &Testbed) {
    let auditor = testbed.connection(Purpose::Audit).await;
    let limit = match testbed.test.kind() {
        Kind::Postgres => "SELECT current_setting('statement_timeout')",
        Kind::MariaDb => "SELECT CAST(ROUND(@@max_statement_time) AS CHAR)",
        Kind::MySql => "SELECT CAST(@@max_execution_time AS CHAR)",
    };
    let limit = Statement::from_string(auditor.get_database_backend(), limit);
    let limit = auditor.query_one_raw(limit).await.unwrap().unwrap();
    assert_eq!(limit.try_get_by_index::<String>(0).unwrap(), "0");
    assert!(auditor.execute_unprepared("DELETE FROM wallet").await.is_err());
}

/// What was committed through another node of a cluster is found. Servers that can't be in one have no such variable.
async fn reads_wait_for_the_other_nodes_of_a_cluster(testbed: &Testbed) {
    if testbed.test.kind() == Kind::Postgres {
        return;
    }
    let statement = |text: &str| Statement::from_string(testbed.raw.get_database_backend(), text);
    let variable = statement("SHOW SESSION VARIABLES LIKE 'wsrep_sync_wait'");
    let can_be_in_one = testbed.raw.query_one_raw(variable).await.unwrap().is_some();
    for connection in [
        testbed.worker().await,
        testbed.connection(Purpose::Write { create: false }).await,
        testbed.connection(Purpose::Read { connections: 1, limit: READ_LIMIT }).await,
        testbed.connection(Purpose::Audit).await,
    ] {
        if can_be_in_one {
            let waits = connection.query_one_raw(statement("SELECT CAST(@@wsrep_sync_wait AS CHAR)")).await;
            assert_eq!(waits.unwrap().unwrap().try_get_by_index::<String>(0).unwrap(), "1");
        }
        assert_eq!(wallet::Entity::find().all(&connection).await.unwrap().len(), 1);
    }
}

macro_rules! on_server {
    ($module:ident $kind:ident; $($test:ident),+ $(,)?) => {
        mod $module {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                if let Some(testbed) = Testbed::on(Kind::$kind, stringify!($test)).await {
                    super::$test(&testbed).await;
                }
            })+
        }
    };
}

for_each_kind! {
    on_server;
    who_waits_for_a_lock_is_told_to_try_again,
    a_statement_that_takes_too_long_is_to_be_tried_again,
    who_waits_for_a_reader_that_is_at_work_is_told_that_there_is_too_much_to_do,
    a_transaction_in_which_nothing_happens_is_ended,
    an_audit_takes_as_long_as_it_takes,
    reads_wait_for_the_other_nodes_of_a_cluster,
}

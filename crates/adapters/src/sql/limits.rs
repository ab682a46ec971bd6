//! The limits that a server keeps do strike, and are taken for what they are. These tests wait for the real ones.

use super::connect::{Purpose, READ_LIMIT, connect, connect_lane};
use super::{Class, classify};
use crate::sql::testing::Counter;
use crate::sql::{Database, DatabaseSettings};
use frontrow_application::port::StoreError;
use frontrow_test_databases::{Kind, TestDatabase, database};
use futures::future::join_all;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement, TransactionTrait};
use std::sync::Arc;
use std::time::Duration;

/// What is asked for again and again comes about within this time.
const PATIENCE: Duration = Duration::from_secs(40);
const INSERT: &str = "INSERT INTO wallet (user_id, balance, version) VALUES";

/// A database with one wallet in it.
struct Place {
    test: TestDatabase,
    raw: DatabaseConnection,
}

impl Place {
    async fn on(kind: Kind, test: &str) -> Option<Self> {
        let test = database(kind, test).await?;
        let settings = DatabaseSettings { url: test.url().to_owned(), readers: 1, create: false };
        Database::open(&settings, Arc::new(Counter::default())).await.unwrap().migrate().await.unwrap();
        let raw = sea_orm::Database::connect(test.url()).await.unwrap();
        let place = Self { test, raw };
        place.raw.execute_unprepared(&format!("{INSERT} ({}, 0, 1)", place.user())).await.unwrap();
        Some(place)
    }

    fn user(&self) -> &'static str {
        match self.test.kind() {
            Kind::Postgres => "'00000000-0000-0000-0000-000000000001'",
            Kind::MySql | Kind::MariaDb => "x'00000000000000000000000000000001'",
        }
    }

    async fn lane(&self) -> DatabaseConnection {
        connect_lane(&self.test.url().parse().unwrap()).await.unwrap().0
    }

    async fn connection(&self, purpose: Purpose) -> DatabaseConnection {
        connect(&self.test.url().parse().unwrap(), purpose).await.unwrap()
    }

    fn lock(&self) -> String {
        format!("SELECT * FROM wallet WHERE user_id = {} FOR UPDATE", self.user())
    }

    /// Until nobody has the wallet locked.
    async fn until_unlocked(&self) {
        let lock = format!("{} NOWAIT", self.lock());
        let unlocked = async {
            while self.raw.execute_unprepared(&lock).await.is_err() {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, unlocked).await.is_ok(), "somebody has it for ever");
    }
}

/// The class of an error, and one of the codes in what it says.
fn is(error: &DbErr, class: Class, codes: &[&str]) {
    let says = format!("{error:?}");
    assert_eq!(classify(error), class, "{says}");
    assert!(codes.iter().any(|code| says.contains(code)), "{codes:?}: {says}");
}

async fn who_waits_for_a_lock_is_told_to_try_again(place: &Place) {
    let (one, other) = (place.lane().await, place.lane().await);
    for connection in [&one, &other] {
        connection.execute_unprepared("BEGIN").await.unwrap();
    }
    one.execute_unprepared(&place.lock()).await.unwrap();
    let error = other.execute_unprepared(&place.lock()).await.unwrap_err();
    is(&error, Class::Retry, &["1205", "55P03"]);
}

/// `MySQL` limits statements that only read, the others all.
async fn a_statement_that_takes_too_long_is_to_be_tried_again(place: &Place) {
    let reader = place.connection(Purpose::Read { connections: 1, limit: READ_LIMIT }).await;
    let endless = match place.test.kind() {
        Kind::Postgres => "SELECT pg_sleep(60)",
        Kind::MariaDb => "SELECT SLEEP(60)",
        Kind::MySql => {
            "SELECT COUNT(*) FROM information_schema.columns a, information_schema.columns b, \
                        information_schema.columns c, information_schema.columns d"
        }
    };
    let reads = async { reader.execute_unprepared(endless).await.unwrap_err() };
    let error = if place.test.kind() == Kind::MySql {
        reads.await
    } else {
        let lane = place.lane().await;
        let (error, writes) = tokio::join!(reads, lane.execute_unprepared(endless));
        is(&writes.unwrap_err(), Class::Retry, &["1969", "57014"]);
        error
    };
    is(&error, Class::Retry, &["3024", "1969", "57014"]);
}

/// Four connections' worth of work for one: who does not get a turn is told that there is too much to do, and not that
/// nobody is there.
async fn who_waits_for_a_reader_that_is_at_work_is_told_that_there_is_too_much_to_do(place: &Place) {
    let settings = DatabaseSettings { url: place.test.url().to_owned(), readers: 1, create: false };
    let database = Database::open(&settings, Arc::new(Counter::default())).await.unwrap();
    let slow = match place.test.kind() {
        Kind::Postgres => "SELECT pg_sleep(1)",
        Kind::MySql | Kind::MariaDb => "SELECT SLEEP(1)",
    };
    let asked = (0..4).map(|_| database.read("test", database.readers().execute_unprepared(slow)));
    let told = join_all(asked).await;
    assert!(told[0].is_ok(), "{told:?}");
    assert!(told[2..].iter().all(|told| matches!(told, Err(StoreError::Busy { .. }))), "{told:?}");
}

/// Whoever has gone without a word keeps a row locked for no longer than that.
async fn a_transaction_in_which_nothing_happens_is_ended(place: &Place) {
    for connection in [place.lane().await, place.connection(Purpose::Write { create: false }).await] {
        let transaction = connection.begin().await.unwrap();
        transaction.execute_unprepared(&place.lock()).await.unwrap();
        place.until_unlocked().await;
        let error = transaction.execute_unprepared("SELECT 1").await.unwrap_err();
        assert_eq!(classify(&error), Class::Lost, "{error:?}");
    }
}

/// It reads whole tables; and it can't write.
async fn an_audit_takes_as_long_as_it_takes(place: &Place) {
    let auditor = place.connection(Purpose::Audit).await;
    let limit = match place.test.kind() {
        Kind::Postgres => "SELECT current_setting('statement_timeout')",
        Kind::MariaDb => "SELECT CAST(ROUND(@@max_statement_time) AS CHAR)",
        Kind::MySql => "SELECT CAST(@@max_execution_time AS CHAR)",
    };
    let limit = Statement::from_string(auditor.get_database_backend(), limit);
    let limit = auditor.query_one_raw(limit).await.unwrap().unwrap();
    assert_eq!(limit.try_get_by_index::<String>(0).unwrap(), "0");
    assert!(auditor.execute_unprepared("DELETE FROM wallet").await.is_err());
}

macro_rules! on_every_server {
    ($($test:ident),+ $(,)?) => {
        on_every_server! { mysql Kind::MySql; $($test),+ }
        on_every_server! { mariadb Kind::MariaDb; $($test),+ }
        on_every_server! { postgres Kind::Postgres; $($test),+ }
    };
    ($module:ident $kind:expr; $($test:ident),+) => {
        mod $module {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                if let Some(place) = Place::on($kind, stringify!($test)).await {
                    super::$test(&place).await;
                }
            })+
        }
    };
}

on_every_server! {
    who_waits_for_a_lock_is_told_to_try_again,
    a_statement_that_takes_too_long_is_to_be_tried_again,
    who_waits_for_a_reader_that_is_at_work_is_told_that_there_is_too_much_to_do,
    a_transaction_in_which_nothing_happens_is_ended,
    an_audit_takes_as_long_as_it_takes,
}

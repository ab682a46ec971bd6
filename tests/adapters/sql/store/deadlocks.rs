//! The deadlocks of `docs/locking.md`: each with the statements that an article would have, and none with ours.

use super::context::TestContext;
use super::testbed::{Testbed, on_every_server};
use crate::connection::session;
use crate::failures::Failures;
use frontrow_application::port::BookingError;
use frontrow_domain::{Command, Outcome, Reservation, TAKEOVER_GRACE};
use frontrow_test_databases::Kind;
use futures::future::join_all;
use sea_orm::{ConnectionTrait, DatabaseConnection};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

/// Somebody with a transaction.
struct Session(DatabaseConnection);

/// The database has chosen this one to give up.
#[derive(Debug, PartialEq, Eq)]
struct Deadlock;

impl Session {
    async fn begin(testbed: &Testbed) -> Self {
        let session = Self(session(testbed.server().unwrap().url()).await);
        if is_innodb(testbed) {
            session.run("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").await.unwrap();
        }
        session.run("BEGIN").await.unwrap();
        session
    }

    /// The transaction's last statement.
    async fn end(&self, statement: &str) -> Result<(), Deadlock> {
        let result = self.run(statement).await;
        self.0.execute_unprepared("ROLLBACK").await.unwrap();
        result
    }

    async fn run(&self, statement: &str) -> Result<(), Deadlock> {
        match self.0.execute_unprepared(statement).await {
            Ok(_) => Ok(()),
            Err(error)
                if ["1213", "40001", "40P01", "deadlock"].iter().any(|code| error.to_string().contains(code)) =>
            {
                Err(Deadlock)
            }
            Err(error) => panic!("{error}: {statement}"),
        }
    }
}

/// Whether its rows and locks are `InnoDB`'s.
fn is_innodb(testbed: &Testbed) -> bool {
    match testbed.server().unwrap().kind() {
        Kind::MySql | Kind::MariaDb => true,
        Kind::Postgres => false,
    }
}

/// Until so many transactions of this database wait for a lock.
async fn until_waiting(testbed: &Testbed, number: usize) {
    // The view is a copy that is renewed when nobody has looked for a tenth of a second.
    const PACE: Duration = Duration::from_millis(150);
    let query = match testbed.server().unwrap().kind() {
        Kind::Postgres => {
            "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        }
        Kind::MySql => {
            "SELECT processlist_db FROM performance_schema.threads WHERE processlist_db = DATABASE() \
             AND thread_id IN (SELECT requesting_thread_id FROM performance_schema.data_lock_waits)"
        }
        Kind::MariaDb => {
            "SELECT t.trx_state FROM information_schema.innodb_trx t \
             JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id \
             WHERE t.trx_state = 'LOCK WAIT' AND p.db = DATABASE()"
        }
    };
    let waiting = async {
        while testbed.texts(query).await.len() < number {
            tokio::time::sleep(PACE).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(30), waiting).await.is_ok(), "nobody waits");
}

/// A small hall: so many seats of one performance.
async fn hall(testbed: &Testbed, seats: u32, more: &str) {
    testbed.run("CREATE TABLE hall (performance INT, number INT, state INT, PRIMARY KEY (performance, number))").await;
    let rows: Vec<String> = (1..=seats).map(|n| format!("(1, {n}, 0)")).collect();
    testbed.run(&format!("INSERT INTO hall VALUES {}", rows.join(", "))).await;
    if !more.is_empty() {
        testbed.run(more).await;
    }
}

fn lock(number: u32) -> String {
    format!("SELECT * FROM hall WHERE performance = 1 AND number = {number} FOR UPDATE")
}

async fn seats_locked_in_the_order_of_the_request_deadlock(testbed: &Testbed) {
    hall(testbed, 10, "").await;
    let (one, other) = (Session::begin(testbed).await, Session::begin(testbed).await);
    one.run(&lock(1)).await.unwrap();
    other.run(&lock(2)).await.unwrap();
    let (first, second) = (lock(1), lock(2));
    let both = tokio::join!(one.end(&second), other.end(&first));
    assert!(both.0.is_err() != both.1.is_err(), "{both:?}");
}

/// Three who repeat one request; the first is refused.
async fn an_idempotency_key_that_is_inserted_first_deadlocks(testbed: &Testbed) {
    testbed.run("CREATE TABLE keys_first (id INT PRIMARY KEY)").await;
    let sessions = join_all((0..3).map(|_| Session::begin(testbed))).await;
    let insert = "INSERT INTO keys_first VALUES (1)";
    sessions[0].run(insert).await.unwrap();
    let refused = async {
        until_waiting(testbed, 2).await;
        sessions[0].run("ROLLBACK").await.unwrap();
    };
    let (second, third, ()) = tokio::join!(sessions[1].end(insert), sessions[2].end(insert), refused);
    let deadlocks = usize::from(second.is_err()) + usize::from(third.is_err());
    // PostgreSQL has no shared lock on a key: one of them inserts it, then the other.
    assert_eq!(deadlocks, usize::from(is_innodb(testbed)));
}

/// Whoever skips a locked seat that was found by an index on a column that changes keeps the index's entry locked.
async fn skip_locked_through_a_secondary_index_deadlocks(testbed: &Testbed) {
    hall(testbed, 10, "CREATE INDEX hall_state ON hall (performance, state)").await;
    let force = if is_innodb(testbed) { "FORCE INDEX (hall_state)" } else { "" };
    let look = format!("SELECT * FROM hall {force} WHERE performance = 1 AND state = 0 FOR UPDATE SKIP LOCKED");
    let deadlocks = skip_then_wait(testbed, &look).await;
    // PostgreSQL locks rows, and no entries of an index.
    assert_eq!(deadlocks, usize::from(is_innodb(testbed)));
}

async fn skip_locked_by_primary_key_does_not_deadlock(testbed: &Testbed) {
    hall(testbed, 10, "").await;
    let look = "SELECT * FROM hall WHERE performance = 1 ORDER BY number FOR UPDATE SKIP LOCKED";
    assert_eq!(skip_then_wait(testbed, look).await, 0);
}

/// One has a seat and sells it; the other skips it, finds too few, and waits for it.
async fn skip_then_wait(testbed: &Testbed, look: &str) -> usize {
    let (one, other) = (Session::begin(testbed).await, Session::begin(testbed).await);
    one.run(&lock(1)).await.unwrap();
    other.run(look).await.unwrap();
    let wait = lock(1);
    let sold = one.end("UPDATE hall SET state = 2 WHERE performance = 1 AND number = 1");
    let (sold, waited) = tokio::join!(sold, other.end(&wait));
    usize::from(sold.is_err()) + usize::from(waited.is_err())
}

/// Whoever asks for most seats of a small hall waits for one that was not asked for, and has what its holder wants
/// next: the hall is read from end to end.
async fn in_over_a_small_hall_deadlocks(testbed: &Testbed) {
    hall(testbed, 4, "").await;
    let (one, other) = (Session::begin(testbed).await, Session::begin(testbed).await);
    one.run(&lock(3)).await.unwrap();
    let wanted = if is_innodb(testbed) {
        "SELECT p, n FROM JSON_TABLE('[[1, 1], [1, 2], [1, 4]]', '$[*]' \
         COLUMNS (p INT PATH '$[0]', n INT PATH '$[1]')) wanted"
    } else {
        "(1, 1), (1, 2), (1, 4)"
    };
    let wanted = format!("SELECT * FROM hall WHERE (performance, number) IN ({wanted}) FOR UPDATE");
    let first = lock(1);
    if !is_innodb(testbed) {
        assert_eq!(other.end(&wanted).await, Ok(()), "only the rows that were asked for");
        return;
    }
    let (theirs, ours) = tokio::join!(other.end(&wanted), async {
        until_waiting(testbed, 1).await;
        one.end(&first).await
    });
    assert!(theirs.is_err() != ours.is_err(), "{theirs:?} {ours:?}");
}

/// Two who insert a child each have a shared lock on its parent, which both then want to change.
async fn a_foreign_key_to_a_row_that_changes_deadlocks(testbed: &Testbed) {
    testbed.run("CREATE TABLE parent (id INT PRIMARY KEY, sold INT)").await;
    testbed
        .run("CREATE TABLE child (id INT PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES parent (id))")
        .await;
    testbed.run("INSERT INTO parent VALUES (1, 0)").await;
    let (one, other) = (Session::begin(testbed).await, Session::begin(testbed).await);
    one.run("INSERT INTO child VALUES (1, 1)").await.unwrap();
    other.run("INSERT INTO child VALUES (2, 1)").await.unwrap();
    let update = "UPDATE parent SET sold = sold + 1 WHERE id = 1";
    let both = tokio::join!(one.end(update), other.end(update));
    // PostgreSQL's key lock does not mind a change of another column.
    assert_eq!(both.0.is_err() || both.1.is_err(), is_innodb(testbed), "{both:?}");
}

/// Commands in a context, and why their transactions had to be tried again.
struct Crowd {
    context: TestContext,
    failures: Arc<Failures>,
}

impl Crowd {
    async fn on(testbed: &Testbed) -> Self {
        let failures = Arc::new(Failures::default());
        let context = TestContext::new(testbed, 8, failures.clone()).await;
        for n in 4..=7 {
            context.fund(n).await;
        }
        Self { context, failures }
    }

    async fn run(&self, command: &Command) -> Result<Outcome, BookingError> {
        self.context.run(command).await
    }

    async fn held(&self, command: &Command) -> Reservation {
        match self.run(command).await {
            Ok(Outcome::Held(held)) => held,
            other => panic!("{other:?}"),
        }
    }

    async fn paid(&self, n: u128, round: usize, seats: &[u32]) -> Reservation {
        let held = self.held(&self.context.hold(n, &format!("paid-{round}"), seats)).await;
        self.run(&self.context.pay(&held, &format!("pay-{round}"))).await.unwrap();
        held
    }

    /// Commands for the same seats, and of the same people.
    fn holds(&self, round: usize) -> Vec<Command> {
        let name = |what: &str| format!("{what}-{round}");
        let first = self.context.hold(1, &name("first"), &[1, 2, 8, 9]);
        vec![
            first.clone(),
            first.clone(),
            first,
            self.context.hold(2, &name("order"), &[9, 8, 2, 1]),
            self.context.hold(3, &name("five"), &[5, 1]),
            self.context.hold_best(2, &name("best"), &[&[1, 2], &[3, 4], &[5, 6]]),
            self.context.hold_best(3, &name("other"), &[&[1, 2], &[3, 4], &[5, 6]]),
            self.context.wait_for_best(3, &name("waits"), &[&[1, 2], &[3, 4]]),
            self.context.charge(1, &name("charge")),
        ]
    }

    /// The rest: for seats beside each other that were sold and given back before, each twice. In the end nothing is left of
    /// what was to be given back.
    async fn payments(&self, round: usize) -> Vec<Command> {
        let name = |what: &str| format!("{what}-{round}");
        let (kims, lees) = (self.paid(4, round, &[20, 22]).await, self.paid(5, round, &[21]).await);
        let parks = self.held(&self.context.hold(6, &name("parks"), &[23, 25])).await;
        let chois = self.held(&self.context.hold(7, &name("chois"), &[24])).await;
        let lapses = self.held(&self.context.hold(5, &name("lapses"), &[30])).await;
        let charge = self.run(&self.context.charge(6, &name("charge"))).await;
        let Ok(Outcome::Charged(payment)) = charge else { panic!("{charge:?}") };
        let once = [
            self.context.cancel_seats(&kims, &name("one"), &[22]),
            self.context.cancel_seats(&kims, &name("both"), &[22, 20]),
            self.context.cancel(&kims, &name("cancel")),
            self.context.refund(&lees, &name("refund")),
            self.context.pay(&parks, &name("pay-parks")),
            self.context.pay(&chois, &name("pay-chois")),
            TestContext::expire(&lapses),
            self.context.settle(&payment),
        ];
        [once.clone(), once].concat()
    }

    /// Gives everything back, so that the next round finds what this one found.
    async fn tidy(&self, outcomes: Vec<Outcome>, round: usize) {
        for outcome in outcomes {
            let back = match outcome {
                Outcome::Held(held) => TestContext::release(&held),
                Outcome::Paid { reservation, .. } => self.context.cancel(&reservation, &format!("back-{round}")),
                _ => continue,
            };
            self.run(&back).await.unwrap();
        }
    }
}

async fn ours_never_deadlock(testbed: &Testbed) {
    const ROUNDS: usize = 40;
    /// Until a hold has lapsed, and its seat can be taken.
    const LAPSES: i64 = 300 + TAKEOVER_GRACE.as_secs().cast_signed();
    let crowd = Crowd::on(testbed).await;
    for round in 0..ROUNDS {
        let mut at_once = crowd.payments(round).await;
        crowd.context.world.set_seconds(1 + LAPSES * i64::try_from(round + 1).unwrap());
        at_once.extend(crowd.holds(round));
        let mut outcomes = Vec::new();
        for answer in join_all(at_once.iter().map(|command| crowd.run(command))).await {
            match answer {
                Ok(outcome) => outcomes.push(outcome),
                Err(BookingError::Rejected(_) | BookingError::Replan) => {}
                Err(error) => panic!("{error}"),
            }
        }
        crowd.tidy(outcomes, round).await;
    }
    crowd.failures.assert_no_deadlock();
    assert_eq!(crowd.context.audit().await, []);
}

/// Six who make one row at once; the first undoes it.
async fn the_insertion_of_a_row_that_others_wait_for_deadlocks_when_it_is_undone(testbed: &Testbed) {
    testbed.run("CREATE TABLE newcomer (id INT PRIMARY KEY, version INT)").await;
    let or_wait =
        if is_innodb(testbed) { "ON DUPLICATE KEY UPDATE version = version" } else { "ON CONFLICT DO NOTHING" };
    let insert = format!("INSERT INTO newcomer VALUES (1, 0) {or_wait}");
    let sessions = join_all((0..6).map(|_| Session::begin(testbed))).await;
    sessions[0].run(&insert).await.unwrap();
    let refused = async {
        until_waiting(testbed, 5).await;
        sessions[0].run("ROLLBACK").await.unwrap();
    };
    let (waited, ()) = tokio::join!(join_all(sessions[1..].iter().map(|session| session.end(&insert))), refused);
    assert_eq!(waited.iter().any(Result::is_err), is_innodb(testbed), "{waited:?}");
}

/// On `InnoDB` the check whether a seat has a valid ticket locks what stands beside it in the index, while the void ticket
/// of an earlier sale has not been purged from there. So a write waits; for a seat with a higher number only.
async fn the_ticket_of_a_seat_that_was_sold_before_locks_its_neighbour(testbed: &Testbed) {
    testbed
        .run(
            "CREATE TABLE pass (number INT, version INT, live INT NULL, PRIMARY KEY (number, version), \
             CONSTRAINT uq_pass UNIQUE (number, live))",
        )
        .await;
    testbed.run("INSERT INTO pass VALUES (1, 1, 1), (2, 1, 1)").await;
    // Whoever still sees the valid ticket keeps it from being purged.
    let onlooker = Session::begin(testbed).await;
    onlooker.run("COMMIT").await.unwrap();
    if is_innodb(testbed) {
        onlooker.run("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ").await.unwrap();
        onlooker.run("START TRANSACTION WITH CONSISTENT SNAPSHOT").await.unwrap();
    }
    testbed.run("UPDATE pass SET live = NULL WHERE number = 1 AND version = 1").await;
    let (sells, voids) = (Session::begin(testbed).await, Session::begin(testbed).await);
    sells.run("INSERT INTO pass VALUES (1, 2, 1)").await.unwrap();
    let void = "UPDATE pass SET live = NULL WHERE number = 2 AND version = 1";
    let sold = async {
        if is_innodb(testbed) {
            until_waiting(testbed, 1).await;
        }
        sells.run("COMMIT").await.unwrap();
    };
    let (voided, ()) = tokio::join!(voids.end(void), sold);
    assert_eq!(voided, Ok(()));
}

/// One finds a row, locks it, and then inserts another that was absent: somebody has inserted it meanwhile, and wants the
/// first.
async fn a_row_that_is_inserted_after_others_were_locked_deadlocks(testbed: &Testbed) {
    testbed.run("CREATE TABLE guest (id INT PRIMARY KEY)").await;
    testbed.run("INSERT INTO guest VALUES (2)").await;
    let (one, other) = (Session::begin(testbed).await, Session::begin(testbed).await);
    let there = "SELECT id FROM guest WHERE id = 2 FOR UPDATE";
    one.run(there).await.unwrap();
    other.run("INSERT INTO guest VALUES (1)").await.unwrap();
    let (theirs, ours) = tokio::join!(other.end(there), async {
        until_waiting(testbed, 1).await;
        one.end(if is_innodb(testbed) {
            "INSERT IGNORE INTO guest VALUES (1)"
        } else {
            "INSERT INTO guest VALUES (1) ON CONFLICT DO NOTHING"
        })
        .await
    });
    assert!(theirs.is_err() != ours.is_err(), "{theirs:?} {ours:?}");
}

/// Two newcomers, who come before the others in the order of keys, in the batches of several instances.
async fn newcomers_beside_others_never_deadlock(testbed: &Testbed) {
    const INSTANCES: usize = 4;
    let failures = Arc::new(Failures::default());
    let context = TestContext::new(testbed, INSTANCES, failures.clone()).await;
    context.held(&context.hold(1, "taken", &[1])).await;
    for newest in (4..=58).rev().step_by(2) {
        let people = [newest, newest + 2, newest + 1, newest + 3, newest + 4];
        // While each instance is busy with somebody who is known, its batch of all kinds gathers.
        let first = std::iter::repeat_n(newest + 5, INSTANCES);
        let wanted = first.chain((0..INSTANCES).flat_map(|_| people)).enumerate();
        let taps: Vec<Command> =
            wanted.map(|(n, person)| context.hold(person, &format!("tap-{newest}-{n}"), &[1])).collect();
        for answer in join_all(taps.iter().map(|tap| context.run(tap))).await {
            assert!(matches!(answer, Err(BookingError::Rejected(_))), "{answer:?}");
        }
    }
    failures.assert_no_deadlock();
    assert_eq!(context.audit().await, []);
}

/// The insertion of a row that others wait for is what deadlocks if it is undone; a newcomer's row stays, refused or not.
async fn refused_newcomers_do_not_deadlock(testbed: &Testbed) {
    const NEWCOMERS: RangeInclusive<u128> = 4..=30;
    let failures = Arc::new(Failures::default());
    let context = TestContext::new(testbed, 8, failures.clone()).await;
    context.held(&context.hold(1, "taken", &[1])).await;
    for newcomer in NEWCOMERS {
        let tap = |n: u32| context.hold(newcomer, &format!("tap-{n}"), &[1]);
        let taps: Vec<Command> = (0..6).map(tap).collect();
        for answer in join_all(taps.iter().map(|tap| context.run(tap))).await {
            assert!(matches!(answer, Err(BookingError::Rejected(_))), "{answer:?}");
        }
    }
    failures.assert_no_deadlock();
    assert_eq!(context.audit().await, []);
}

on_every_server! {
    seats_locked_in_the_order_of_the_request_deadlock,
    an_idempotency_key_that_is_inserted_first_deadlocks,
    skip_locked_through_a_secondary_index_deadlocks,
    skip_locked_by_primary_key_does_not_deadlock,
    in_over_a_small_hall_deadlocks,
    a_foreign_key_to_a_row_that_changes_deadlocks,
    the_insertion_of_a_row_that_others_wait_for_deadlocks_when_it_is_undone,
    the_ticket_of_a_seat_that_was_sold_before_locks_its_neighbour,
    a_row_that_is_inserted_after_others_were_locked_deadlocks,
    ours_never_deadlock,
    newcomers_beside_others_never_deadlock,
    refused_newcomers_do_not_deadlock,
}

//! Faults at every statement and at COMMIT: nothing half-done, nothing done twice, no transaction left open.

use super::context::{TestContext, at};
use super::testbed::{Testbed, on_every_database};
use async_trait::async_trait;
use frontrow_adapters::sql::hook::{Fault, Hook};
use frontrow_application::Outage;
use frontrow_application::port::BookingError;
use frontrow_domain::{Command, Outcome};
use frontrow_test_databases::{Kind, TestDatabase};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Strikes at the statement with that number, as often as it is told to.
#[derive(Default)]
struct Strike {
    counting: AtomicBool,
    seen: AtomicUsize,
    fault: Mutex<Option<(usize, Fault, usize)>>,
    lose_commits: AtomicUsize,
    away_after_loss: AtomicBool,
    away: AtomicBool,
}

impl Strike {
    fn arm(&self, number: usize, fault: Fault, times: usize) {
        self.seen.store(0, Ordering::SeqCst);
        self.counting.store(true, Ordering::SeqCst);
        *self.fault.lock().unwrap() = Some((number, fault, times));
    }

    /// Says how many statements there were, and whether the fault struck.
    fn disarm(&self) -> (usize, bool) {
        self.counting.store(false, Ordering::SeqCst);
        let struck = self.fault.lock().unwrap().take().is_some_and(|(.., left)| left == 0);
        (self.seen.load(Ordering::SeqCst), struck)
    }
}

#[async_trait]
impl Hook for Strike {
    fn before(&self, _: &str) -> Option<Fault> {
        if self.away.load(Ordering::SeqCst) {
            return Some(Fault::ConnectionLost);
        }
        if !self.counting.load(Ordering::SeqCst) {
            return None;
        }
        let number = self.seen.fetch_add(1, Ordering::SeqCst);
        let mut armed = self.fault.lock().unwrap();
        let (at, fault, left) = armed.as_mut()?;
        if number < *at || *left == 0 {
            return None;
        }
        *left -= 1;
        Some(*fault)
    }

    fn loses_commit_answer(&self) -> bool {
        let lost =
            self.lose_commits.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        self.away.store(lost && self.away_after_loss.load(Ordering::SeqCst), Ordering::SeqCst);
        lost
    }
}

/// Every kind of command, each with what has to be there before it.
async fn prepared(context: &TestContext, kind: &str) -> Command {
    let hold = context.hold(1, "hold", &[1, 2, 3]);
    match kind {
        "hold" => hold,
        "best" => context.hold_best(1, "hold", &[&[1, 2], &[3, 4], &[5, 6]]),
        "charge" => context.charge(1, "charge"),
        "settle" => {
            let begun = context.run(&context.charge(1, "charge")).await.unwrap();
            let Outcome::Charged(payment) = begun else { panic!("{begun:?}") };
            context.settle(&payment)
        }
        "pay" => context.pay(&context.held(&hold).await, "pay"),
        "release" => TestContext::release(&context.held(&hold).await),
        "cancel" => {
            let reservation = context.held(&hold).await;
            context.run(&context.pay(&reservation, "pay")).await.unwrap();
            context.cancel(&reservation, "cancel")
        }
        "late" | "expire" => {
            let reservation = context.held(&hold).await;
            context.world.set_seconds(1000);
            if kind == "late" { context.pay(&reservation, "pay") } else { TestContext::expire(&reservation) }
        }
        other => panic!("{other}"),
    }
}

const KINDS: [&str; 9] = ["hold", "best", "pay", "late", "release", "cancel", "expire", "charge", "settle"];

/// Runs the command with the fault at every one of its statements in turn, until there is none left to strike.
async fn at_every_statement(
    testbed: &Testbed,
    kind: &str,
    fault: Fault,
    times: usize,
    check: impl AsyncFn(&TestContext, &Command, Vec<String>, Result<Outcome, BookingError>),
) {
    for number in 0.. {
        let strike = Arc::new(Strike::default());
        let context = TestContext::new(testbed, 1, strike.clone()).await;
        let command = prepared(&context, kind).await;
        let before = context.dump().await;
        strike.arm(number, fault, times);
        let result = context.run(&command).await;
        let (seen, struck) = strike.disarm();
        context.assert_nobody_writes().await;
        if !struck {
            assert!(number >= 4, "{kind} has at least begin, a read, a write and commit; {seen} seen");
            assert!(result.is_ok(), "{result:?}");
            break;
        }
        check(&context, &command, before, result).await;
        assert_eq!(context.audit().await, [], "{kind}, {fault:?} at statement {number}");
    }
}

async fn contention_and_lost_connections_are_tried_again_and_done_once(testbed: &Testbed) {
    for kind in KINDS {
        for fault in [Fault::Contention, Fault::ConnectionLost] {
            at_every_statement(testbed, kind, fault, 1, async |context, command, _, result| {
                let outcome = result.unwrap();
                let after = context.dump().await;
                assert_eq!(context.run(command).await, Ok(outcome), "a repetition gives the same");
                assert_eq!(context.dump().await, after, "a repetition changes nothing");
            })
            .await;
        }
    }
}

async fn what_can_not_be_mended_changes_nothing_and_can_be_repeated(testbed: &Testbed) {
    for kind in KINDS {
        at_every_statement(testbed, kind, Fault::Other, 1, async |context, command, before, result| {
            assert!(matches!(result, Err(BookingError::Fault(_))), "{result:?}");
            assert_eq!(context.dump().await, before);
            assert!(context.run(command).await.is_ok());
        })
        .await;
    }
}

async fn who_is_in_the_way_for_too_long_makes_it_busy_and_nothing_has_changed(testbed: &Testbed) {
    for kind in ["hold", "pay"] {
        at_every_statement(testbed, kind, Fault::Contention, 4, async |context, command, before, result| {
            assert!(matches!(result, Err(BookingError::Outage(Outage::Busy { .. }))), "{result:?}");
            assert_eq!(context.dump().await, before);
            assert!(context.run(command).await.is_ok());
        })
        .await;
    }
}

async fn a_commit_whose_answer_is_lost_is_found_out_about(testbed: &Testbed) {
    for kind in KINDS {
        let strike = Arc::new(Strike::default());
        let context = TestContext::new(testbed, 1, strike.clone()).await;
        let command = prepared(&context, kind).await;
        strike.lose_commits.store(1, Ordering::SeqCst);
        let outcome = context.run(&command).await.unwrap();
        let after = context.dump().await;
        assert_eq!(strike.lose_commits.load(Ordering::SeqCst), 0, "{kind}: the answer was lost");
        assert_eq!(context.run(&command).await, Ok(outcome));
        assert_eq!(context.dump().await, after);
        assert_eq!(context.audit().await, []);
    }
}

async fn an_outcome_that_can_not_be_found_out_is_called_unknown_and_the_key_tells_later(testbed: &Testbed) {
    let strike = Arc::new(Strike::default());
    let context = TestContext::new(testbed, 1, strike.clone()).await;
    let command = context.hold(1, "hold", &[1]);
    strike.lose_commits.store(1, Ordering::SeqCst);
    strike.away_after_loss.store(true, Ordering::SeqCst);
    assert_eq!(context.run(&command).await, Err(BookingError::Unknown(command.key.clone())));

    strike.away.store(false, Ordering::SeqCst);
    let after = context.dump().await;
    context.world.set_seconds(2);
    let Ok(Outcome::Held(reservation)) = context.run(&command).await else { panic!("it can be repeated") };
    assert_eq!(reservation.held_until, at(301), "it was held by the first attempt, at second 1");
    assert_eq!(context.dump().await, after);
    assert_eq!(context.audit().await, []);
}

/// A database may find out at COMMIT only that others were in the way. `PostgreSQL` can be made to; on `MySQL` and
/// `MariaDB` only a cluster does, which the hook stands in for.
async fn a_commit_that_fails_because_of_others_is_tried_again(testbed: &Testbed) {
    match testbed.server().map(TestDatabase::kind) {
        Some(Kind::Postgres) => {}
        None | Some(Kind::MySql | Kind::MariaDb) => return,
    }
    testbed
        .run(
            "CREATE SEQUENCE commits; \
             CREATE FUNCTION in_the_way() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
               IF nextval('commits') <= 2 THEN RAISE EXCEPTION 'not now' USING ERRCODE = '40001'; END IF; \
               RETURN NULL; END $$",
        )
        .await;
    let context = TestContext::new(testbed, 1, Arc::new(Strike::default())).await;
    testbed
        .run(
            "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON reservation DEFERRABLE INITIALLY DEFERRED \
             FOR EACH ROW EXECUTE FUNCTION in_the_way()",
        )
        .await;
    context.held(&context.hold(1, "hold", &[1])).await;
    assert_eq!(testbed.texts("SELECT nextval('commits')::text").await, ["4"], "the third COMMIT held");
    assert_eq!(context.audit().await, []);
}

on_every_database! {
    a_commit_that_fails_because_of_others_is_tried_again,
    contention_and_lost_connections_are_tried_again_and_done_once,
    what_can_not_be_mended_changes_nothing_and_can_be_repeated,
    who_is_in_the_way_for_too_long_makes_it_busy_and_nothing_has_changed,
    a_commit_whose_answer_is_lost_is_found_out_about,
    an_outcome_that_can_not_be_found_out_is_called_unknown_and_the_key_tells_later,
}

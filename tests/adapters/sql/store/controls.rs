//! The negative controls: what happens when the protections are switched off, one after the other.

use super::stage::{PRICE, Stage, user};
use super::testbed::{Testbed, on_every_database};
use async_trait::async_trait;
use frontrow_adapters::sql::hook::Hook;
use frontrow_application::port::BookingError;
use frontrow_domain::{Outcome, Rejection, Rule};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;

/// Rows are not locked; whoever decides while the gate is armed waits at it.
struct Unlocked {
    guards: bool,
    armed: AtomicBool,
    waits: Notify,
    open: Notify,
}

impl Unlocked {
    fn new(guards: bool) -> Arc<Self> {
        Arc::new(Self { guards, armed: AtomicBool::new(false), waits: Notify::new(), open: Notify::new() })
    }
}

#[async_trait]
impl Hook for Unlocked {
    fn locks(&self) -> bool {
        false
    }

    fn guards(&self) -> bool {
        self.guards
    }

    async fn decided(&self) {
        if self.armed.swap(false, Ordering::SeqCst) {
            self.waits.notify_one();
            self.open.notified().await;
        }
    }
}

/// Kim's hold has lapsed. Kim pays late, and between that decision and its write Lee takes the seat over and pays.
async fn late_payment_against_takeover(testbed: &Testbed, guards: bool) -> (Stage, Result<Outcome, BookingError>) {
    let hook = Unlocked::new(guards);
    let stage = Arc::new(Stage::new(testbed, 2, hook.clone()).await);
    let kims = stage.held(&stage.hold(1, "hold", &[1])).await;
    stage.world.set_seconds(1000);

    hook.armed.store(true, Ordering::SeqCst);
    let pay = stage.pay(&kims, "late");
    let late = tokio::spawn({
        let stage = Arc::clone(&stage);
        async move { stage.run(&pay).await }
    });
    hook.waits.notified().await;
    let lees = stage.held(&stage.hold(2, "hold", &[1])).await;
    stage.run(&stage.pay(&lees, "pay")).await.unwrap();
    hook.open.notify_one();
    let late = late.await.unwrap();
    let Ok(stage) = Arc::try_unwrap(stage) else { panic!("nobody else has the stage") };
    (stage, late)
}

async fn without_locks_the_version_guards_keep_a_seat_from_being_sold_twice(testbed: &Testbed) {
    let (stage, late) = late_payment_against_takeover(testbed, true).await;
    assert!(matches!(late, Err(BookingError::Rejected(Rejection::HoldLapsed { .. }))), "{late:?}");
    assert_eq!(stage.audit().await, []);
}

async fn without_locks_and_guards_the_audit_names_the_seat(testbed: &Testbed) {
    let (stage, late) = late_payment_against_takeover(testbed, false).await;
    assert!(matches!(late, Ok(Outcome::Paid { .. })), "{late:?}");
    let findings = stage.audit().await;
    let named = |rule| findings.iter().any(|f| f.rule == rule && f.row.contains("seat 1 of performance"));
    assert!(named(Rule::SoldOnce), "{findings:?}");
    assert!(named(Rule::SeatsTicketsReservations), "{findings:?}");
}

/// Two payments of one user, decided on the same balance.
async fn two_payments_on_one_balance(testbed: &Testbed, guards: bool) -> Stage {
    let hook = Unlocked::new(guards);
    let stage = Arc::new(Stage::new(testbed, 2, hook.clone()).await);
    let first = stage.held(&stage.hold(1, "first", &[1])).await;
    let second = stage.held(&stage.hold(1, "second", &[2])).await;
    hook.armed.store(true, Ordering::SeqCst);
    let pay = stage.pay(&first, "pay-first");
    let waiting = tokio::spawn({
        let stage = Arc::clone(&stage);
        async move { stage.run(&pay).await }
    });
    hook.waits.notified().await;
    stage.run(&stage.pay(&second, "pay-second")).await.unwrap();
    hook.open.notify_one();
    waiting.await.unwrap().unwrap();
    let Ok(stage) = Arc::try_unwrap(stage) else { panic!("nobody else has the stage") };
    stage
}

async fn without_locks_the_version_guards_keep_points_from_being_spent_twice(testbed: &Testbed) {
    assert_eq!(two_payments_on_one_balance(testbed, true).await.audit().await, []);
}

async fn without_locks_and_guards_the_audit_names_the_wallet(testbed: &Testbed) {
    let findings = two_payments_on_one_balance(testbed, false).await.audit().await;
    let wallet = format!("wallet {} has {}", user(1), 100_000 - PRICE);
    let named = findings.iter().any(|f| f.rule == Rule::WalletEqualsTransfers && f.row.starts_with(&wallet));
    assert!(named, "{findings:?}");
}

on_every_database! {
    without_locks_the_version_guards_keep_a_seat_from_being_sold_twice,
    without_locks_and_guards_the_audit_names_the_seat,
    without_locks_the_version_guards_keep_points_from_being_spent_twice,
    without_locks_and_guards_the_audit_names_the_wallet,
}

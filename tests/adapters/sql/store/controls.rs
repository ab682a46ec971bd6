//! The negative controls: what happens when the protections are switched off, one after the other.

use super::context::{PRICE, TestContext, user};
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
async fn late_payment_against_takeover(
    testbed: &Testbed,
    guards: bool,
) -> (TestContext, Result<Outcome, BookingError>) {
    let hook = Unlocked::new(guards);
    let context = Arc::new(TestContext::new(testbed, 2, hook.clone()).await);
    let kims = context.held(&context.hold(1, "hold", &[1])).await;
    context.world.set_seconds(1000);

    hook.armed.store(true, Ordering::SeqCst);
    let pay = context.pay(&kims, "late");
    let late = tokio::spawn({
        let context = Arc::clone(&context);
        async move { context.run(&pay).await }
    });
    hook.waits.notified().await;
    let lees = context.held(&context.hold(2, "hold", &[1])).await;
    context.run(&context.pay(&lees, "pay")).await.unwrap();
    hook.open.notify_one();
    let late = late.await.unwrap();
    let Ok(context) = Arc::try_unwrap(context) else { panic!("nobody else has the context") };
    (context, late)
}

async fn without_locks_the_version_guards_keep_a_seat_from_being_sold_twice(testbed: &Testbed) {
    let (context, late) = late_payment_against_takeover(testbed, true).await;
    assert!(matches!(late, Err(BookingError::Rejected(Rejection::HoldLapsed { .. }))), "{late:?}");
    assert_eq!(context.audit().await, []);
}

async fn without_locks_and_guards_the_audit_names_the_seat(testbed: &Testbed) {
    let (context, late) = late_payment_against_takeover(testbed, false).await;
    assert!(matches!(late, Ok(Outcome::Paid { .. })), "{late:?}");
    let findings = context.audit().await;
    let named = |rule| findings.iter().any(|f| f.rule == rule && f.row.contains("seat 1 of performance"));
    assert!(named(Rule::SoldOnce), "{findings:?}");
    assert!(named(Rule::SeatsTicketsReservations), "{findings:?}");
}

/// Two payments of one user, decided on the same balance.
async fn two_payments_on_one_balance(testbed: &Testbed, guards: bool) -> TestContext {
    let hook = Unlocked::new(guards);
    let context = Arc::new(TestContext::new(testbed, 2, hook.clone()).await);
    let first = context.held(&context.hold(1, "first", &[1])).await;
    let second = context.held(&context.hold(1, "second", &[2])).await;
    hook.armed.store(true, Ordering::SeqCst);
    let pay = context.pay(&first, "pay-first");
    let waiting = tokio::spawn({
        let context = Arc::clone(&context);
        async move { context.run(&pay).await }
    });
    hook.waits.notified().await;
    context.run(&context.pay(&second, "pay-second")).await.unwrap();
    hook.open.notify_one();
    waiting.await.unwrap().unwrap();
    let Ok(context) = Arc::try_unwrap(context) else { panic!("nobody else has the context") };
    context
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

/// Two cancellations of seats that overlap, decided on the same state of the reservation.
async fn two_cancellations_of_one_seat(
    testbed: &Testbed,
    guards: bool,
) -> (TestContext, Result<Outcome, BookingError>) {
    let hook = Unlocked::new(guards);
    let context = Arc::new(TestContext::new(testbed, 2, hook.clone()).await);
    let held = context.held(&context.hold(1, "hold", &[1, 2, 3])).await;
    context.run(&context.pay(&held, "pay")).await.unwrap();
    hook.armed.store(true, Ordering::SeqCst);
    let cancel = context.cancel_seats(&held, "two", &[1, 2]);
    let waiting = tokio::spawn({
        let context = Arc::clone(&context);
        async move { context.run(&cancel).await }
    });
    hook.waits.notified().await;
    context.run(&context.cancel_seats(&held, "one", &[2])).await.unwrap();
    hook.open.notify_one();
    let second = waiting.await.unwrap();
    let Ok(context) = Arc::try_unwrap(context) else { panic!("nobody else has the context") };
    (context, second)
}

async fn without_locks_the_version_guards_keep_a_seat_from_being_refunded_twice(testbed: &Testbed) {
    let (context, second) = two_cancellations_of_one_seat(testbed, true).await;
    assert!(matches!(second, Err(BookingError::Rejected(Rejection::SeatsReturned { .. }))), "{second:?}");
    assert_eq!(context.audit().await, []);
    assert_eq!(context.balance(1).await, 100_000 - 2 * PRICE);
}

async fn without_locks_and_guards_the_audit_names_the_refund(testbed: &Testbed) {
    let (context, second) = two_cancellations_of_one_seat(testbed, false).await;
    assert!(matches!(second, Ok(Outcome::GivenBack(_))), "{second:?}");
    let findings = context.audit().await;
    assert!(findings.iter().any(|finding| finding.rule == Rule::RefundsEqualSeats), "{findings:?}");
}

on_every_database! {
    without_locks_the_version_guards_keep_a_seat_from_being_sold_twice,
    without_locks_and_guards_the_audit_names_the_seat,
    without_locks_the_version_guards_keep_points_from_being_spent_twice,
    without_locks_and_guards_the_audit_names_the_wallet,
    without_locks_the_version_guards_keep_a_seat_from_being_refunded_twice,
    without_locks_and_guards_the_audit_names_the_refund,
}

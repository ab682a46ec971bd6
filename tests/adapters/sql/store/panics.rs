//! Panics in the middle of a transaction: nothing is half done, whoever waits is told the truth, and the worker goes on.

use super::context::TestContext;
use super::testbed::{Testbed, on_every_database};
use async_trait::async_trait;
use frontrow_adapters::sql::hook::{Fault, Hook};
use frontrow_application::port::BookingError;
use frontrow_domain::{Command, Outcome};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Panics as it is told.
pub struct Panics {
    /// Panics before the statement with that number from here on, once; `usize::MAX`: before none.
    before: AtomicUsize,
    /// Panics before every statement.
    always: AtomicBool,
    /// Panics once after a COMMIT.
    after_commit: AtomicBool,
    /// Panics before every statement once it has panicked after a COMMIT.
    and_then_always: AtomicBool,
}

impl Default for Panics {
    fn default() -> Self {
        Self {
            before: AtomicUsize::new(usize::MAX),
            always: AtomicBool::default(),
            after_commit: AtomicBool::default(),
            and_then_always: AtomicBool::default(),
        }
    }
}

impl Panics {
    pub fn arm(&self, number: usize) {
        self.before.store(number, Ordering::SeqCst);
    }

    /// Whether it has panicked.
    pub fn disarm(&self) -> bool {
        self.always.store(false, Ordering::SeqCst);
        self.before.swap(usize::MAX, Ordering::SeqCst) == usize::MAX
    }
}

#[async_trait]
impl Hook for Panics {
    fn before(&self, text: &str) -> Option<Fault> {
        assert!(!self.always.load(Ordering::SeqCst), "as the test wants, before {text}");
        let left = self.before.load(Ordering::SeqCst);
        if left != usize::MAX {
            self.before.store(left.checked_sub(1).unwrap_or(usize::MAX), Ordering::SeqCst);
        }
        assert!(left != 0, "as the test wants, before {text}");
        None
    }

    fn loses_commit_answer(&self) -> bool {
        if self.after_commit.swap(false, Ordering::SeqCst) {
            self.always.store(self.and_then_always.load(Ordering::SeqCst), Ordering::SeqCst);
            panic!("as the test wants, after COMMIT");
        }
        false
    }
}

async fn context(testbed: &Testbed) -> (TestContext, Arc<Panics>) {
    let panics = Arc::new(Panics::default());
    (TestContext::new(testbed, 1, panics.clone()).await, panics)
}

async fn a_panic_at_any_statement_changes_nothing_and_its_worker_goes_on(testbed: &Testbed) {
    let (context, panics) = context(testbed).await;
    for number in 0.. {
        let hold = context.hold(1, &format!("hold-{number}"), &[1, 2]);
        let before = context.dump().await;
        panics.arm(number);
        let answer = context.run(&hold).await;
        if !panics.disarm() {
            assert!(answer.is_ok() && number >= 6, "a hold has more statements than {number}: {answer:?}");
            break;
        }
        assert!(matches!(answer, Err(BookingError::Fault(_))), "{number}: {answer:?}");
        // A file is let go of a moment later; until then whoever writes waits for it.
        if testbed.server().is_some() {
            context.assert_nobody_writes().await;
        }
        assert_eq!(context.dump().await, before, "{number}");
        let held = context.held(&hold).await;
        context.run(&TestContext::release(&held)).await.unwrap();
    }
    assert_eq!(context.audit().await, []);
}

async fn after_a_panic_behind_a_commit_the_answer_is_what_was_committed(testbed: &Testbed) {
    let (context, panics) = context(testbed).await;
    panics.after_commit.store(true, Ordering::SeqCst);
    let hold = context.hold(1, "hold", &[1, 2]);
    let held = context.held(&hold).await;
    assert!(!panics.after_commit.load(Ordering::SeqCst), "it has panicked");
    assert_eq!(context.held(&hold).await, held, "once");
    assert_eq!(context.testbed.count("reservation").await, 1);
    assert_eq!(context.audit().await, []);
}

async fn a_commit_that_nobody_could_look_for_after_a_panic_is_not_known(testbed: &Testbed) {
    let (context, panics) = context(testbed).await;
    panics.and_then_always.store(true, Ordering::SeqCst);
    panics.after_commit.store(true, Ordering::SeqCst);
    let hold: Command = context.hold(1, "hold", &[1, 2]);
    assert_eq!(context.run(&hold).await, Err(BookingError::Unknown(hold.key.clone())));
    panics.disarm();
    assert!(matches!(context.run(&hold).await, Ok(Outcome::Held(_))), "it has happened");
    assert_eq!(context.testbed.count("reservation").await, 1);
    assert_eq!(context.audit().await, []);
}

on_every_database! {
    a_panic_at_any_statement_changes_nothing_and_its_worker_goes_on,
    after_a_panic_behind_a_commit_the_answer_is_what_was_committed,
    a_commit_that_nobody_could_look_for_after_a_panic_is_not_known,
}

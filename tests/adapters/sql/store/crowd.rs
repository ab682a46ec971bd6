//! Commands that wait together for the only worker of a context.

use super::context::{TestContext, user};
use super::testbed::Testbed;
use async_trait::async_trait;
use frontrow_adapters::sql::hook::{Fault, Hook};
use frontrow_application::port::{BookingError, IdSource};
use frontrow_domain::{Command, Outcome, PaymentId, Rejection, testing};
use futures::FutureExt;
use futures::future::{BoxFuture, MaybeDone, join_all, maybe_done};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use uuid::Uuid;

/// What does not come about within this time never does.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub type Answer = Result<Outcome, BookingError>;

/// Holds the only worker up until all have come whom a test wants in one batch, and notes what its transactions are
/// like.
#[derive(Default)]
pub struct Gate {
    closed: AtomicBool,
    reached: Notify,
    opened: Notify,
    /// By attempt: how many commands it has, and what it says to the database.
    attempts: Mutex<Vec<(usize, Vec<String>)>>,
    commits: AtomicUsize,
    /// So many answers to COMMITs are lost from now on.
    pub lose_commits: AtomicUsize,
    /// What strikes at the next COMMITs, the last one first.
    pub faults: Mutex<Vec<Fault>>,
    /// Whose rule panics.
    pub panics: Mutex<Option<Command>>,
    /// Rows are not locked.
    unlocked: bool,
    /// Without locks: what somebody else does between the next batch's decision and its write.
    pub meanwhile: Mutex<Option<BoxFuture<'static, ()>>>,
}

impl Gate {
    /// The worker stops at its next attempt.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    pub async fn reached(&self) {
        assert!(timeout(PATIENCE, self.reached.notified()).await.is_ok(), "the worker does not come");
    }

    pub fn open(&self) {
        self.opened.notify_one();
    }

    /// How many commands each attempt had.
    pub fn sizes(&self) -> Vec<usize> {
        self.attempts.lock().unwrap().iter().map(|(size, _)| *size).collect()
    }

    fn forget(&self) {
        self.attempts.lock().unwrap().clear();
        self.commits.store(0, Ordering::SeqCst);
    }
}

#[async_trait]
impl Hook for Gate {
    async fn attempted(&self, _: Option<Uuid>, requests: usize) {
        self.attempts.lock().unwrap().push((requests, Vec::new()));
        if self.closed.swap(false, Ordering::SeqCst) {
            self.reached.notify_one();
            self.opened.notified().await;
        }
    }

    fn decides(&self, command: &Command) {
        let panics = self.panics.lock().unwrap().as_ref() == Some(command);
        assert!(!panics, "as the test wants");
    }

    fn locks(&self) -> bool {
        !self.unlocked
    }

    async fn decided(&self) {
        let is_batch = self.sizes().last().is_some_and(|size| *size > 1);
        let meanwhile = if is_batch { self.meanwhile.lock().unwrap().take() } else { None };
        if let Some(meanwhile) = meanwhile {
            meanwhile.await;
        }
    }

    fn before(&self, text: &str) -> Option<Fault> {
        if let Some((_, texts)) = self.attempts.lock().unwrap().last_mut() {
            texts.push(text.to_owned());
        }
        if text != "commit" {
            return None;
        }
        self.commits.fetch_add(1, Ordering::SeqCst);
        self.faults.lock().unwrap().pop()
    }

    fn loses_commit_answer(&self) -> bool {
        self.lose_commits.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    }
}

/// Somebody who asks for something.
pub type Asking<'a> = Pin<Box<MaybeDone<BoxFuture<'a, Answer>>>>;

pub struct Crowd {
    pub context: Arc<TestContext>,
    pub gate: Arc<Gate>,
}

impl Crowd {
    pub async fn new(testbed: &Testbed) -> Self {
        Self::with_gate(testbed, Gate::default()).await
    }

    pub async fn without_locks(testbed: &Testbed) -> Self {
        Self::with_gate(testbed, Gate { unlocked: true, ..Gate::default() }).await
    }

    async fn with_gate(testbed: &Testbed, gate: Gate) -> Self {
        let gate = Arc::new(gate);
        let context = Arc::new(TestContext::new(testbed, 1, gate.clone()).await);
        Self { context, gate }
    }

    /// The worker is busy until the gate is opened: with what is refused, and commits nothing.
    pub async fn keep_busy(&self) -> JoinHandle<()> {
        let Self { context, gate } = self;
        gate.close();
        let unknown = testing::payment().id(PaymentId::new(context.world.id())).user(user(1)).build();
        let (context, nothing) = (Arc::clone(context), context.settle(&unknown));
        let busy = tokio::spawn(async move {
            assert_eq!(context.run(&nothing).await, Err(BookingError::Rejected(Rejection::PaymentUnknown)));
        });
        gate.reached().await;
        gate.forget();
        busy
    }

    pub fn asking<'a>(&'a self, commands: &'a [Command]) -> Vec<Asking<'a>> {
        commands.iter().map(|command| asking(self.context.run(command))).collect()
    }

    /// What becomes of these commands if they wait together, each queued after the one before it.
    pub async fn together(&self, commands: &[Command]) -> Vec<Answer> {
        let busy = self.keep_busy().await;
        let mut asking = self.asking(commands);
        queue(&mut asking).await;
        self.gate.open();
        let told = answers(&mut asking).await;
        busy.await.unwrap();
        told
    }

    /// Of the transactions since the worker was kept busy, each attempt for itself.
    pub fn sizes(&self) -> Vec<usize> {
        self.gate.sizes()
    }

    /// What these attempts said to the database.
    pub fn texts(&self) -> Vec<Vec<String>> {
        self.gate.attempts.lock().unwrap().iter().map(|(_, texts)| texts.clone()).collect()
    }

    pub fn commits(&self) -> usize {
        self.gate.commits.load(Ordering::SeqCst)
    }

    pub async fn assert_right(&self) {
        self.context.assert_nobody_writes().await;
        assert_eq!(self.context.audit().await, []);
    }
}

pub fn asking<'a>(answer: impl Future<Output = Answer> + Send + 'a) -> Asking<'a> {
    Box::pin(maybe_done(answer.boxed()))
}

/// In their order: who was polled once is in the queue.
pub async fn queue(asking: &mut [Asking<'_>]) {
    for one in asking {
        let _ = futures::poll!(one.as_mut());
    }
}

pub async fn answers(asking: &mut [Asking<'_>]) -> Vec<Answer> {
    let all = timeout(PATIENCE, join_all(asking.iter_mut())).await;
    assert!(all.is_ok(), "not everybody has an answer");
    asking.iter_mut().map(|one| one.as_mut().take_output().unwrap()).collect()
}

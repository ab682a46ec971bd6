//! Something in a queue that is to be done, and who waits for the answer. Until it is begun it can be let go of: then it
//! will not happen, and whoever asked can be told so.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

/// As whoever does it sees it.
pub(in crate::sql) struct Job<Q, A> {
    what: Q,
    answer: oneshot::Sender<A>,
    settled: Arc<AtomicBool>,
}

/// As whoever asked sees it.
pub(in crate::sql) struct Asked<A> {
    answer: oneshot::Receiver<A>,
    settled: Arc<AtomicBool>,
}

/// What whoever asked knows when they have waited long enough.
pub(in crate::sql) enum Answered<A> {
    /// This.
    With(A),
    /// Nothing: it was not begun, and never will be.
    NotBegun,
    /// Nothing: somebody is at it, or has died with their runtime.
    Begun,
}

impl<Q, A> Job<Q, A> {
    pub(in crate::sql) fn new(what: Q) -> (Self, Asked<A>) {
        let (sender, receiver) = oneshot::channel();
        let settled = Arc::new(AtomicBool::new(false));
        let asked = Asked { answer: receiver, settled: Arc::clone(&settled) };
        (Self { what, answer: sender, settled }, asked)
    }

    /// Whether whoever asked has gone.
    pub(in crate::sql) fn is_deserted(&self) -> bool {
        self.answer.is_closed()
    }

    /// What is to be done, which has to come to its end from here on; `None` if whoever asked was told that it won't.
    pub(in crate::sql) fn begin(self) -> Option<(Q, oneshot::Sender<A>)> {
        (!self.settled.swap(true, Ordering::SeqCst)).then_some((self.what, self.answer))
    }
}

impl<A> Asked<A> {
    /// The answer, or what is known at that instant.
    pub(in crate::sql) async fn answer(mut self, until: Instant) -> Answered<A> {
        let answer = match timeout_at(until, &mut self.answer).await {
            Ok(answer) => answer.ok(),
            Err(_) if !self.settled.swap(true, Ordering::SeqCst) => return Answered::NotBegun,
            // It may have come in this very moment.
            Err(_) => self.answer.try_recv().ok(),
        };
        answer.map_or(Answered::Begun, Answered::With)
    }
}

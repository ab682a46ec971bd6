//! A command in the queue, and who waits for its outcome. Until a lane begins it, it can be let go of.

use frontrow_application::port::BookingError;
use frontrow_domain::{Command, Outcome};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;

pub(super) type Answer = Result<Outcome, BookingError>;

/// As the lanes see it.
pub(super) struct Job {
    command: Command,
    answer: oneshot::Sender<Answer>,
    settled: Arc<AtomicBool>,
}

/// As whoever asked sees it.
pub(super) struct Asked {
    answer: oneshot::Receiver<Answer>,
    settled: Arc<AtomicBool>,
}

impl Job {
    pub(super) fn new(command: Command) -> (Self, Asked) {
        let (sender, receiver) = oneshot::channel();
        let settled = Arc::new(AtomicBool::new(false));
        let asked = Asked { answer: receiver, settled: Arc::clone(&settled) };
        (Self { command, answer: sender, settled }, asked)
    }

    /// The command, which has to come to its end from here on; `None` if nobody waits for it any more.
    pub(super) fn begin(self) -> Option<(Command, oneshot::Sender<Answer>)> {
        let wanted = !self.answer.is_closed() && !self.settled.swap(true, Ordering::SeqCst);
        wanted.then_some((self.command, self.answer))
    }
}

impl Asked {
    /// The answer; `None` if no lane has begun the command by then, and none will any more.
    pub(super) async fn answer(mut self, patience: Duration) -> Option<Result<Answer, oneshot::error::RecvError>> {
        if let Ok(answer) = tokio::time::timeout(patience, &mut self.answer).await {
            return Some(answer);
        }
        if self.settled.swap(true, Ordering::SeqCst) { Some(self.answer.await) } else { None }
    }
}

//! A command in the queue, and who waits for its outcome. Until a lane begins it, it can be let go of.

use frontrow_application::port::BookingError;
use frontrow_domain::{Command, Outcome};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

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

/// What whoever asked knows when they have waited long enough.
pub(super) enum Answered {
    /// This.
    With(Answer),
    /// Nothing: no lane has begun the command, and none will any more.
    NotBegun,
    /// Nothing: a lane is at it, or has died with its runtime.
    Begun,
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
    /// The answer, or what is known at that instant.
    pub(super) async fn answer(mut self, until: Instant) -> Answered {
        let answer = match timeout_at(until, &mut self.answer).await {
            Ok(answer) => answer.ok(),
            Err(_) if !self.settled.swap(true, Ordering::SeqCst) => return Answered::NotBegun,
            // It may have come in this very moment.
            Err(_) => self.answer.try_recv().ok(),
        };
        answer.map_or(Answered::Begun, Answered::With)
    }
}

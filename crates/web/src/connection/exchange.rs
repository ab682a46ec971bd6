//! Whose turn it is on a connection.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::Instant;

/// What a connection and its requests know of each other.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// Requests that are being answered.
    answering: Cell<u32>,
    /// When it last became the client's turn.
    clients_turn: Cell<Instant>,
}

/// While a request is being answered.
pub(crate) struct Answering(Rc<Exchange>);

impl Exchange {
    pub fn new() -> Rc<Self> {
        Rc::new(Self { answering: Cell::new(0), clients_turn: Cell::new(Instant::now()) })
    }

    /// A request has come whole, but for its body.
    pub fn answer(self: &Rc<Self>) -> Answering {
        self.answering.set(self.answering.get() + 1);
        Answering(Rc::clone(self))
    }

    /// Something was sent: the client may take its time from now on.
    pub fn note_sent(&self) {
        self.clients_turn.set(Instant::now());
    }

    /// Until when the head of the next request has to be here, if the client has that long. While a request is being
    /// answered it has as long again.
    pub fn deadline(&self, now: Instant, patience: Duration) -> Instant {
        let since = if self.answering.get() > 0 { now } else { self.clients_turn.get() };
        since + patience
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.answering.set(self.0.answering.get().saturating_sub(1));
        self.0.note_sent();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn the_client_has_so_long_from_the_end_of_an_answer_on() {
        let exchange = Exchange::new();
        let begun = Instant::now();
        assert_eq!(exchange.deadline(begun, SECOND), begun + SECOND);
        tokio::time::advance(SECOND / 2).await;
        assert_eq!(exchange.deadline(Instant::now(), SECOND), begun + SECOND);
        let answering = exchange.answer();
        tokio::time::advance(10 * SECOND).await;
        assert_eq!(exchange.deadline(Instant::now(), SECOND), Instant::now() + SECOND);
        drop(answering);
        let ended = Instant::now();
        tokio::time::advance(SECOND / 2).await;
        assert_eq!(exchange.deadline(Instant::now(), SECOND), ended + SECOND);
    }
}

//! Where somebody stands: arithmetic on what is in memory.

use super::{QueueView, QueueViews};
use crate::port::{Clock, QueueSigner};
use crate::{Denied, Error, Missing};
use frontrow_domain::waiting_room::{AskAgain, EntryStatus, Forecast, QueueToken, Wait};
use std::sync::Arc;

/// A queue entry, and what can be said of it.
#[derive(Clone, Debug)]
pub struct QueueEntryView {
    /// The queue entry.
    pub token: QueueToken,
    /// Where the entry stands.
    pub status: EntryStatus,
    /// How long it will take; `None` while nobody knows.
    pub wait: Option<Wait>,
    /// When to ask again.
    pub again: AskAgain,
    /// The queue it stands in, as this instance saw it last.
    pub view: Arc<QueueView>,
}

impl QueueEntryView {
    pub(super) fn of(token: QueueToken, view: Arc<QueueView>, clock: &dyn Clock) -> Self {
        let status = view.status(token.group, token.number);
        let again = AskAgain::of(&view.queue, view.sale.opens, token.group, token.number, status, clock.now());
        let wait = match status {
            EntryStatus::Waiting { ahead } => Forecast::of(&view.queue, token.group).wait(ahead),
            _ => None,
        };
        Self { token, status, wait, again, view }
    }
}

/// Looks a queue entry up, by its token alone.
pub struct ShowQueueEntry {
    /// The queues of this instance, as the last tick left them.
    pub queues: Arc<QueueViews>,
    /// Reads the token.
    pub signer: Arc<dyn QueueSigner>,
    /// Gives the instant that the rules decide by.
    pub clock: Arc<dyn Clock>,
}

impl ShowQueueEntry {
    /// Touches nothing but memory.
    pub fn run(&self, token: &str) -> Result<QueueEntryView, Error> {
        let token = self.signer.read_token(token).map_err(|_| Denied::QueueTokenForged)?;
        let view = self.queues.view(token.sale).ok_or(Error::NotFound(Missing::Queue))?;
        Ok(QueueEntryView::of(token, view, &*self.clock))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, clock, entry, queue, queues, sale, sale_with_room, signs, token};
    use frontrow_domain::waiting_room::{Phase, Queue};
    use std::time::Duration;

    /// There is no port of a store: nothing but memory can be looked at.
    fn show(queue: Queue, token: QueueToken) -> ShowQueueEntry {
        ShowQueueEntry { queues: queues(queue, sale_with_room(0)), signer: Arc::new(signs(token)), clock: clock(100) }
    }

    #[test]
    fn an_entry_is_told_how_many_come_first_how_long_that_takes_and_when_to_ask_again() {
        let view = show(queue(), token(25)).run("token").unwrap();
        assert_eq!((view.token, view.status), (token(25), EntryStatus::Waiting { ahead: 5 }));
        // 60 a minute pass.
        let wait = Wait { least: Duration::from_secs(4), most: Duration::from_millis(7_500) };
        assert_eq!(view.wait, Some(wait));
        let AskAgain(again) = view.again;
        assert!((AskAgain::SOONEST..=AskAgain::SOONEST * 13 / 10).contains(&again), "{again:?}");
        assert_eq!(view.view.queue, queue());
    }

    #[test]
    fn nobody_waits_before_the_opening_or_after_the_call() {
        let lobby = show(Queue { phase: Phase::Lobby, ..queue() }, token(25)).run("token").unwrap();
        assert_eq!((lobby.status, lobby.wait), (EntryStatus::Lobby, None));
        for (number, status) in [(15, EntryStatus::Called), (5, EntryStatus::Lapsed)] {
            let view = show(queue(), token(number)).run("token").unwrap();
            assert_eq!((view.status, view.wait), (status, None));
        }
    }

    #[test]
    fn a_view_that_is_stale_is_better_than_none() {
        let stale = ShowQueueEntry { clock: clock(1000), ..show(queue(), token(15)) }.run("token").unwrap();
        assert!(stale.view.is_stale(at(1000)));
        assert_eq!((stale.status, stale.token.number), (EntryStatus::Called, entry(15).number));
    }

    #[test]
    fn a_forged_token_and_one_of_a_queue_that_is_over_show_nothing() {
        let refused = show(queue(), token(25)).run("forged").unwrap_err();
        assert_eq!(refused, Denied::QueueTokenForged.into());
        let other = QueueToken { sale: sale(1).id, ..token(25) };
        assert_eq!(show(queue(), other).run("token").unwrap_err(), Error::NotFound(Missing::Queue));
    }
}

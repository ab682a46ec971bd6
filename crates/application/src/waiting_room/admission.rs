//! Checking in, and picking up, renewing and giving back an admission.

use super::{QueueEntryView, QueueViews};
use crate::deadline;
use crate::port::{AdmissionWatch, BookingStore, Clock, NumberDispenser, QueueSigner, QueueStore};
use crate::{Conflict, Denied, Error, Missing};
use frontrow_domain::waiting_room::{CheckIn, CheckInOutcome, EntryStatus, Pass, Phase, QueueEntry, QueueToken, Tick};
use frontrow_domain::{Buyer, BuyerKey, Command, Instant, Leave, Operation, Outcome, Rejection, Renew, SaleId, UserId};
use std::sync::Arc;
use std::time::Duration;

/// A pass for somebody who is admitted, and how long their admission lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassAnswer {
    /// The signed pass.
    pub pass: String,
    /// When the pass expires: it has to be renewed before.
    pub expires: Instant,
    /// The first instant at which the right to book is over, unless it is renewed.
    pub until: Instant,
    /// No renewal goes beyond this.
    pub max_until: Instant,
}

/// What a check-in led to.
#[derive(Clone, Debug)]
pub enum CheckInAnswer {
    /// Go ahead.
    Admitted(PassAnswer),
    /// Checked in: keep asking.
    Present(QueueEntryView),
    /// It is not their turn yet.
    NotYet(QueueEntryView),
}

/// Checks in somebody whose turn has come, and gives them a pass once they are admitted.
pub struct CheckInBuyer {
    /// The queues of this instance, as the last tick left them.
    pub queues: Arc<QueueViews>,
    /// Stores check-ins.
    pub store: Arc<dyn QueueStore>,
    /// Knows who has got another queue entry since numbers were lost.
    pub dispenser: Arc<dyn NumberDispenser>,
    /// Says when somebody is admitted.
    pub watch: Arc<dyn AdmissionWatch>,
    /// Picks the admission up.
    pub renew: Arc<RenewAdmission>,
}

impl CheckInBuyer {
    /// How often a check-in that waits counts as seen again; well below [`CheckIn::PRESENCE`].
    const SEEN_EVERY: Duration = Duration::from_secs(8);

    /// Waits at most that long for the admission; the answer comes soon after, whatever else delays it.
    pub async fn run(&self, user: UserId, sale: SaleId, token: &str, wait: Duration) -> Result<CheckInAnswer, Error> {
        deadline::within(wait + deadline::CHECK_IN, self.check_in(user, sale, token, wait)).await
    }

    async fn check_in(&self, user: UserId, sale: SaleId, token: &str, wait: Duration) -> Result<CheckInAnswer, Error> {
        let token = self.renew.signer.read_token(token).map_err(|_| Denied::QueueTokenForged)?;
        if token.user != user || token.sale != sale {
            return Err(Denied::QueueTokenForeign.into());
        }
        let view = self.queues.view(sale).ok_or(Error::NotFound(Missing::Queue))?;
        if token.epoch < view.queue.epoch {
            self.has_no_newer_entry(token).await?;
        }
        let view = QueueEntryView::of(token, view, &*self.renew.clock);
        let (key, entry) = (BuyerKey { sale, user }, QueueEntry { group: token.group, number: token.number });
        if view.view.queue.phase == Phase::Closed {
            return self.after_closing(key, entry).await;
        }
        let call_has_lapsed = match view.status {
            EntryStatus::Lobby | EntryStatus::Waiting { .. } => return self.not_called_yet(view, key, entry).await,
            EntryStatus::Called => false,
            EntryStatus::Lapsed => true,
        };
        let Some(rank) = view.view.ranks(token.group).map(|ranks| ranks.rank(token.number)) else {
            return Err(Denied::QueueTokenForged.into());
        };
        let check_in =
            |now| CheckIn { key, group: token.group, number: token.number, rank, checked_in_at: now, seen_at: now };
        let (begun, mut left) = (self.renew.clock.now(), wait);
        loop {
            match self.store.check_in(check_in(self.renew.clock.now()), call_has_lapsed).await? {
                CheckInOutcome::Admitted(_) => {
                    return self.renew.pick_up(key, entry).await.map(CheckInAnswer::Admitted);
                }
                CheckInOutcome::Present => self.queues.pace.rouse(sale),
                CheckInOutcome::Lapsed => return Err(join_again(&view, Conflict::EntryLapsed)),
                CheckInOutcome::Used => return Err(join_again(&view, Conflict::EntryUsed)),
                CheckInOutcome::Barred => return Err(Rejection::Barred.into()),
            }
            if left.is_zero() {
                return Ok(CheckInAnswer::Present(view));
            }
            // Waits in short turns: the check-in is stored again after each, or they would count as absent.
            let part = left.min(Self::SEEN_EVERY);
            if self.watch.admitted(key, part).await.is_some() {
                return self.renew.pick_up(key, entry).await.map(CheckInAnswer::Admitted);
            }
            // Storing the check-in has taken some of the time, too: others may have been stored before it.
            left = left.saturating_sub(part).min(wait.saturating_sub(self.renew.clock.now().since(begun)));
        }
    }

    /// Numbers have been lost since the token was signed. Whoever has joined without it since has another queue entry, and
    /// nobody has two. While the dispenser is away nobody knows, and the token counts.
    async fn has_no_newer_entry(&self, token: QueueToken) -> Result<(), Error> {
        let QueueToken { sale, user, group, number, .. } = token;
        let shown = QueueEntry { group, number };
        match self.dispenser.entry_of(BuyerKey { sale, user }, shown).await {
            Ok(theirs) if theirs != shown => Err(Conflict::EntryReplaced.into()),
            Err(error) if !error.is_transient() => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Nobody is admitted any more; but who has been may pick the admission up.
    async fn after_closing(&self, key: BuyerKey, entry: QueueEntry) -> Result<CheckInAnswer, Error> {
        if self.store.admitted(&[key]).await?.is_empty() {
            return Err(Conflict::QueueClosed.into());
        }
        self.renew.pick_up(key, entry).await.map(CheckInAnswer::Admitted)
    }

    /// Another instance may have called and admitted them a moment ago, which this one has not read yet. The store is asked
    /// only about those who are near the front.
    async fn not_called_yet(
        &self,
        view: QueueEntryView,
        key: BuyerKey,
        entry: QueueEntry,
    ) -> Result<CheckInAnswer, Error> {
        let near = matches!(view.status, EntryStatus::Waiting { ahead } if ahead <= Tick::BATCH as u64);
        if near && !self.store.admitted(&[key]).await?.is_empty() {
            return self.renew.pick_up(key, entry).await.map(CheckInAnswer::Admitted);
        }
        Ok(CheckInAnswer::NotYet(view))
    }
}

/// Why an entry leads nowhere, for somebody who can only join again; unless the queue takes nobody any more.
fn join_again(view: &QueueEntryView, why: Conflict) -> Error {
    if view.view.queue.phase.takes_joins() { why.into() } else { Conflict::QueueClosed.into() }
}

/// Picks an admission up, or renews it.
pub struct RenewAdmission {
    /// The queues of this instance, as the last tick left them.
    pub queues: Arc<QueueViews>,
    /// Carries it out.
    pub bookings: Arc<dyn BookingStore>,
    /// Knows who is admitted.
    pub store: Arc<dyn QueueStore>,
    /// Signs the pass.
    pub signer: Arc<dyn QueueSigner>,
    /// Gives the instant that the rules decide by.
    pub clock: Arc<dyn Clock>,
}

impl RenewAdmission {
    /// Renews one that was picked up. `closing` says that their page closes: then it ends soon. Who is not admitted to a
    /// queue that has closed can't be any more.
    pub async fn run(&self, user: UserId, sale: SaleId, closing: bool) -> Result<PassAnswer, Error> {
        let buyer = BuyerKey { sale, user };
        // Whoever has nothing to renew locks nothing: with a locked row they would be in the way of their own admission.
        let known = self.store.whereabouts(buyer).await?.buyer;
        let renewed = match Renew::refusal(known.as_ref(), self.clock.now()) {
            Some(refusal) => Err(refusal.into()),
            None => self.renew(Renew { buyer, entry: None, closing }).await,
        };
        let has_closed = || self.queues.view(sale).is_some_and(|view| view.queue.phase == Phase::Closed);
        renewed.map_err(|refused| match refused {
            Error::Rejected(Rejection::NotAdmitted | Rejection::AdmissionEnded) if has_closed() => {
                Conflict::QueueClosed.into()
            }
            refused => refused,
        })
    }

    pub(super) async fn pick_up(&self, buyer: BuyerKey, entry: QueueEntry) -> Result<PassAnswer, Error> {
        self.renew(Renew { buyer, entry: Some(entry), closing: false }).await
    }

    async fn renew(&self, renew: Renew) -> Result<PassAnswer, Error> {
        match self.bookings.execute(Command::unkeyed(Operation::Renew(renew))).await? {
            Outcome::Renewed(Buyer { key, admission: Some(admission), generation, .. }) => {
                let expires = admission.until.min(self.clock.now() + Tick::RENEWAL);
                let pass = Pass { sale: key.sale, user: key.user, generation, expires };
                let pass = self.signer.sign_pass(&pass);
                Ok(PassAnswer { pass, expires, until: admission.until, max_until: admission.max_until })
            }
            _ => Err(Rejection::NotAdmitted.into()),
        }
    }
}

/// Gives an admission back.
pub struct LeaveAdmission {
    /// Carries it out.
    pub bookings: Arc<dyn BookingStore>,
    /// Knows who is admitted.
    pub store: Arc<dyn QueueStore>,
}

impl LeaveAdmission {
    /// Once they have left, leaving again changes nothing. Without an admission nothing is locked: with a locked row they would
    /// be in the way of their own admission, and of everybody behind them.
    pub async fn run(&self, user: UserId, sale: SaleId) -> Result<(), Error> {
        let buyer = BuyerKey { sale, user };
        if self.store.whereabouts(buyer).await?.buyer.is_none_or(|buyer| buyer.admission.is_none()) {
            return Ok(());
        }
        self.bookings.execute(Command::unkeyed(Operation::Leave(Leave { buyer }))).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;

//! Joining a queue.

use super::{QueueEntryView, QueueView, QueueViews};
use crate::port::{
    BuyerPresence, Clock, Eligibility, Join, JoinLimits, JoinQuota, Joined, Network, NumberDispenser, QueueSigner,
    QueueStore,
};
use crate::{Conflict, Denied, Error, Missing};
use frontrow_domain::waiting_room::{EntryStatus, Group, QueueEntry, QueueToken};
use frontrow_domain::{BuyerKey, Invalid, SaleId, UserId, Violation};
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// Who wants to join which queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinRequest {
    /// User who gets the queue entry; one per user and sale.
    pub user: UserId,
    /// Sale whose queue is joined; it needs a waiting room.
    pub sale: SaleId,
    /// Where they ask from, if that is known.
    pub network: Option<Network>,
    /// What opens one of its groups.
    pub code: Option<String>,
    /// The queue token that they have already, if they show it.
    pub token: Option<String>,
}

/// What came of a join.
#[derive(Clone, Debug)]
pub struct JoinedQueue {
    /// The queue entry.
    pub entry: QueueEntryView,
    /// Its signed token.
    pub token: String,
    /// Whether it is a new one.
    pub is_new: bool,
    /// What became of the code; `None` if none was sent.
    pub code: Option<CodeUse>,
    /// How often they may join again.
    pub quotas: Vec<JoinQuota>,
}

/// What became of the code that somebody joined with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeUse {
    /// The entry is in the group that it opens.
    Used,
    /// They have an entry in another group already, and keep that one.
    NotUsed,
}

/// Gives somebody an entry in a queue: one a person, however often they ask.
pub struct JoinQueue {
    /// The queues of this instance, as the last tick left them.
    pub queues: Arc<QueueViews>,
    /// Gives the numbers.
    pub dispenser: Arc<dyn NumberDispenser>,
    /// Knows which queue entries are used up or lapsed.
    pub store: Arc<dyn QueueStore>,
    /// Says how often.
    pub limits: Arc<dyn JoinLimits>,
    /// Says who may join.
    pub eligibility: Arc<dyn Eligibility>,
    /// Signs the token.
    pub signer: Arc<dyn QueueSigner>,
    /// Gives the instant that the rules decide by.
    pub clock: Arc<dyn Clock>,
}

impl JoinQueue {
    /// The queue entry that they have, or a new one.
    pub async fn run(&self, request: &JoinRequest) -> Result<JoinedQueue, Error> {
        let view = self.queues.view(request.sale).ok_or(Error::NotFound(Missing::Queue))?;
        let key = BuyerKey { sale: request.sale, user: request.user };
        self.is_open(&view)?;
        // Before the code is looked at, lest it can be guessed.
        let quotas = self.limits.ask(key.user, request.network).await??;
        let group = choose_group(&view, request.code.as_deref())?;
        self.check(&view, key, group).await?;
        let joined = self
            .join(
                &view,
                Join { key, group, worthless: None, proved: self.proved(&view, key, request.token.as_deref()) },
            )
            .await?;
        let code = request.code.is_some();
        let code = code.then_some(if joined.entry.group == group { CodeUse::Used } else { CodeUse::NotUsed });
        let QueueEntry { group, number } = joined.entry;
        let issued = self.clock.now();
        let token = QueueToken { sale: key.sale, epoch: view.queue.epoch, group, number, user: key.user, issued };
        let signed = self.signer.sign_token(&token);
        let entry = QueueEntryView::of(token, view, &*self.clock);
        Ok(JoinedQueue { entry, token: signed, is_new: joined.is_new, code, quotas })
    }

    /// The queue entry that a token proves, unless it leads nowhere any more.
    fn proved(&self, view: &QueueView, key: BuyerKey, token: Option<&str>) -> Option<QueueEntry> {
        let token = self.signer.read_token(token?).ok()?;
        let entry = QueueEntry { group: token.group, number: token.number };
        let theirs = token.user == key.user && token.sale == key.sale;
        let alive = view.status(entry.group, entry.number) != EntryStatus::Lapsed;
        (theirs && alive).then_some(entry)
    }

    fn is_open(&self, view: &QueueView) -> Result<(), Error> {
        let room = view.sale.waiting_room.as_ref().ok_or(Error::NotFound(Missing::Queue))?;
        if self.clock.now() < room.lobby_opens {
            return Err(Conflict::LobbyNotOpen { opens: room.lobby_opens }.into());
        }
        if !view.queue.phase.takes_joins() {
            return Err(Conflict::QueueClosed.into());
        }
        Ok(())
    }

    async fn check(&self, view: &QueueView, key: BuyerKey, group: Group) -> Result<(), Error> {
        let eligible = self.eligibility.check(key.user, &view.sale, group).await?;
        eligible.map_err(|reason| Denied::NotEligible(reason.0).into())
    }

    async fn join(&self, view: &QueueView, join: Join) -> Result<Joined, Error> {
        let joined = self.dispenser.join(join).await?;
        if joined.is_new || !self.is_worthless(view, join.key, joined.entry).await? {
            return Ok(joined);
        }
        Ok(self.dispenser.join(Join { worthless: Some(joined.entry), proved: None, ..join }).await?)
    }

    /// Whether a queue entry can't lead anywhere any more: it has been used up, or its call has lapsed and they never came.
    async fn is_worthless(&self, view: &QueueView, key: BuyerKey, entry: QueueEntry) -> Result<bool, Error> {
        let status = view.status(entry.group, entry.number);
        if matches!(status, EntryStatus::Lobby | EntryStatus::Waiting { .. }) {
            return Ok(false);
        }
        let BuyerPresence { buyer, check_in } = self.store.whereabouts(key).await?;
        let now = self.clock.now();
        if buyer.is_some_and(|buyer| buyer.live_admission(now).is_some()) {
            return Ok(false);
        }
        let used = buyer.is_some_and(|buyer| buyer.has_used(entry.group, entry.number));
        let stands = check_in.is_some_and(|check_in| check_in.group == entry.group && check_in.number == entry.number);
        let came = stands || buyer.is_some_and(|buyer| buyer.was_admitted_by(entry.group, entry.number));
        Ok(used || (status == EntryStatus::Lapsed && !came))
    }
}

/// The group that a code opens, or the first that needs none.
fn choose_group(view: &QueueView, code: Option<&str>) -> Result<Group, Error> {
    let groups = view.sale.waiting_room.iter().flat_map(|room| &room.groups);
    let open = |known: &Option<String>| match (known, code) {
        (None, None) => true,
        // Comparing takes as long for a code that is nearly right as for one that is all wrong.
        (Some(known), Some(code)) => known.as_bytes().ct_eq(code.as_bytes()).into(),
        _ => false,
    };
    let found = groups.zip(Group::all(Group::MAX)).find(|(terms, _)| open(&terms.code));
    let wrong = || {
        let detail = "the code of one of the sale's groups, or none where there is a group without".to_owned();
        Error::Invalid(Invalid(vec![Violation { pointer: "/code".to_owned(), code: "code", detail }]))
    };
    found.map(|(_, group)| group).ok_or_else(wrong)
}

#[cfg(test)]
mod tests;

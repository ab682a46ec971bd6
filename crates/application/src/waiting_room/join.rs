//! Joining a line.

use super::{Board, Lines, PlaceView};
use crate::port::{
    Clock, Eligibility, Join, JoinLimits, Joined, LineStore, Network, NumberDispenser, QueueSigner, Whereabouts,
};
use crate::{Conflict, Denied, Error, Missing};
use frontrow_domain::waiting_room::{Group, Place, QueueToken, Standing};
use frontrow_domain::{BuyerKey, Flaw, Invalid, SaleId, UserId};
use std::sync::Arc;

/// Who wants to join which line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinRequest {
    /// Who.
    pub user: UserId,
    /// The sale.
    pub sale: SaleId,
    /// Where they ask from, if that is known.
    pub network: Option<Network>,
    /// What opens one of its groups.
    pub code: Option<String>,
    /// The queue token that they have already, if they show it.
    pub token: Option<String>,
}

/// Gives somebody a place in a line: one a person, however often they ask.
pub struct JoinLine {
    /// All lines.
    pub lines: Arc<Lines>,
    /// Gives the numbers.
    pub dispenser: Arc<dyn NumberDispenser>,
    /// Knows which places are worth nothing any more.
    pub store: Arc<dyn LineStore>,
    /// Says how often.
    pub limits: Arc<dyn JoinLimits>,
    /// Says who may join.
    pub eligibility: Arc<dyn Eligibility>,
    /// Signs the token.
    pub signer: Arc<dyn QueueSigner>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl JoinLine {
    /// The place, its signed token, and whether it is a new one.
    pub async fn run(&self, request: &JoinRequest) -> Result<(PlaceView, String, bool), Error> {
        let board = self.lines.board(request.sale).ok_or(Error::NotFound(Missing::Line))?;
        let key = BuyerKey { sale: request.sale, user: request.user };
        self.is_open(&board)?;
        // Before the code is looked at, lest it can be guessed.
        self.limits.ask(key.user, request.network).await??;
        let group = choose_group(&board, request.code.as_deref())?;
        self.check(&board, key, group).await?;
        let joined = self
            .join(
                &board,
                Join { key, group, worthless: None, proved: self.proved(&board, key, request.token.as_deref()) },
            )
            .await?;
        let Place { group, number } = joined.place;
        let issued = self.clock.now();
        let token = QueueToken { sale: key.sale, epoch: board.line.epoch, group, number, user: key.user, issued };
        let signed = self.signer.sign_token(&token);
        Ok((PlaceView::of(token, board, &*self.clock), signed, joined.is_new))
    }

    /// The place that a token proves, unless it leads nowhere any more.
    fn proved(&self, board: &Board, key: BuyerKey, token: Option<&str>) -> Option<Place> {
        let token = self.signer.read_token(token?).ok()?;
        let place = Place { group: token.group, number: token.number };
        let theirs = token.user == key.user && token.sale == key.sale;
        let alive = board.standing(place.group, place.number) != Standing::Lapsed;
        (theirs && alive).then_some(place)
    }

    fn is_open(&self, board: &Board) -> Result<(), Error> {
        let room = board.sale.waiting_room.as_ref().ok_or(Error::NotFound(Missing::Line))?;
        if self.clock.now() < room.lobby_opens {
            return Err(Conflict::LobbyNotOpen { opens: room.lobby_opens }.into());
        }
        if !board.line.phase.takes_joins() {
            return Err(Conflict::LineClosed.into());
        }
        Ok(())
    }

    async fn check(&self, board: &Board, key: BuyerKey, group: Group) -> Result<(), Error> {
        let eligible = self.eligibility.check(key.user, &board.sale, group).await?;
        eligible.map_err(|reason| Denied::NotEligible(reason.0).into())
    }

    async fn join(&self, board: &Board, join: Join) -> Result<Joined, Error> {
        let joined = self.dispenser.join(join).await?;
        if joined.is_new || !self.is_worthless(board, join.key, joined.place).await? {
            return Ok(joined);
        }
        Ok(self.dispenser.join(Join { worthless: Some(joined.place), proved: None, ..join }).await?)
    }

    /// Whether a place can't lead anywhere any more: it has been used up, or its call has lapsed and they never came.
    async fn is_worthless(&self, board: &Board, key: BuyerKey, place: Place) -> Result<bool, Error> {
        let standing = board.standing(place.group, place.number);
        if matches!(standing, Standing::Lobby | Standing::Waiting { .. }) {
            return Ok(false);
        }
        let Whereabouts { buyer, claim } = self.store.whereabouts(key).await?;
        let now = self.clock.now();
        if buyer.is_some_and(|buyer| buyer.live_slot(now).is_some()) {
            return Ok(false);
        }
        let used = buyer.is_some_and(|buyer| buyer.has_used(place.group, place.number));
        let stands = claim.is_some_and(|claim| claim.group == place.group && claim.number == place.number);
        Ok(used || (standing == Standing::Lapsed && !stands))
    }
}

/// The group that a code opens, or the first that needs none.
fn choose_group(board: &Board, code: Option<&str>) -> Result<Group, Error> {
    let groups = board.sale.waiting_room.iter().flat_map(|room| &room.groups);
    let open = |known: &Option<String>| match (known, code) {
        (None, None) => true,
        (Some(known), Some(code)) => same(known.as_bytes(), code.as_bytes()),
        _ => false,
    };
    let found = groups.zip(Group::all(Group::MOST)).find(|(terms, _)| open(&terms.code));
    let wrong = || {
        let detail = "the code of one of the sale's groups, or none where there is a group without".to_owned();
        Error::Invalid(Invalid(vec![Flaw { pointer: "/code".to_owned(), code: "code", detail }]))
    };
    found.map(|(_, group)| group).ok_or_else(wrong)
}

/// In a time that does not say how much is the same.
fn same(known: &[u8], said: &[u8]) -> bool {
    known.len() == said.len() && known.iter().zip(said).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
mod tests;

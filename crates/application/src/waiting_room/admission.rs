//! At the door: claiming, picking up, renewing and giving back an admission.

use super::{Lines, PlaceView};
use crate::deadline;
use crate::port::{AdmissionWatch, BookingStore, Clock, LineStore, QueueSigner};
use crate::{Conflict, Denied, Error, Missing};
use frontrow_domain::waiting_room::{Claim, Claimed, Pass, Place, Standing, Tick};
use frontrow_domain::{Buyer, BuyerKey, Command, Instant, Outcome, Rejection, Renew, SaleId, UserId, What};
use std::sync::Arc;
use std::time::Duration;

/// A pass, and how long the admission lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassAnswer {
    /// Signed.
    pub pass: String,
    /// When to have it renewed at the latest.
    pub expires: Instant,
    /// The first instant at which the right to book is over, unless it is renewed.
    pub until: Instant,
    /// No renewal goes beyond this.
    pub max_until: Instant,
}

/// What came of a claim.
#[derive(Clone, Debug)]
pub enum ClaimAnswer {
    /// Go ahead.
    Admitted(PassAnswer),
    /// Stay there and ask again.
    AtDoor(PlaceView),
    /// It is not their turn yet.
    NotYet(PlaceView),
}

/// Somebody who is called asks to be let in.
pub struct ClaimAdmission {
    /// All lines.
    pub lines: Arc<Lines>,
    /// Keeps the door.
    pub store: Arc<dyn LineStore>,
    /// Says when somebody is admitted.
    pub watch: Arc<dyn AdmissionWatch>,
    /// Picks the admission up.
    pub renew: Arc<RenewAdmission>,
}

impl ClaimAdmission {
    /// How often who waits at the door is seen there; well below [`Tick::PRESENCE`].
    const SEEN_EVERY: Duration = Duration::from_secs(8);

    /// Waits at the door for as long as that, at most; whatever stands in front of the answer, it comes soon after.
    pub async fn run(&self, user: UserId, sale: SaleId, token: &str, wait: Duration) -> Result<ClaimAnswer, Error> {
        deadline::within(wait + deadline::CLAIM, self.come(user, sale, token, wait)).await
    }

    async fn come(&self, user: UserId, sale: SaleId, token: &str, wait: Duration) -> Result<ClaimAnswer, Error> {
        let token = self.renew.signer.read_token(token).map_err(|_| Denied::QueueTokenForged)?;
        if token.user != user || token.sale != sale {
            return Err(Denied::QueueTokenForeign.into());
        }
        let board = self.lines.board(sale).ok_or(Error::NotFound(Missing::Line))?;
        let view = PlaceView::of(token, board, &*self.renew.clock);
        let (key, place) = (BuyerKey { sale, user }, Place { group: token.group, number: token.number });
        let lapsed = match view.standing {
            Standing::Lobby | Standing::Waiting { .. } => return self.early(view, key, place).await,
            Standing::Called => false,
            Standing::Lapsed => true,
        };
        let Some(rank) = view.board.ranks(token.group).map(|ranks| ranks.rank(token.number)) else {
            return Err(Denied::QueueTokenForged.into());
        };
        let claim = |now| Claim { key, group: token.group, number: token.number, rank, claimed_at: now, seen_at: now };
        let (begun, mut left) = (self.renew.clock.now(), wait);
        loop {
            match self.store.claim(claim(self.renew.clock.now()), lapsed).await? {
                Claimed::Admitted(_) => return self.renew.pick_up(key, place).await.map(ClaimAnswer::Admitted),
                Claimed::AtDoor => self.lines.pace.rouse(sale),
                Claimed::Lapsed => return Err(Conflict::PlaceLapsed.into()),
                Claimed::Used => return Err(Conflict::PlaceUsed.into()),
                Claimed::Barred => return Err(Rejection::Barred.into()),
            }
            if left.is_zero() {
                return Ok(ClaimAnswer::AtDoor(view));
            }
            // Who stands there longer than that without a word counts as absent.
            let part = left.min(Self::SEEN_EVERY);
            if self.watch.admitted(key, part).await.is_some() {
                return self.renew.pick_up(key, place).await.map(ClaimAnswer::Admitted);
            }
            // Whoever was in front of this claim has taken some of the time, too.
            left = left.saturating_sub(part).min(wait.saturating_sub(self.renew.clock.now().since(begun)));
        }
    }

    /// Memory may be a moment behind the store: who is admitted by a place that is not called here has it all the same.
    async fn early(&self, view: PlaceView, key: BuyerKey, place: Place) -> Result<ClaimAnswer, Error> {
        let near = matches!(view.standing, Standing::Waiting { ahead } if ahead <= Tick::BATCH as u64);
        if near && !self.store.admitted(&[key]).await?.is_empty() {
            return self.renew.pick_up(key, place).await.map(ClaimAnswer::Admitted);
        }
        Ok(ClaimAnswer::NotYet(view))
    }
}

/// Picks an admission up, or renews it.
pub struct RenewAdmission {
    /// Carries it out.
    pub bookings: Arc<dyn BookingStore>,
    /// Signs the pass.
    pub signer: Arc<dyn QueueSigner>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl RenewAdmission {
    /// Renews one that was picked up. `closing` says that their page closes: then it ends soon.
    pub async fn run(&self, user: UserId, sale: SaleId, closing: bool) -> Result<PassAnswer, Error> {
        self.renew(Renew { buyer: BuyerKey { sale, user }, place: None, closing }).await
    }

    pub(super) async fn pick_up(&self, buyer: BuyerKey, place: Place) -> Result<PassAnswer, Error> {
        self.renew(Renew { buyer, place: Some(place), closing: false }).await
    }

    async fn renew(&self, renew: Renew) -> Result<PassAnswer, Error> {
        match self.bookings.execute(Command::unkeyed(What::Renew(renew))).await? {
            Outcome::Renewed(Buyer { key, slot: Some(slot), generation, .. }) => {
                let expires = slot.until.min(self.clock.now() + Tick::RENEWAL);
                let pass = Pass { sale: key.sale, user: key.user, generation, expires };
                let pass = self.signer.sign_pass(&pass);
                Ok(PassAnswer { pass, expires, until: slot.until, max_until: slot.max_until })
            }
            _ => Err(Rejection::NotAdmitted.into()),
        }
    }
}

/// Gives an admission back.
pub struct LeaveAdmission {
    /// Carries it out.
    pub bookings: Arc<dyn BookingStore>,
}

impl LeaveAdmission {
    /// Once they have left, leaving again changes nothing.
    pub async fn run(&self, user: UserId, sale: SaleId) -> Result<(), Error> {
        self.bookings.execute(Command::unkeyed(What::Leave(BuyerKey { sale, user }))).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;

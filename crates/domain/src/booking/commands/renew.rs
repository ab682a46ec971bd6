//! Pick an admission up, or renew it.

use crate::booking::verdict::CommandRule;
use crate::booking::{Changes, Locked, NotInScope, Outcome, Rejection, ReservationState, Row, Scope, Stop, Verdict};
use crate::time::Instant;
use crate::waiting_room::{AdmissionPeriod, Buyer, BuyerKey, QueueEntry, Tick};

/// Pick an admission up, or renew it: the right to book goes on for [`Tick::RENEWAL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renew {
    /// Whose admission, to which sale.
    pub buyer: BuyerKey,
    /// The queue entry that they show, which is used up together with the one by which they were admitted; `None` to
    /// renew what was picked up before.
    pub entry: Option<QueueEntry>,
    /// Whether their page closes: then the right ends within [`Tick::PICK_UP`], unless it is renewed again.
    pub closing: bool,
}

impl Renew {
    /// Why somebody's row, as it was read without a lock, says that there is nothing to renew. Whoever asks then need not
    /// lock it.
    pub fn refusal(buyer: Option<&Buyer>, now: Instant) -> Option<Rejection> {
        admission(buyer, now).err()
    }
}

impl CommandRule for Renew {
    fn name(&self) -> &'static str {
        "renew"
    }

    fn scope(&self, scope: &mut Scope) {
        scope.buyers.insert(self.buyer);
    }

    fn decide(&self, locked: &Locked, now: Instant) -> Result<Verdict, Stop> {
        let current = locked.buyer(self.buyer)?;
        let period = admission(current, now)?;
        // Nothing ends a right sooner than in the time for picking it up: so long may a tick leave an admission alone.
        let soon = period.until.min(now + Tick::PICK_UP);
        let renewed = if self.closing { soon } else { soon.max((now + Tick::RENEWAL).min(period.max_until)) };
        let until = renewed.max(held_until(self.buyer, locked, now)?);
        let period = AdmissionPeriod { until, ..period };
        let mut buyer = Buyer { admission: Some(period), ..Buyer::next(self.buyer, current) };
        // Whoever renews has it, whether they checked in again first or not.
        buyer.use_up(self.entry);
        let (rows, outcome) = (vec![Row::Buyer(buyer)], Outcome::Renewed(buyer));
        Ok(Verdict::Do(Changes { rows, outcome, events: Vec::new(), at: now }))
    }
}

/// The right to book that a booking in a sale with a waiting room needs.
fn admission(buyer: Option<&Buyer>, now: Instant) -> Result<AdmissionPeriod, Rejection> {
    let buyer = buyer.ok_or(Rejection::NotAdmitted)?;
    if buyer.barred {
        return Err(Rejection::Barred);
    }
    let over = if buyer.generation == 0 { Rejection::NotAdmitted } else { Rejection::AdmissionEnded };
    buyer.live_admission(now).ok_or(over)
}

/// The right to book that a new hold needs: a hold may outlive the session, but not one hold after another.
pub(super) fn admission_for_hold(buyer: Option<&Buyer>, now: Instant) -> Result<AdmissionPeriod, Rejection> {
    let period = admission(buyer, now)?;
    if now < period.max_until { Ok(period) } else { Err(Rejection::AdmissionEnded) }
}

/// Until when the buyer's last hold lasts; the epoch if they hold nothing.
fn held_until(key: BuyerKey, locked: &Locked, now: Instant) -> Result<Instant, NotInScope> {
    let holds = locked.reservations_of(key)?;
    let live = holds.filter(|r| r.state == ReservationState::Held && !r.has_lapsed(now));
    Ok(live.map(|r| r.held_until).max().unwrap_or_default())
}

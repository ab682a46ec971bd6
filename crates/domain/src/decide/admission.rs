//! The right to book: picked up, renewed, given back, taken away.

use super::{Changes, Verdict};
use crate::command::{Bar, Event, Outcome, Rejection, Renew};
use crate::locked::{Locked, NotInScope, Row};
use crate::waiting_room::Tick;
use crate::{Buyer, BuyerKey, Ended, Instant, ReservationState, Slot};

pub(super) fn renew(renew: &Renew, locked: &Locked, now: Instant) -> Result<Verdict, NotInScope> {
    let current = locked.buyer(renew.buyer)?;
    let slot = match require(current, now) {
        Ok(slot) => slot,
        Err(rejection) => return Ok(Verdict::No(rejection)),
    };
    // Nothing ends a right sooner than in the time for picking it up: so long may a tick leave a slot alone.
    let soon = slot.until.min(now + Tick::PICK_UP);
    let renewed = if renew.closing { soon } else { soon.max((now + Tick::RENEWAL).min(slot.max_until)) };
    let until = renewed.max(held_until(renew.buyer, locked, now)?);
    let mut buyer = Buyer { slot: Some(Slot { until, ..slot }), ..Buyer::next(renew.buyer, current) };
    // Whoever renews has it, whether they have claimed it first or not.
    buyer.use_up(renew.place);
    Ok(done(vec![Row::Buyer(buyer)], Outcome::Renewed(buyer), now))
}

pub(super) fn leave(key: BuyerKey, locked: &Locked, now: Instant) -> Result<Verdict, NotInScope> {
    let rows = end(key, Ended::Left, locked)?;
    let outcome = Outcome::Left(key);
    Ok(if rows.is_empty() { Verdict::Replay(outcome) } else { done(rows, outcome, now) })
}

pub(super) fn bar(bar: &Bar, locked: &Locked, now: Instant) -> Result<Verdict, NotInScope> {
    let current = locked.buyer(bar.buyer)?;
    let outcome = Outcome::Left(bar.buyer);
    if current.is_some_and(|buyer| buyer.barred) == bar.barred {
        return Ok(Verdict::Replay(outcome));
    }
    let slot = current.and_then(|buyer| buyer.slot);
    let kept = slot.filter(|_| !bar.barred);
    let mut buyer = Buyer { barred: bar.barred, slot: kept, ..Buyer::next(bar.buyer, current) };
    if slot == kept {
        return Ok(done(vec![Row::Buyer(buyer)], outcome, now));
    }
    buyer.ended = Some(Ended::Barred);
    Ok(done(vec![Row::Buyer(buyer), Row::SlotFreed(bar.buyer)], outcome, now))
}

/// The right to book that a booking in a sale with a waiting room needs.
fn require(buyer: Option<&Buyer>, now: Instant) -> Result<Slot, Rejection> {
    let Some(buyer) = buyer else { return Err(Rejection::NotAdmitted) };
    if buyer.barred {
        return Err(Rejection::Barred);
    }
    let over = if buyer.generation == 0 { Rejection::NotAdmitted } else { Rejection::AdmissionEnded };
    buyer.live_slot(now).ok_or(over)
}

/// The right to book that a new hold needs: a hold may outlive the session, but not one hold after another.
pub(super) fn require_for_hold(buyer: Option<&Buyer>, now: Instant) -> Result<Slot, Rejection> {
    let slot = require(buyer, now)?;
    if now < slot.max_until { Ok(slot) } else { Err(Rejection::AdmissionEnded) }
}

/// The rows that end somebody's right to book; none if they have none. Whose limit is not reached by that, or who has
/// another hold, is the caller's business.
pub(super) fn end(key: BuyerKey, ended: Ended, locked: &Locked) -> Result<Vec<Row>, NotInScope> {
    let current = locked.buyer(key)?;
    Ok(match current {
        Some(Buyer { slot: Some(_), .. }) => {
            let mut buyer = Buyer { slot: None, ended: Some(ended), ..Buyer::next(key, current) };
            // A claim that was on its way when they were admitted may have left them at the door, without their having
            // picked anything up: nobody is to be admitted by it again.
            buyer.use_up(None);
            vec![Row::Buyer(buyer), Row::SlotFreed(key)]
        }
        _ => Vec::new(),
    })
}

/// Until when the buyer's last hold lasts.
fn held_until(key: BuyerKey, locked: &Locked, now: Instant) -> Result<Instant, NotInScope> {
    let holds = locked.reservations_of(key)?;
    let live = holds.filter(|r| r.state == ReservationState::Held && !r.has_lapsed(now));
    Ok(live.map(|r| r.held_until).max().unwrap_or_default())
}

fn done(rows: Vec<Row>, outcome: Outcome, now: Instant) -> Verdict {
    let freed =
        rows.iter().filter_map(|row| if let Row::SlotFreed(key) = row { Some(Event::SlotFreed(*key)) } else { None });
    Verdict::Do(Changes { events: freed.collect(), rows, outcome, at: now })
}

//! The one rule that says what a command does.

mod admission;
mod charge;
mod give_back;
mod hold;
mod pay;

use crate::command::{Command, Event, Outcome, Rejection, What};
use crate::locked::{Locked, NotInScope, Row};
use crate::{BuyerKey, Instant, PerformanceId, Reservation, ReservationId, SeatNumber};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long after its hold has lapsed a seat can be taken by somebody else, and no longer counts against its holder's
/// limit: more than clocks of several instances may differ, so that nobody has a seat, or a place in the limit, that a
/// hold could still be paid for.
pub const TAKEOVER_GRACE: Duration = Duration::from_secs(2);

/// What comes of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is carried out, by these changes.
    Do(Changes),
    /// It was carried out before; this is what it led to.
    Replay(Outcome),
    /// It is refused.
    No(Rejection),
    /// None of the seats that were planned can be had any more: plan again.
    Replan,
}

/// The changes of one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// After-images of whole rows, never "add 1 to".
    pub rows: Vec<Row>,
    /// What the command leads to.
    pub outcome: Outcome,
    /// What others may want to hear of.
    pub events: Vec<Event>,
    /// When it was decided.
    pub at: Instant,
}

/// Says what the command does, given the rows of its scope. Pure: it may run again, after a deadlock or a lost
/// connection, and says the same of the same rows at the same instant.
pub fn decide(command: &Command, locked: &Locked, now: Instant) -> Result<Verdict, NotInScope> {
    if let Some(key) = &command.key
        && let Some(done) = locked.done(key)?
    {
        let same = done.body_hash == command.body_hash;
        return Ok(if same { Verdict::Replay(done.outcome.clone()) } else { Verdict::No(Rejection::KeyReused) });
    }
    match &command.what {
        What::Hold(hold) => hold::hold(hold, locked, now),
        What::HoldBest(best) => hold::hold_best(best, locked, now),
        What::Pay(pay) => pay::pay(pay, locked, now),
        What::Release(release) => give_back::release(release, locked, now),
        What::Cancel(cancel) => give_back::cancel(cancel, locked, now),
        What::Refund(refund) => give_back::refund(refund, locked, now),
        What::Expire(expire) => give_back::expire(expire, locked, now),
        What::Charge(charge) => charge::charge(charge, locked, now),
        What::Settle(settle) => charge::settle(settle, locked, now),
        What::Renew(renew) => admission::renew(renew, locked, now),
        What::Leave(buyer) => admission::leave(*buyer, locked, now),
        What::Bar(bar) => admission::bar(bar, locked, now),
    }
}

/// The reservation that a command names, if all that the command says of it is true: columns that never change, which
/// whoever made the command read without a lock.
fn named<'a>(
    locked: &'a Locked,
    id: ReservationId,
    buyer: BuyerKey,
    performance: Option<PerformanceId>,
    seats: Option<&BTreeSet<SeatNumber>>,
) -> Result<Option<&'a Reservation>, NotInScope> {
    locked.buyer(buyer)?;
    Ok(locked.reservation(id)?.filter(|r| {
        r.buyer() == buyer
            && performance.is_none_or(|p| p == r.performance)
            && seats.is_none_or(|named| r.seats().eq(named.iter().copied()))
    }))
}

//! Holding seats: all of them, or none.

use super::{Changes, Verdict, admission};
use crate::command::{Event, Hold, HoldBest, Outcome, Rejection};
use crate::locked::{Locked, NotInScope, Row, Version};
use crate::{
    Buyer, BuyerKey, Deed, Instant, Line, PerformanceId, Points, Reservation, ReservationId, ReservationState,
    SaleTerms, Seat, SeatKey, SeatState, Slot,
};

pub(super) fn hold(hold: &Hold, locked: &Locked, now: Instant) -> Result<Verdict, NotInScope> {
    let lines = sorted(&hold.lines);
    let new = NewHold {
        reservation: hold.reservation,
        performance: hold.performance,
        buyer: BuyerKey { sale: hold.terms.sale, user: hold.user },
        terms: &hold.terms,
    };
    let asked = u32::try_from(lines.len()).unwrap_or(u32::MAX);
    if let Some(rejection) = new.refuse(locked, asked, now)? {
        return Ok(Verdict::No(rejection));
    }
    match takeable(hold, &lines, locked, now)? {
        Ok(seats) => new.make(lines, &seats, locked, now),
        Err(rejection) => Ok(Verdict::No(rejection)),
    }
}

/// The best block all of whose seats were locked and can be had.
pub(super) fn hold_best(best: &HoldBest, locked: &Locked, now: Instant) -> Result<Verdict, NotInScope> {
    let new = NewHold {
        reservation: best.reservation,
        performance: best.performance,
        buyer: BuyerKey { sale: best.terms.sale, user: best.user },
        terms: &best.terms,
    };
    if let Some(rejection) = new.refuse(locked, best.count, now)? {
        return Ok(Verdict::No(rejection));
    }
    for block in &best.blocks {
        let mut seats = Vec::with_capacity(block.len());
        for number in block {
            seats.extend(locked.candidate(SeatKey { performance: best.performance, number: *number })?.copied());
        }
        if seats.len() == best.count as usize && seats.iter().all(|seat| seat.state.can_be_taken(now)) {
            let lines = sorted(&block.iter().map(|seat| best.line.of_seat(*seat)).collect::<Vec<_>>());
            return new.make(lines, &seats, locked, now);
        }
    }
    Ok(Verdict::Replan)
}

/// What is the same whoever chooses the seats.
struct NewHold<'a> {
    reservation: ReservationId,
    performance: PerformanceId,
    buyer: BuyerKey,
    terms: &'a SaleTerms,
}

impl NewHold<'_> {
    fn refuse(&self, locked: &Locked, asked: u32, now: Instant) -> Result<Option<Rejection>, NotInScope> {
        let used = locked.usage(self.buyer, None, now)?;
        let SaleTerms { opens, closes, limit_per_person: limit, .. } = *self.terms;
        Ok(if now < opens {
            Some(Rejection::SaleNotOpen { opens })
        } else if closes <= now {
            Some(Rejection::SaleClosed { closed: closes })
        } else if let Err(why) = self.terms.bookable.check(Deed::Hold, now) {
            Some(Rejection::NotBookable(why))
        } else if let Some(Err(rejection)) = self.admission(locked, now)? {
            Some(rejection)
        } else if used.saturating_add(asked) > limit {
            Some(Rejection::LimitReached { limit, used, asked })
        } else {
            None
        })
    }

    /// The right to book, where one is needed.
    fn admission(&self, locked: &Locked, now: Instant) -> Result<Option<Result<Slot, Rejection>>, NotInScope> {
        let buyer = locked.buyer(self.buyer)?;
        Ok(self.terms.admission.map(|_| admission::require_for_hold(buyer, now)))
    }

    fn make(&self, lines: Vec<Line>, seats: &[Seat], locked: &Locked, now: Instant) -> Result<Verdict, NotInScope> {
        let Some(reservation) = self.reservation(lines, now) else {
            return Ok(Verdict::No(Rejection::BalanceTooHigh));
        };
        let state = SeatState::Held { by: reservation.id, until: reservation.held_until };
        let mut buyer = Buyer::next(self.buyer, locked.buyer(self.buyer)?);
        // The right to book lasts at least as long as the hold.
        buyer.slot = buyer.slot.map(|slot| Slot { until: slot.until.max(reservation.held_until), ..slot });
        let mut rows = vec![Row::Buyer(buyer), Row::Reservation(reservation.clone())];
        rows.extend(seats.iter().map(|seat| Row::Seat(seat.with(state))));
        let events = vec![Event::Held(reservation.id)];
        Ok(Verdict::Do(Changes { rows, outcome: Outcome::Held(reservation), events, at: now }))
    }

    /// `None` if the lines add up to more than there can be.
    fn reservation(&self, lines: Vec<Line>, now: Instant) -> Option<Reservation> {
        // It could not be paid longer than that anyway.
        let late_until = self.terms.pay_until.min(self.terms.bookable.sold_until);
        let held_until = (now + self.terms.hold_duration).min(late_until);
        Some(Reservation {
            id: self.reservation,
            performance: self.performance,
            sale: self.buyer.sale,
            user: self.buyer.user,
            state: ReservationState::Held,
            held_until,
            late_until,
            amount: Points::checked_sum(lines.iter().map(|line| line.paid))?,
            lines,
            refund_reason: None,
            version: Version::FIRST,
        })
    }
}

fn takeable(
    hold: &Hold,
    lines: &[Line],
    locked: &Locked,
    now: Instant,
) -> Result<Result<Vec<Seat>, Rejection>, NotInScope> {
    let mut free = Vec::with_capacity(lines.len());
    let (mut taken, mut unknown) = (Vec::new(), Vec::new());
    for number in lines.iter().map(|line| line.seat) {
        match locked.seat(SeatKey { performance: hold.performance, number })? {
            Some(seat) if seat.state.can_be_taken(now) => free.push(*seat),
            Some(_) => taken.push(number),
            None => unknown.push(number),
        }
    }
    if !unknown.is_empty() {
        return Ok(Err(Rejection::SeatsUnknown(unknown)));
    }
    Ok(if taken.is_empty() { Ok(free) } else { Err(Rejection::SeatsTaken(taken)) })
}

/// By ascending seat, each seat once.
fn sorted(lines: &[Line]) -> Vec<Line> {
    let mut lines = lines.to_vec();
    lines.sort_by_key(|line| line.seat);
    lines.dedup_by_key(|line| line.seat);
    lines
}

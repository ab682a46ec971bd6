//! Holding seats: all of them, or none.

use super::{Changes, Verdict};
use crate::command::{Event, Hold, Outcome, Rejection};
use crate::locked::{Locked, NotInScope, Row, Version};
use crate::{
    Buyer, BuyerKey, Instant, Line, Points, Reservation, ReservationState, SaleTerms, Seat, SeatKey, SeatState,
};

pub(super) fn hold(hold: &Hold, locked: &Locked, now: Instant) -> Result<Verdict, NotInScope> {
    let key = BuyerKey { sale: hold.terms.sale, user: hold.user };
    let used = locked.usage(key, None, now)?;
    let lines = sorted(&hold.lines);
    let asked = u32::try_from(lines.len()).unwrap_or(u32::MAX);
    if let Some(rejection) = refuse(&hold.terms, used, asked, now) {
        return Ok(Verdict::No(rejection));
    }
    let seats = match takeable(hold, &lines, locked, now)? {
        Ok(seats) => seats,
        Err(rejection) => return Ok(Verdict::No(rejection)),
    };
    let Some(reservation) = reservation(hold, lines, now) else {
        return Ok(Verdict::No(Rejection::BalanceTooHigh));
    };
    let state = SeatState::Held { by: reservation.id, until: reservation.held_until };
    let mut rows = vec![Row::Buyer(Buyer::next(key, locked.buyer(key)?)), Row::Reservation(reservation.clone())];
    rows.extend(seats.into_iter().map(|seat| Row::Seat(seat.with(state))));
    let events = vec![Event::Held(reservation.id)];
    Ok(Verdict::Do(Changes { rows, outcome: Outcome::Held(reservation), events, at: now }))
}

fn refuse(terms: &SaleTerms, used: u32, asked: u32, now: Instant) -> Option<Rejection> {
    if now < terms.opens {
        Some(Rejection::SaleNotOpen { opens: terms.opens })
    } else if terms.closes <= now {
        Some(Rejection::SaleClosed { closed: terms.closes })
    } else if used.saturating_add(asked) > terms.limit_per_person {
        Some(Rejection::LimitReached { limit: terms.limit_per_person, used, asked })
    } else {
        None
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

/// `None` if the lines add up to more than there can be.
fn reservation(hold: &Hold, lines: Vec<Line>, now: Instant) -> Option<Reservation> {
    let held_until = (now + hold.terms.hold_duration).min(hold.terms.pay_until);
    Some(Reservation {
        id: hold.reservation,
        performance: hold.performance,
        sale: hold.terms.sale,
        user: hold.user,
        state: ReservationState::Held,
        held_until,
        late_until: hold.terms.pay_until,
        amount: Points::checked_sum(lines.iter().map(|line| line.paid))?,
        lines,
        version: Version::FIRST,
    })
}

/// By ascending seat, each seat once.
fn sorted(lines: &[Line]) -> Vec<Line> {
    let mut lines = lines.to_vec();
    lines.sort_by_key(|line| line.seat);
    lines.dedup_by_key(|line| line.seat);
    lines
}

//! Paying a hold with points, in time or late.

use super::{Changes, Verdict, admission, named};
use crate::command::{Event, Outcome, Pay, Rejection};
use crate::locked::{Locked, NotInScope, Row, Version};
use crate::{
    AccountId, Buyer, BuyerKey, Deed, Ended, Instant, Payment, PaymentKind, PaymentState, Points, Reservation,
    ReservationState, Seat, SeatState, Ticket, TicketKey, Transfer, Wallet,
};

pub(super) fn pay(pay: &Pay, locked: &Locked, now: Instant) -> Result<Verdict, NotInScope> {
    let key = BuyerKey { sale: pay.terms.sale, user: pay.user };
    let Some(reservation) = named(locked, pay.reservation, key, Some(pay.performance), Some(&pay.seats))? else {
        return Ok(Verdict::No(Rejection::ReservationUnknown));
    };
    let wallet = Wallet::next(pay.user, locked.wallet(pay.user)?);
    let balance = wallet.balance;
    let Some(seats) = own_seats(reservation, locked, now)? else {
        return Ok(Verdict::No(lost(reservation)));
    };
    if let Some(rejection) = refuse(pay, reservation, locked, now)? {
        return Ok(Verdict::No(rejection));
    }
    let Some(left) = balance.checked_sub(reservation.amount) else {
        return Ok(Verdict::No(Rejection::BalanceTooLow { balance, amount: reservation.amount }));
    };

    let confirmed = reservation.with(ReservationState::Confirmed);
    let sold = SeatState::Sold { to: confirmed.id };
    let seats: Vec<Seat> = seats.into_iter().map(|seat| seat.with(sold)).collect();
    let tickets: Vec<Ticket> = seats.iter().map(|seat| ticket(seat, &confirmed)).collect();
    let mut rows = vec![Row::Reservation(confirmed.clone()), Row::Payment(payment(pay, &confirmed, now))];
    let leaving = leaves(pay, reservation, locked, now)?;
    let mut events = vec![Event::Confirmed(confirmed.id)];
    if !leaving.is_empty() {
        rows.extend(leaving);
        events.push(Event::SlotFreed(key));
    } else if reservation.has_lapsed(now) {
        // Its seats count again, so a hold that was decided before must not be written after.
        rows.push(Row::Buyer(Buyer::next(key, locked.buyer(key)?)));
    }
    if !confirmed.amount.is_zero() {
        rows.push(Row::Wallet(Wallet { balance: left, ..wallet }));
        rows.push(Row::Transfer(transfer(pay, confirmed.amount, now)));
    }
    rows.extend(seats.into_iter().map(Row::Seat));
    rows.extend(tickets.iter().copied().map(Row::Ticket));
    let outcome = Outcome::Paid { reservation: confirmed, payment: pay.payment, tickets };
    Ok(Verdict::Do(Changes { rows, outcome, events, at: now }))
}

/// The reservation's seats, if each still points to it or can be had.
fn own_seats(reservation: &Reservation, locked: &Locked, now: Instant) -> Result<Option<Vec<Seat>>, NotInScope> {
    let mut seats = Vec::with_capacity(reservation.lines.len());
    for key in reservation.seat_keys() {
        match locked.seat(key)? {
            Some(seat) if seat.state.is_held_by(reservation.id) || seat.state.can_be_taken(now) => seats.push(*seat),
            _ => return Ok(None),
        }
    }
    Ok(Some(seats))
}

fn refuse(
    pay: &Pay,
    reservation: &Reservation,
    locked: &Locked,
    now: Instant,
) -> Result<Option<Rejection>, NotInScope> {
    if !reservation.state.may_become(ReservationState::Confirmed) {
        return Ok(Some(lost(reservation)));
    }
    if let Err(why) = pay.terms.bookable.check(Deed::Pay, now) {
        return Ok(Some(Rejection::NotBookable(why)));
    }
    if !reservation.has_lapsed(now) {
        return Ok(None);
    }
    let used = locked.usage(reservation.buyer(), Some(reservation.id), now)?;
    let (limit, asked) = (pay.terms.limit_per_person, reservation.seat_count());
    Ok(if reservation.late_until <= now {
        Some(lost(reservation))
    } else if used.saturating_add(asked) > limit {
        Some(Rejection::LimitReached { limit, used, asked })
    } else {
        None
    })
}

/// The rows that give the slot in the waiting room back, if nothing more will be bought with it.
fn leaves(pay: &Pay, paid: &Reservation, locked: &Locked, now: Instant) -> Result<Vec<Row>, NotInScope> {
    let Some(terms) = pay.terms.admission else { return Ok(Vec::new()) };
    let key = paid.buyer();
    let others: Vec<&Reservation> = locked.reservations_of(key)?.filter(|r| r.id != paid.id).collect();
    if others.iter().any(|r| r.state == ReservationState::Held && !r.has_lapsed(now)) {
        return Ok(Vec::new());
    }
    // A hold that has lapsed still counts against the limit for a moment, but was not bought.
    let bought = others.iter().filter(|r| r.state == ReservationState::Confirmed);
    let bought = bought.map(|r| r.seat_count()).sum::<u32>().saturating_add(paid.seat_count());
    let over = terms.leave_on_payment || bought >= pay.terms.limit_per_person;
    if over { admission::end(key, Ended::Paid, locked) } else { Ok(Vec::new()) }
}

/// Why a reservation that can't be paid can't be paid.
fn lost(reservation: &Reservation) -> Rejection {
    match reservation.state {
        ReservationState::Held | ReservationState::Expired => {
            Rejection::HoldLapsed { held_until: reservation.held_until }
        }
        ReservationState::Confirmed => Rejection::AlreadyPaid,
        ended => Rejection::ReservationEnded(ended),
    }
}

fn ticket(sold: &Seat, reservation: &Reservation) -> Ticket {
    let key = TicketKey { seat: sold.key, version: sold.version };
    Ticket { key, reservation: reservation.id, valid: true }
}

fn payment(pay: &Pay, reservation: &Reservation, now: Instant) -> Payment {
    Payment {
        id: pay.payment,
        kind: PaymentKind::Reservation,
        reservation: Some(reservation.id),
        user: pay.user,
        amount: reservation.amount,
        state: PaymentState::Succeeded,
        provider: Payment::POINTS.to_owned(),
        provider_ref: None,
        at: now,
        version: Version::FIRST,
    }
}

fn transfer(pay: &Pay, amount: Points, now: Instant) -> Transfer {
    Transfer {
        id: pay.transfer,
        debit: AccountId::Wallet(pay.user),
        credit: AccountId::Sales,
        amount,
        payment: pay.payment,
        at: now,
    }
}

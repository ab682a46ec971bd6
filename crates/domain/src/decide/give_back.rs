//! How reservations end: released, marked as expired, cancelled, refunded.

use super::{Changes, Verdict, named};
use crate::command::{Cancel, Event, Expire, Outcome, Rejection, Release};
use crate::locked::{Locked, NotInScope, Row, Version};
use crate::{
    AccountId, BuyerKey, Deed, Instant, Payment, PaymentKind, PaymentState, Points, Reservation, ReservationState,
    Seat, SeatState, Ticket, TicketKey, Transfer, Wallet,
};

pub(super) fn release(release: &Release, locked: &Locked, now: Instant) -> Result<Verdict, NotInScope> {
    let (performance, seats) = (Some(release.performance), Some(&release.seats));
    let Some(reservation) = named(locked, release.reservation, release.buyer, performance, seats)? else {
        return Ok(Verdict::No(Rejection::ReservationUnknown));
    };
    match reservation.state {
        ReservationState::Held | ReservationState::Expired => {}
        ReservationState::Released => return Ok(Verdict::Replay(Outcome::Released(reservation.clone()))),
        ReservationState::Confirmed => return Ok(Verdict::No(Rejection::AlreadyPaid)),
        ended => return Ok(Verdict::No(Rejection::ReservationEnded(ended))),
    }
    let released = reservation.with(ReservationState::Released);
    let mut rows = vec![Row::Reservation(released.clone())];
    for key in reservation.seat_keys() {
        // A seat that somebody else has taken over is theirs.
        if let Some(seat) = locked.seat(key)?.filter(|seat| seat.state.is_held_by(reservation.id)) {
            rows.push(Row::Seat(seat.with(SeatState::Free)));
        }
    }
    let events = vec![Event::Released(released.id)];
    Ok(Verdict::Do(Changes { rows, outcome: Outcome::Released(released), events, at: now }))
}

pub(super) fn expire(expire: &Expire, locked: &Locked, now: Instant) -> Result<Verdict, NotInScope> {
    let Some(reservation) = named(locked, expire.reservation, expire.buyer, None, None)? else {
        return Ok(Verdict::No(Rejection::ReservationUnknown));
    };
    let outcome = Outcome::Expired(reservation.id);
    if reservation.state != ReservationState::Held || !reservation.has_lapsed(now) {
        return Ok(Verdict::Replay(outcome));
    }
    let rows = vec![Row::Reservation(reservation.with(ReservationState::Expired))];
    Ok(Verdict::Do(Changes { rows, outcome, events: vec![Event::Expired(reservation.id)], at: now }))
}

pub(super) fn cancel(cancel: &Cancel, locked: &Locked, now: Instant) -> Result<Verdict, NotInScope> {
    let cancel_until = cancel.terms.cancel_until;
    let in_time = if cancel_until <= now {
        Err(Rejection::TooLateToCancel { cancel_until })
    } else {
        cancel.terms.bookable.check(Deed::Cancel, now).map_err(Rejection::NotBookable)
    };
    give_back(cancel, locked, now, ReservationState::Cancelled, in_time)
}

pub(super) fn refund(refund: &Cancel, locked: &Locked, now: Instant) -> Result<Verdict, NotInScope> {
    give_back(refund, locked, now, ReservationState::Refunded, Ok(()))
}

fn give_back(
    cancel: &Cancel,
    locked: &Locked,
    now: Instant,
    end: ReservationState,
    in_time: Result<(), Rejection>,
) -> Result<Verdict, NotInScope> {
    let key = BuyerKey { sale: cancel.terms.sale, user: cancel.user };
    let Some(reservation) = named(locked, cancel.reservation, key, Some(cancel.performance), Some(&cancel.seats))?
    else {
        return Ok(Verdict::No(Rejection::ReservationUnknown));
    };
    match reservation.state {
        ReservationState::Confirmed => {
            if let Err(too_late) = in_time {
                return Ok(Verdict::No(too_late));
            }
        }
        ReservationState::Held | ReservationState::Expired => return Ok(Verdict::No(Rejection::NotPaid)),
        ended => return Ok(Verdict::No(Rejection::ReservationEnded(ended))),
    }
    let wallet = Wallet::next(cancel.user, locked.wallet(cancel.user)?);
    let Some(balance) = wallet.balance_with(reservation.amount) else {
        return Ok(Verdict::No(Rejection::BalanceTooHigh));
    };

    let ended = Reservation { refund_reason: cancel.reason.clone(), ..reservation.with(end) };
    let mut rows = vec![Row::Reservation(ended.clone()), Row::Payment(refund_payment(cancel, &ended, now))];
    if !ended.amount.is_zero() {
        rows.push(Row::Wallet(Wallet { balance, ..wallet }));
        rows.push(Row::Transfer(refund_transfer(cancel, ended.amount, now)));
    }
    for key in reservation.seat_keys() {
        if let Some(seat) = locked.seat(key)?.filter(|seat| seat.state == SeatState::Sold { to: reservation.id }) {
            rows.push(Row::Ticket(void(seat, reservation)));
            rows.push(Row::Seat(seat.with(SeatState::Free)));
        }
    }
    let event = if end == ReservationState::Cancelled { Event::Cancelled } else { Event::Refunded };
    let events = vec![event(ended.id)];
    Ok(Verdict::Do(Changes { rows, outcome: Outcome::GivenBack(ended), events, at: now }))
}

fn void(sold: &Seat, reservation: &Reservation) -> Ticket {
    let key = TicketKey { seat: sold.key, version: sold.version };
    Ticket { key, reservation: reservation.id, valid: false }
}

fn refund_payment(cancel: &Cancel, reservation: &Reservation, now: Instant) -> Payment {
    Payment {
        id: cancel.payment,
        kind: PaymentKind::Refund,
        reservation: Some(reservation.id),
        user: cancel.user,
        amount: reservation.amount,
        state: PaymentState::Succeeded,
        provider: Payment::POINTS.to_owned(),
        provider_ref: None,
        at: now,
        version: Version::FIRST,
    }
}

fn refund_transfer(cancel: &Cancel, amount: Points, now: Instant) -> Transfer {
    Transfer {
        id: cancel.transfer,
        debit: AccountId::Sales,
        credit: AccountId::Wallet(cancel.user),
        amount,
        payment: cancel.payment,
        at: now,
    }
}

//! Pay a hold with points, in time or late.

use super::leave::end_admission;
use crate::booking::verdict::CommandRule;
use crate::booking::{
    Changes, Event, Locked, NotInScope, Outcome, Rejection, Reservation, ReservationState, Row, Scope, Seat, SeatState,
    Stop, Ticket, TicketKey, Verdict,
};
use crate::catalogue::{Action, SaleTerms, SeatNumber};
use crate::id::{PaymentId, PerformanceId, ReservationId, TransferId, UserId};
use crate::money::{AccountId, Payment, PaymentKind, PaymentState, Points, Transfer, Wallet};
use crate::record::Version;
use crate::time::Instant;
use crate::waiting_room::{AdmissionEnd, Buyer, BuyerKey};
use std::collections::BTreeSet;

/// Pay a hold with points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pay {
    /// The hold that is paid.
    pub reservation: ReservationId,
    /// The reservation's performance.
    pub performance: PerformanceId,
    /// The reservation's seats.
    pub seats: BTreeSet<SeatNumber>,
    /// The reservation's owner, whose wallet pays.
    pub user: UserId,
    /// The terms of the reservation's sale.
    pub terms: SaleTerms,
    /// Id that the new payment gets.
    pub payment: PaymentId,
    /// Id that the new transfer gets.
    pub transfer: TransferId,
}

impl CommandRule for Pay {
    fn name(&self) -> &'static str {
        "pay"
    }

    fn scope(&self, scope: &mut Scope) {
        scope.buyers.insert(self.buyer());
        scope.reservations.insert(self.reservation);
        scope.new_payments.insert(self.payment);
        scope.wallets.insert(self.user);
        scope.add_seats(self.performance, self.seats.iter().copied());
    }

    fn decide(&self, locked: &Locked, now: Instant) -> Result<Verdict, Stop> {
        let key = self.buyer();
        let reservation = locked.reservation_with_seats(self.reservation, key, self.performance, &self.seats)?;
        let wallet = Wallet::next(self.user, locked.wallet(self.user)?);
        let balance = wallet.balance;
        let seats = own_seats(reservation, locked, now)?;
        self.check(reservation, locked, now)?;
        let amount = reservation.amount;
        let left = balance.checked_sub(amount).ok_or(Rejection::BalanceTooLow { balance, amount })?;

        let confirmed = reservation.with(ReservationState::Confirmed);
        let sold = SeatState::Sold { to: confirmed.id };
        let seats: Vec<Seat> = seats.into_iter().map(|seat| seat.with(sold)).collect();
        let tickets: Vec<Ticket> = seats.iter().map(|seat| ticket(seat, &confirmed)).collect();
        let mut rows = vec![Row::Reservation(confirmed.clone()), Row::Payment(self.payment(&confirmed, now))];
        let leaving = self.leaves(reservation, locked, now)?;
        let mut events = vec![Event::Confirmed(confirmed.id)];
        if !leaving.is_empty() {
            rows.extend(leaving);
            events.push(Event::AdmissionEnded(key));
        } else if reservation.has_lapsed(now) {
            // Its seats count again, so a hold that was decided before must not be written after.
            rows.push(Row::Buyer(Buyer::next(key, locked.buyer(key)?)));
        }
        if !amount.is_zero() {
            rows.push(Row::Wallet(Wallet { balance: left, ..wallet }));
            rows.push(Row::Transfer(self.transfer(amount, now)));
        }
        rows.extend(seats.into_iter().map(Row::Seat));
        rows.extend(tickets.iter().copied().map(Row::Ticket));
        let outcome = Outcome::Paid { reservation: confirmed, payment: self.payment, tickets };
        Ok(Verdict::Do(Changes { rows, outcome, events, at: now }))
    }
}

impl Pay {
    fn buyer(&self) -> BuyerKey {
        BuyerKey { sale: self.terms.sale, user: self.user }
    }

    /// Whether the reservation can be paid now, given that its seats can still be had.
    fn check(&self, reservation: &Reservation, locked: &Locked, now: Instant) -> Result<(), Stop> {
        if !reservation.state.may_become(ReservationState::Confirmed) {
            return Err(lost(reservation).into());
        }
        self.terms.check(Action::Pay, now).map_err(Rejection::from)?;
        if !reservation.has_lapsed(now) {
            return Ok(());
        }
        let used = locked.usage(reservation.buyer(), Some(reservation.id), now)?;
        let (limit, asked) = (self.terms.limit_per_person, reservation.seat_count());
        if reservation.payable_until(&self.terms) <= now {
            return Err(lost(reservation).into());
        }
        if used.saturating_add(asked) > limit {
            return Err(Rejection::LimitReached { limit, used, asked }.into());
        }
        Ok(())
    }

    /// The rows that end the admission, if nothing more will be bought with it.
    fn leaves(&self, paid: &Reservation, locked: &Locked, now: Instant) -> Result<Vec<Row>, NotInScope> {
        let Some(terms) = self.terms.admission else { return Ok(Vec::new()) };
        let key = paid.buyer();
        let others: Vec<&Reservation> = locked.reservations_of(key)?.filter(|r| r.id != paid.id).collect();
        if others.iter().any(|r| r.state == ReservationState::Held && !r.has_lapsed(now)) {
            return Ok(Vec::new());
        }
        // A hold that has lapsed still counts against the limit for a moment, but was not bought.
        let bought = others.iter().filter(|r| r.state == ReservationState::Confirmed);
        let bought = bought.map(|r| r.seat_count()).sum::<u32>().saturating_add(paid.seat_count());
        let over = terms.leave_on_payment || bought >= self.terms.limit_per_person;
        if over { end_admission(key, AdmissionEnd::Paid, locked) } else { Ok(Vec::new()) }
    }

    fn payment(&self, reservation: &Reservation, now: Instant) -> Payment {
        Payment {
            id: self.payment,
            kind: PaymentKind::Reservation,
            reservation: Some(reservation.id),
            ordinal: 0,
            user: self.user,
            amount: reservation.amount,
            state: PaymentState::Succeeded,
            provider: Payment::POINTS.to_owned(),
            provider_ref: None,
            at: now,
            version: Version::FIRST,
        }
    }

    fn transfer(&self, amount: Points, now: Instant) -> Transfer {
        Transfer {
            id: self.transfer,
            debit: AccountId::Wallet(self.user),
            credit: AccountId::Sales,
            amount,
            payment: self.payment,
            at: now,
        }
    }
}

/// The reservation's seats, if each still points to it or can be had.
fn own_seats(reservation: &Reservation, locked: &Locked, now: Instant) -> Result<Vec<Seat>, Stop> {
    let mut seats = Vec::with_capacity(reservation.line_items.len());
    for key in reservation.seat_keys() {
        match locked.seat(key)? {
            Some(seat) if seat.state.is_held_by(reservation.id) || seat.state.can_be_taken(now) => seats.push(*seat),
            _ => return Err(lost(reservation).into()),
        }
    }
    Ok(seats)
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

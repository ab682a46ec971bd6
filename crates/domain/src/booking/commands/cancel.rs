//! Give back what was paid for, or some seats of it, within the deadline that was promised.

use crate::booking::verdict::CommandRule;
use crate::booking::{
    Changes, Event, Locked, Outcome, RefundReason, Rejection, Reservation, ReservationState, Row, Scope, Seat, SeatKey,
    SeatState, Stop, Ticket, TicketKey, Verdict,
};
use crate::catalogue::{Action, PerformanceStatus, SaleTerms, SeatNumber};
use crate::id::{PaymentId, PerformanceId, ReservationId, TransferId, UserId};
use crate::money::{AccountId, Payment, PaymentKind, PaymentState, Points, Transfer, Wallet};
use crate::record::Version;
use crate::time::Instant;
use crate::waiting_room::BuyerKey;
use std::collections::BTreeSet;

/// Give back what was paid for; the points go back, and the seats on sale again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancel {
    /// The paid reservation.
    pub reservation: ReservationId,
    /// The reservation's performance.
    pub performance: PerformanceId,
    /// The reservation's seats, those that were returned before among them.
    pub seats: BTreeSet<SeatNumber>,
    /// Those that are given back, while the others are kept; `None` for all that are left.
    pub returned: Option<BTreeSet<SeatNumber>>,
    /// The reservation's owner, who gets the points.
    pub user: UserId,
    /// The terms of the reservation's sale.
    pub terms: SaleTerms,
    /// Id that the new refund gets.
    pub payment: PaymentId,
    /// Id that the new transfer gets.
    pub transfer: TransferId,
}

impl CommandRule for Cancel {
    fn name(&self) -> &'static str {
        "cancel"
    }

    fn scope(&self, scope: &mut Scope) {
        scope.buyers.insert(self.buyer());
        scope.reservations.insert(self.reservation);
        scope.new_payments.insert(self.payment);
        scope.wallets.insert(self.user);
        let seats = self.returned.as_ref().unwrap_or(&self.seats);
        scope.add_seats(self.performance, seats.iter().copied());
    }

    fn decide(&self, locked: &Locked, now: Instant) -> Result<Verdict, Stop> {
        let paid = self.paid(locked)?;
        paid.check_cancel(&self.terms, now)?;
        self.give_back(paid, (ReservationState::Cancelled, None), locked, now)
    }
}

impl Reservation {
    /// Whether its owner may give it back, given that it is paid. What doesn't take place is given back at any time.
    pub fn check_cancel(&self, terms: &SaleTerms, now: Instant) -> Result<(), Rejection> {
        if terms.bookable.status == PerformanceStatus::Cancelled {
            return Ok(());
        }
        let cancel_until = self.cancel_until.max(terms.cancel_until);
        SaleTerms { cancel_until, ..terms.clone() }.check(Action::Cancel, now).map_err(Rejection::from)
    }
}

impl Cancel {
    fn buyer(&self) -> BuyerKey {
        BuyerKey { sale: self.terms.sale, user: self.user }
    }

    /// The reservation, if there is something to give back.
    pub(super) fn paid<'a>(&self, locked: &'a Locked) -> Result<&'a Reservation, Stop> {
        let reservation =
            locked.reservation_with_seats(self.reservation, self.buyer(), self.performance, &self.seats)?;
        match reservation.state {
            ReservationState::Confirmed => Ok(reservation),
            ReservationState::Held | ReservationState::Expired => Err(Rejection::NotPaid.into()),
            ended => Err(Rejection::ReservationEnded(ended).into()),
        }
    }

    /// The seats to give back of what is paid.
    fn wanted(&self, paid: &Reservation) -> Result<BTreeSet<SeatNumber>, Rejection> {
        let left: BTreeSet<SeatNumber> = paid.seats_left().collect();
        let Some(wanted) = &self.returned else { return Ok(left) };
        let unknown: Vec<SeatNumber> = wanted.difference(&self.seats).copied().collect();
        if wanted.is_empty() || !unknown.is_empty() {
            return Err(Rejection::SeatsUnknown(unknown));
        }
        let before: Vec<SeatNumber> = wanted.difference(&left).copied().collect();
        if before.is_empty() {
            return Ok(wanted.clone());
        }
        Err(Rejection::SeatsReturned { seats: before, left: left.into_iter().collect() })
    }

    /// Puts the seats on sale again and what they cost back into the wallet. If no seat is left, the reservation comes to that
    /// end; an operator may say why.
    pub(super) fn give_back(
        &self,
        paid: &Reservation,
        (end, reason): (ReservationState, Option<RefundReason>),
        locked: &Locked,
        now: Instant,
    ) -> Result<Verdict, Stop> {
        let seats = self.wanted(paid)?;
        let next = paid.without(seats.clone(), end, reason);
        let amount = next.refunded().checked_sub(paid.refunded()).unwrap_or(Points::ZERO);
        let wallet = Wallet::next(self.user, locked.wallet(self.user)?);
        let balance = wallet.balance_with(amount).ok_or(Rejection::BalanceTooHigh)?;
        let mut rows = vec![Row::Reservation(next.clone()), Row::Payment(self.refund_payment(paid, amount, now))];
        if !amount.is_zero() {
            rows.push(Row::Wallet(Wallet { balance, ..wallet }));
            rows.push(Row::Transfer(self.refund_transfer(amount, now)));
        }
        for number in seats.iter().copied() {
            let key = SeatKey { performance: self.performance, number };
            if let Some(seat) = locked.seat(key)?.filter(|seat| seat.state == SeatState::Sold { to: paid.id }) {
                rows.push(Row::Ticket(void(seat, paid.id)));
                rows.push(Row::Seat(seat.with(SeatState::Free)));
            }
        }
        let events = vec![event(&next, seats)];
        Ok(Verdict::Do(Changes { rows, outcome: Outcome::GivenBack(next), events, at: now }))
    }

    fn refund_payment(&self, paid: &Reservation, amount: Points, now: Instant) -> Payment {
        Payment {
            id: self.payment,
            kind: PaymentKind::Refund,
            reservation: Some(paid.id),
            ordinal: u32::try_from(paid.returned.len()).unwrap_or(u32::MAX),
            user: self.user,
            amount,
            state: PaymentState::Succeeded,
            provider: Payment::POINTS.to_owned(),
            provider_ref: None,
            at: now,
            version: Version::FIRST,
        }
    }

    fn refund_transfer(&self, amount: Points, now: Instant) -> Transfer {
        Transfer {
            id: self.transfer,
            debit: AccountId::Sales,
            credit: AccountId::Wallet(self.user),
            amount,
            payment: self.payment,
            at: now,
        }
    }
}

fn event(given_back: &Reservation, seats: BTreeSet<SeatNumber>) -> Event {
    let id = given_back.id;
    match given_back.state {
        ReservationState::Cancelled => Event::Cancelled(id),
        ReservationState::Refunded => Event::Refunded(id),
        _ => Event::SeatsReturned { reservation: id, seats },
    }
}

fn void(sold: &Seat, reservation: ReservationId) -> Ticket {
    let key = TicketKey { seat: sold.key, version: sold.version };
    Ticket { key, reservation, valid: false }
}

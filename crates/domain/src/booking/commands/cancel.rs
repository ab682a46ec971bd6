//! Give back what was paid for, within the deadline that was promised.

use crate::booking::verdict::CommandRule;
use crate::booking::{
    Changes, Event, Locked, Outcome, Rejection, Reservation, ReservationState, Row, Scope, Seat, SeatState, Stop,
    Ticket, TicketKey, Verdict,
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
    /// The reservation's seats.
    pub seats: BTreeSet<SeatNumber>,
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
        scope.add_seats(self.performance, self.seats.iter().copied());
    }

    fn decide(&self, locked: &Locked, now: Instant) -> Result<Verdict, Stop> {
        let paid = self.paid(locked)?;
        paid.check_cancel(&self.terms, now)?;
        let cancelled = paid.with(ReservationState::Cancelled);
        let event = Event::Cancelled(cancelled.id);
        self.give_back(cancelled, event, locked, now)
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

    /// Puts the seats on sale again and the points back into the wallet; `ended` is the reservation as it becomes.
    pub(super) fn give_back(
        &self,
        ended: Reservation,
        event: Event,
        locked: &Locked,
        now: Instant,
    ) -> Result<Verdict, Stop> {
        let wallet = Wallet::next(self.user, locked.wallet(self.user)?);
        let balance = wallet.balance_with(ended.amount).ok_or(Rejection::BalanceTooHigh)?;
        let mut rows = vec![Row::Reservation(ended.clone()), Row::Payment(self.refund_payment(&ended, now))];
        if !ended.amount.is_zero() {
            rows.push(Row::Wallet(Wallet { balance, ..wallet }));
            rows.push(Row::Transfer(self.refund_transfer(ended.amount, now)));
        }
        for key in ended.seat_keys() {
            if let Some(seat) = locked.seat(key)?.filter(|seat| seat.state == SeatState::Sold { to: ended.id }) {
                rows.push(Row::Ticket(void(seat, ended.id)));
                rows.push(Row::Seat(seat.with(SeatState::Free)));
            }
        }
        Ok(Verdict::Do(Changes { rows, outcome: Outcome::GivenBack(ended), events: vec![event], at: now }))
    }

    fn refund_payment(&self, ended: &Reservation, now: Instant) -> Payment {
        Payment {
            id: self.payment,
            kind: PaymentKind::Refund,
            reservation: Some(ended.id),
            user: self.user,
            amount: ended.amount,
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

fn void(sold: &Seat, reservation: ReservationId) -> Ticket {
    let key = TicketKey { seat: sold.key, version: sold.version };
    Ticket { key, reservation, valid: false }
}

//! Hold the seats that somebody has chosen: all of them, or none.

use super::renew::admission_for_hold;
use crate::booking::verdict::CommandRule;
use crate::booking::{
    Changes, Event, Locked, Outcome, Rejection, Reservation, ReservationState, Row, Scope, Seat, SeatKey, SeatState,
    Stop, Verdict,
};
use crate::catalogue::{Action, LineItem, SaleTerms};
use crate::id::{PerformanceId, ReservationId, UserId};
use crate::money::Points;
use crate::record::Version;
use crate::time::Instant;
use crate::waiting_room::{AdmissionPeriod, Buyer, BuyerKey};

/// Hold seats of one performance: all of them, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Id that the new reservation gets.
    pub reservation: ReservationId,
    /// All seats are of this performance.
    pub performance: PerformanceId,
    /// Who will own the reservation.
    pub user: UserId,
    /// The sale's terms as the use case read them; [`SaleTerms::sale`] names the sale.
    pub terms: SaleTerms,
    /// One per seat, with the server's prices; 1 to [`Hold::MAX_SEATS`].
    pub line_items: Vec<LineItem>,
}

impl Hold {
    /// Seats of one hold: 50.
    pub const MAX_SEATS: u32 = 50;
}

impl CommandRule for Hold {
    fn name(&self) -> &'static str {
        "hold"
    }

    fn scope(&self, scope: &mut Scope) {
        scope.buyers.insert(BuyerKey { sale: self.terms.sale, user: self.user });
        scope.new_reservations.insert(self.reservation);
        scope.add_seats(self.performance, self.line_items.iter().map(|item| item.seat));
    }

    fn decide(&self, locked: &Locked, now: Instant) -> Result<Verdict, Stop> {
        let line_items = sorted(&self.line_items);
        let new = NewHold {
            reservation: self.reservation,
            performance: self.performance,
            buyer: BuyerKey { sale: self.terms.sale, user: self.user },
            terms: &self.terms,
        };
        let asked = u32::try_from(line_items.len()).unwrap_or(u32::MAX);
        new.check(locked, asked, now)?;
        let seats = self.takeable(&line_items, locked, now)?;
        new.make(line_items, &seats, locked, now)
    }
}

impl Hold {
    fn takeable(&self, line_items: &[LineItem], locked: &Locked, now: Instant) -> Result<Vec<Seat>, Stop> {
        let mut free = Vec::with_capacity(line_items.len());
        let (mut taken, mut yours, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
        let buyer = BuyerKey { sale: self.terms.sale, user: self.user };
        // Only these are read for every hold: others may be here for another command of the batch.
        let own = locked.reservations_of(buyer)?.filter(|reservation| reservation.state.is_live());
        let own: Vec<ReservationId> = own.map(|reservation| reservation.id).collect();
        for number in line_items.iter().map(|item| item.seat) {
            match locked.seat(SeatKey { performance: self.performance, number })? {
                Some(seat) if seat.state.can_be_taken(now) => free.push(*seat),
                Some(seat) => {
                    taken.push(number);
                    yours.extend(seat.state.owner().filter(|owner| own.contains(owner)).map(|_| number));
                }
                None => unknown.push(number),
            }
        }
        if !unknown.is_empty() {
            return Err(Rejection::SeatsUnknown(unknown).into());
        }
        if taken.is_empty() { Ok(free) } else { Err(Rejection::SeatsTaken { seats: taken, yours }.into()) }
    }
}

/// What a hold checks and makes, whether the buyer chooses the seats or the server does.
pub(super) struct NewHold<'a> {
    pub reservation: ReservationId,
    pub performance: PerformanceId,
    pub buyer: BuyerKey,
    pub terms: &'a SaleTerms,
}

impl NewHold<'_> {
    /// Whether the buyer may hold that many more seats now, whichever they are.
    pub fn check(&self, locked: &Locked, asked: u32, now: Instant) -> Result<(), Stop> {
        let used = locked.usage(self.buyer, None, now)?;
        let limit = self.terms.limit_per_person;
        self.terms.check(Action::Hold, now).map_err(Rejection::from)?;
        if self.terms.admission.is_some() {
            admission_for_hold(locked.buyer(self.buyer)?, now)?;
        }
        if used.saturating_add(asked) > limit {
            return Err(Rejection::LimitReached { limit, used, asked }.into());
        }
        Ok(())
    }

    pub fn make(
        &self,
        line_items: Vec<LineItem>,
        seats: &[Seat],
        locked: &Locked,
        now: Instant,
    ) -> Result<Verdict, Stop> {
        let reservation = self.reservation(line_items, now)?;
        let state = SeatState::Held { by: reservation.id, until: reservation.held_until };
        let mut buyer = Buyer::next(self.buyer, locked.buyer(self.buyer)?);
        // The right to book lasts at least as long as the hold.
        buyer.admission =
            buyer.admission.map(|period| AdmissionPeriod { until: period.until.max(reservation.held_until), ..period });
        let mut rows = vec![Row::Buyer(buyer), Row::Reservation(reservation.clone())];
        rows.extend(seats.iter().map(|seat| Row::Seat(seat.with(state))));
        let events = vec![Event::Held(reservation.id)];
        Ok(Verdict::Do(Changes { rows, outcome: Outcome::Held(reservation), events, at: now }))
    }

    fn reservation(&self, line_items: Vec<LineItem>, now: Instant) -> Result<Reservation, Rejection> {
        // It could not be paid longer than that anyway.
        let late_until = self.terms.pay_until.min(self.terms.bookable.sold_until);
        let held_until = (now + self.terms.hold_duration).min(late_until);
        let amount = Points::checked_sum(line_items.iter().map(|item| item.paid)).ok_or(Rejection::BalanceTooHigh)?;
        Ok(Reservation {
            id: self.reservation,
            performance: self.performance,
            sale: self.buyer.sale,
            user: self.buyer.user,
            state: ReservationState::Held,
            held_until,
            late_until,
            cancel_until: self.terms.cancel_until,
            amount,
            line_items,
            refund_reason: None,
            returned: Vec::new(),
            version: Version::FIRST,
        })
    }
}

/// By ascending seat, each seat once.
pub(super) fn sorted(line_items: &[LineItem]) -> Vec<LineItem> {
    let mut line_items = line_items.to_vec();
    line_items.sort_by_key(|item| item.seat);
    line_items.dedup_by_key(|item| item.seat);
    line_items
}

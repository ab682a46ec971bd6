//! Mark a lapsed hold.

use crate::booking::verdict::CommandRule;
use crate::booking::{Changes, Event, Locked, Outcome, ReservationState, Row, Scope, Stop, Verdict};
use crate::id::ReservationId;
use crate::time::Instant;
use crate::waiting_room::BuyerKey;

/// Mark a lapsed hold. Its seats are left alone: whether they can be taken is a matter of time, not of marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expire {
    /// The hold that has lapsed.
    pub reservation: ReservationId,
    /// The reservation's owner and sale.
    pub buyer: BuyerKey,
}

impl CommandRule for Expire {
    fn name(&self) -> &'static str {
        "expire"
    }

    fn scope(&self, scope: &mut Scope) {
        scope.buyers.insert(self.buyer);
        scope.reservations.insert(self.reservation);
    }

    fn decide(&self, locked: &Locked, now: Instant) -> Result<Verdict, Stop> {
        let reservation = locked.reservation_of_buyer(self.reservation, self.buyer)?;
        let outcome = Outcome::Expired(reservation.id);
        if reservation.state != ReservationState::Held || !reservation.has_lapsed(now) {
            return Ok(Verdict::AlreadyDone(outcome));
        }
        let rows = vec![Row::Reservation(reservation.with(ReservationState::Expired))];
        Ok(Verdict::Do(Changes { rows, outcome, events: vec![Event::Expired(reservation.id)], at: now }))
    }
}

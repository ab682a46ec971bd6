//! Give up a hold.

use crate::booking::verdict::CommandRule;
use crate::booking::{
    Changes, Event, Locked, Outcome, Rejection, ReservationState, Row, Scope, SeatState, Stop, Verdict,
};
use crate::catalogue::SeatNumber;
use crate::id::{PerformanceId, ReservationId};
use crate::time::Instant;
use crate::waiting_room::BuyerKey;
use std::collections::BTreeSet;

/// Give up a hold before it is paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The hold that is given up.
    pub reservation: ReservationId,
    /// The reservation's performance.
    pub performance: PerformanceId,
    /// The reservation's seats.
    pub seats: BTreeSet<SeatNumber>,
    /// The reservation's owner and sale.
    pub buyer: BuyerKey,
}

impl CommandRule for Release {
    fn name(&self) -> &'static str {
        "release"
    }

    fn scope(&self, scope: &mut Scope) {
        scope.buyers.insert(self.buyer);
        scope.reservations.insert(self.reservation);
        scope.add_seats(self.performance, self.seats.iter().copied());
    }

    fn decide(&self, locked: &Locked, now: Instant) -> Result<Verdict, Stop> {
        let reservation = locked.reservation_with_seats(self.reservation, self.buyer, self.performance, &self.seats)?;
        match reservation.state {
            ReservationState::Held | ReservationState::Expired => {}
            ReservationState::Released => {
                return Ok(Verdict::AlreadyDone(Outcome::Released(reservation.clone())));
            }
            ReservationState::Confirmed => return Err(Rejection::AlreadyPaid.into()),
            ended => return Err(Rejection::ReservationEnded(ended).into()),
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
}

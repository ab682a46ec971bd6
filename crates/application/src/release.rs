//! Giving up a hold.

use crate::Error;
use crate::pay::own;
use crate::port::{BookingStore, ReservationReader, SeatCooldown};
use frontrow_domain::{Command, Operation, Release, ReservationId, ReservationState, SeatNumber, UserId};
use std::sync::Arc;

/// Gives up a hold, so that others can have the seats.
pub struct ReleaseHold {
    /// Carries it out.
    pub store: Arc<dyn BookingStore>,
    /// Finds what is given up.
    pub reservations: Arc<dyn ReservationReader>,
    /// Is told which seats were given up.
    pub cooldown: Arc<dyn SeatCooldown>,
}

impl ReleaseHold {
    /// Somebody else's reservation is not found. Releasing what is released is no error, so this needs no key.
    pub async fn run(&self, user: UserId, reservation: ReservationId) -> Result<(), Error> {
        let reservation = own(&*self.reservations, user, reservation).await?;
        let release = Release {
            reservation: reservation.id,
            performance: reservation.performance,
            seats: reservation.seats().collect(),
            buyer: reservation.buyer(),
        };
        let seats: Vec<SeatNumber> = reservation.seats().collect();
        self.store.execute(Command::unkeyed(Operation::Release(release))).await?;
        // Who gives up again what they have given up takes nothing from anybody.
        if reservation.state == ReservationState::Held {
            self.cooldown.note_release(user, reservation.performance, &seats);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Missing;
    use crate::port::{MockBookingStore, NoCooldown};
    use crate::testing::{finds, reservation, seat_number, user};
    use frontrow_domain::Outcome;
    use mockall::predicate::eq;

    fn release(store: MockBookingStore) -> ReleaseHold {
        ReleaseHold { store: Arc::new(store), reservations: finds(reservation()), cooldown: Arc::new(NoCooldown) }
    }

    #[tokio::test]
    async fn the_command_says_what_the_reservation_says() {
        let expected = Release {
            reservation: reservation().id,
            performance: reservation().performance,
            seats: [seat_number(1), seat_number(2)].into(),
            buyer: reservation().buyer(),
        };
        let mut store = MockBookingStore::new();
        let released = Outcome::Released(reservation().with(ReservationState::Released));
        let expected = Command::unkeyed(Operation::Release(expected));
        store.expect_execute().with(eq(expected)).times(1).return_once(|_| Ok(released));
        assert_eq!(release(store).run(user(1), reservation().id).await, Ok(()));
    }

    #[tokio::test]
    async fn somebody_elses_reservation_is_not_found() {
        let refused = release(MockBookingStore::new()).run(user(2), reservation().id).await;
        assert_eq!(refused, Err(Error::NotFound(Missing::Reservation)));
    }
}

//! Giving up a hold.

use crate::Error;
use crate::pay::own;
use crate::port::{BookingStore, ReservationReader};
use frontrow_domain::{Command, Release, ReservationId, UserId, What};
use std::sync::Arc;

/// Gives up a hold, so that others can have the seats.
pub struct ReleaseHold {
    /// Carries it out.
    pub store: Arc<dyn BookingStore>,
    /// What is given up.
    pub reservations: Arc<dyn ReservationReader>,
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
        self.store.execute(Command::unkeyed(What::Release(release))).await?;
        Ok(())
    }
}

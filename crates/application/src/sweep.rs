//! Keeping house.

use crate::Error;
use crate::port::{BookingError, BookingStore, Clock, Housekeeping, ReservationReader};
use frontrow_domain::{Command, Expire, What};
use std::sync::Arc;
use std::time::Duration;

/// Marks lapsed holds, so that their owners and others hear of it. Seats don't wait for it: whether a hold has lapsed is a
/// matter of time.
pub struct ExpireHolds {
    /// Carries it out.
    pub store: Arc<dyn BookingStore>,
    /// Finds them.
    pub reservations: Arc<dyn ReservationReader>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl ExpireHolds {
    /// Holds of one run.
    pub const BATCH: u32 = 500;

    /// Marks the oldest lapsed holds; says how many there were.
    pub async fn run(&self) -> Result<u32, Error> {
        let mut marked = 0;
        for (reservation, buyer) in self.reservations.lapsed(self.clock.now(), Self::BATCH).await? {
            match self.store.execute(Command::unkeyed(What::Expire(Expire { reservation, buyer }))).await {
                Ok(_) => marked += 1,
                // Buyers come first: what is not marked now is marked by the next run.
                Err(BookingError::Busy { .. } | BookingError::Unknown(_)) => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(marked)
    }
}

/// Forgets what nobody will ask for any more.
pub struct Forget {
    /// Does it.
    pub housekeeping: Arc<dyn Housekeeping>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Forget {
    /// How long an idempotency key is kept.
    pub const KEEP_DONE: Duration = Duration::from_secs(24 * 3600);
    /// Rows of one run.
    pub const BATCH: u32 = 1000;

    /// Forgets the oldest; says how many rows.
    pub async fn run(&self) -> Result<u32, Error> {
        let now = self.clock.now();
        let done = self.housekeeping.forget_done(now - Self::KEEP_DONE, Self::BATCH).await?;
        let tokens = self.housekeeping.forget_refresh_tokens(now, Self::BATCH).await?;
        Ok(done + tokens)
    }
}

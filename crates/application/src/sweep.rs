//! Upkeep: marks lapsed holds, and deletes what is no longer needed.

use crate::Error;
use crate::port::{BookingError, BookingStore, Clock, Housekeeping, ReservationReader};
use frontrow_domain::{Command, Expire, Operation};
use std::sync::Arc;
use std::time::Duration;

/// Marks lapsed holds, so that their owners and others hear of it. Seats don't wait for it: whether a hold has lapsed is a
/// matter of time.
pub struct ExpireHolds {
    /// Carries it out.
    pub store: Arc<dyn BookingStore>,
    /// Finds them.
    pub reservations: Arc<dyn ReservationReader>,
    /// Gives the instant that the rules decide by.
    pub clock: Arc<dyn Clock>,
}

impl ExpireHolds {
    /// Holds of one run: 500.
    pub const BATCH: u32 = 500;

    /// Marks the oldest lapsed holds; says how many there were. One that can't be marked doesn't stop
    /// the others; its error is returned at the end.
    pub async fn run(&self) -> Result<u32, Error> {
        let (mut marked, mut failed) = (0, None);
        for (reservation, buyer) in self.reservations.lapsed(self.clock.now(), Self::BATCH).await? {
            match self.store.execute(Command::unkeyed(Operation::Expire(Expire { reservation, buyer }))).await {
                Ok(_) => marked += 1,
                // Buyers come first: what is not marked now is marked by the next run.
                Err(BookingError::Replan | BookingError::Unknown(_)) => break,
                Err(error) if error.is_transient() => break,
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(marked), |error| Err(error.into()))
    }
}

/// Deletes idempotency records and refresh tokens that are no longer needed.
pub struct Forget {
    /// Does it.
    pub housekeeping: Arc<dyn Housekeeping>,
    /// Gives the instant that the rules decide by.
    pub clock: Arc<dyn Clock>,
}

impl Forget {
    /// How long an idempotency record is kept: 24 hours.
    pub const IDEMPOTENCY_RETENTION: Duration = Duration::from_hours(24);
    /// Rows of one run: 1000.
    pub const BATCH: u32 = 1000;

    /// Deletes the oldest; returns how many rows.
    pub async fn run(&self) -> Result<u32, Error> {
        let now = self.clock.now();
        let records =
            self.housekeeping.forget_idempotency_records(now - Self::IDEMPOTENCY_RETENTION, Self::BATCH).await?;
        let tokens = self.housekeeping.forget_refresh_tokens(now, Self::BATCH).await?;
        Ok(records + tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outage;
    use crate::port::{MockBookingStore, MockHousekeeping, MockReservationReader};
    use crate::testing::{at, clock, reservation};
    use crate::{FaultId, port::StoreError};
    use frontrow_domain::{Outcome, ReservationId};
    use mockall::predicate::eq;
    use uuid::Uuid;

    fn lapsed(n: u128) -> ReservationId {
        ReservationId::new(Uuid::from_u128(n))
    }

    /// Three holds have lapsed; the store answers the second with that.
    fn sweep(second: Result<Outcome, BookingError>, commands: usize) -> ExpireHolds {
        let mut reservations = MockReservationReader::new();
        let found = (1..=3).map(|n| (lapsed(n), reservation().buyer())).collect();
        reservations.expect_lapsed().with(eq(at(400)), eq(ExpireHolds::BATCH)).return_once(|_, _| Ok(found));
        let mut store = MockBookingStore::new();
        store.expect_execute().times(commands).returning(move |command| {
            let Operation::Expire(expire) = command.operation else { panic!("{command:?}") };
            if expire.reservation == lapsed(2) { second.clone() } else { Ok(Outcome::Expired(expire.reservation)) }
        });
        ExpireHolds { store: Arc::new(store), reservations: Arc::new(reservations), clock: clock(400) }
    }

    #[tokio::test]
    async fn lapsed_holds_are_marked() {
        assert_eq!(sweep(Ok(Outcome::Expired(lapsed(2))), 3).run().await, Ok(3));
    }

    #[tokio::test]
    async fn a_busy_store_is_left_to_the_buyers() {
        let busy = BookingError::Outage(Outage::Busy { retry_after: Duration::from_secs(1) });
        assert_eq!(sweep(Err(busy), 2).run().await, Ok(1));
        assert_eq!(sweep(Err(BookingError::Unknown(None)), 2).run().await, Ok(1));
    }

    #[tokio::test]
    async fn a_hold_that_cannot_be_marked_keeps_no_other_from_it_and_is_told() {
        let fault = FaultId(Uuid::nil());
        assert_eq!(sweep(Err(BookingError::Fault(fault)), 3).run().await, Err(Error::Fault(fault)));
    }

    #[tokio::test]
    async fn keys_are_kept_for_a_day_and_tokens_until_they_expire() {
        let (now, day) = (500_000, 24 * 3600);
        let mut housekeeping = MockHousekeeping::new();
        housekeeping
            .expect_forget_idempotency_records()
            .with(eq(at(now - day)), eq(Forget::BATCH))
            .return_once(|_, _| Ok(3));
        housekeeping.expect_forget_refresh_tokens().with(eq(at(now)), eq(Forget::BATCH)).return_once(|_, _| Ok(4));
        let forget = Forget { housekeeping: Arc::new(housekeeping), clock: clock(now) };
        assert_eq!(forget.run().await, Ok(7));
        let mut broken = MockHousekeeping::new();
        let fault = FaultId(Uuid::nil());
        broken.expect_forget_idempotency_records().return_once(move |_, _| Err(StoreError::Fault(fault)));
        let forget = Forget { housekeeping: Arc::new(broken), clock: clock(now) };
        assert_eq!(forget.run().await, Err(Error::Fault(fault)));
    }
}

//! The store of bookings, watched by the queues that let people in to it.

use super::QueueViews;
use crate::port::{BookingError, BookingStore, Clock};
use async_trait::async_trait;
use frontrow_domain::{Command, Outcome};
use std::sync::Arc;

/// The store of bookings, watched: when it has too much to do, ticks let nobody else in for a moment.
pub struct WatchedBookings {
    /// Carries commands out.
    pub bookings: Arc<dyn BookingStore>,
    /// The queues whose ticks are told.
    pub queues: Arc<QueueViews>,
    /// Gives the instant that the rules decide by.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl BookingStore for WatchedBookings {
    async fn execute(&self, command: Command) -> Result<Outcome, BookingError> {
        let outcome = self.bookings.execute(command).await;
        if outcome.as_ref().is_err_and(BookingError::is_transient) {
            self.queues.pace.turn_away(self.clock.now());
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outage;
    use crate::port::MockBookingStore;
    use crate::testing::{at, buyer, clock, digest};
    use frontrow_domain::{Leave, Operation, Rejection};
    use std::time::Duration;

    #[tokio::test]
    async fn only_a_store_that_can_not_work_turns_bookings_away() {
        let answers = [
            (Err(BookingError::Rejected(Rejection::NotAdmitted)), false),
            (Err(BookingError::Replan), false),
            (Ok(Outcome::Left(buyer(1).key)), false),
            (Err(BookingError::Outage(Outage::Busy { retry_after: Duration::from_secs(1) })), true),
            (Err(BookingError::Outage(Outage::Unavailable { retry_after: Duration::from_secs(1) })), true),
            (Err(BookingError::Outage(Outage::StorageFull { retry_after: Duration::from_secs(1) })), true),
        ];
        for (answer, turned_away) in answers {
            let mut bookings = MockBookingStore::new();
            let told = answer.clone();
            bookings.expect_execute().return_once(move |_| told);
            let queues = Arc::new(QueueViews::new(digest));
            let watched =
                WatchedBookings { bookings: Arc::new(bookings), queues: Arc::clone(&queues), clock: clock(100) };
            assert_eq!(
                watched.execute(Command::unkeyed(Operation::Leave(Leave { buyer: buyer(1).key }))).await,
                answer
            );
            assert_eq!(queues.pace.turns_away(at(100)), turned_away);
            assert!(!queues.pace.turns_away(at(101)), "a second later");
        }
    }
}

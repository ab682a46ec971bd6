//! What an instance knows for itself of how its ticks should go: which lines can take their time, and whether bookings are
//! turned away.

use super::Lines;
use crate::port::{BookingError, BookingStore, Clock};
use async_trait::async_trait;
use frontrow_domain::waiting_room::Tick;
use frontrow_domain::{Command, Instant, Outcome, SaleId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// See the module.
#[derive(Default)]
pub struct Pace(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// Since when a line has nothing to do.
    resting: BTreeMap<SaleId, Instant>,
    turned_away: Option<Instant>,
}

impl Pace {
    /// How often a line is ticked in which nobody is admitted, at the door, or could be called.
    pub const RESTING: Duration = Duration::from_millis(500);

    /// A tick has found nobody.
    pub fn rest(&self, sale: SaleId, now: Instant) {
        let resting = &mut self.known().resting;
        resting.retain(|_, since| is_within(*since, Self::RESTING, now));
        resting.insert(sale, now);
    }

    /// Somebody has come.
    pub fn rouse(&self, sale: SaleId) {
        self.known().resting.remove(&sale);
    }

    /// Whether its next tick can wait.
    pub fn rests(&self, sale: SaleId, now: Instant) -> bool {
        self.known().resting.get(&sale).is_some_and(|since| is_within(*since, Self::RESTING, now))
    }

    /// Whether a booking has been turned away within the last second.
    pub fn turns_away(&self, now: Instant) -> bool {
        self.known().turned_away.is_some_and(|at| is_within(at, Tick::HOLDING_BACK, now))
    }

    fn turn_away(&self, now: Instant) {
        self.known().turned_away = Some(now);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A clock that was put back ends it, too.
fn is_within(since: Instant, time: Duration, now: Instant) -> bool {
    since <= now && now < since + time
}

/// The store of bookings, watched: when it has too much to do, ticks let nobody else in for a moment.
pub struct WatchedBookings {
    /// Carries commands out.
    pub bookings: Arc<dyn BookingStore>,
    /// Whose ticks are told.
    pub lines: Arc<Lines>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl BookingStore for WatchedBookings {
    async fn execute(&self, command: Command) -> Result<Outcome, BookingError> {
        let outcome = self.bookings.execute(command).await;
        if outcome.as_ref().is_err_and(BookingError::is_transient) {
            self.lines.pace.turn_away(self.clock.now());
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::MockBookingStore;
    use crate::testing::{at, buyer, clock, digest, sale};
    use frontrow_domain::{Rejection, What};

    #[test]
    fn a_line_rests_for_half_a_second_or_until_somebody_comes() {
        let (pace, id) = (Pace::default(), sale(0).id);
        assert!(!pace.rests(id, at(100)));
        pace.rest(id, at(100));
        let end = at(100) + Pace::RESTING;
        assert!(pace.rests(id, end - Duration::from_micros(1)) && !pace.rests(id, end));
        assert!(!pace.rests(id, at(99)), "a clock that was put back");
        assert!(!pace.rests(sale(1).id, at(100)));
        pace.rouse(id);
        assert!(!pace.rests(id, at(100)));
    }

    #[tokio::test]
    async fn only_a_store_that_can_not_work_turns_bookings_away() {
        let answers = [
            (Err(BookingError::Rejected(Rejection::NotAdmitted)), false),
            (Err(BookingError::Replan), false),
            (Ok(Outcome::Left(buyer(1).key)), false),
            (Err(BookingError::Busy { retry_after: Duration::from_secs(1) }), true),
            (Err(BookingError::Unavailable { retry_after: Duration::from_secs(1) }), true),
            (Err(BookingError::StorageFull { retry_after: Duration::from_secs(1) }), true),
        ];
        for (answer, turned_away) in answers {
            let mut bookings = MockBookingStore::new();
            let told = answer.clone();
            bookings.expect_execute().return_once(move |_| told);
            let lines = Arc::new(Lines::new(digest));
            let watched =
                WatchedBookings { bookings: Arc::new(bookings), lines: Arc::clone(&lines), clock: clock(100) };
            assert_eq!(watched.execute(Command::unkeyed(What::Leave(buyer(1).key))).await, answer);
            assert_eq!(lines.pace.turns_away(at(100)), turned_away);
            assert!(!lines.pace.turns_away(at(101)), "a second later");
        }
    }
}

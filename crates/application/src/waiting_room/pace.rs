//! What an instance knows for itself of how its ticks should go: which queues can take their time, and whether bookings are
//! turned away.

use frontrow_domain::waiting_room::Tick;
use frontrow_domain::{Instant, SaleId};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Which queues can take their time, and whether bookings are turned away.
#[derive(Default)]
pub struct QueuePace(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// Since when a queue has nothing to do, and for how long.
    resting: BTreeMap<SaleId, (Instant, Duration)>,
    turned_away: Option<Instant>,
}

impl QueuePace {
    /// How often a queue is ticked in which nobody is admitted or checked in, or could be called: every 500 ms.
    pub const RESTING: Duration = Duration::from_millis(500);
    /// How often an instance looks whether a queue that is over goes on: every 2 seconds. It is ready then for whoever comes
    /// back, and until then nobody is kept waiting who is not already.
    pub const OVER: Duration = Duration::from_secs(2);

    /// A tick has found nobody.
    pub fn rest(&self, sale: SaleId, now: Instant) {
        self.rest_for(sale, Self::RESTING, now);
    }

    /// The queue is over, and does not go on.
    pub fn rest_over(&self, sale: SaleId, now: Instant) {
        self.rest_for(sale, Self::OVER, now);
    }

    fn rest_for(&self, sale: SaleId, time: Duration, now: Instant) {
        let resting = &mut self.known().resting;
        resting.retain(|_, (since, time)| is_within(*since, *time, now));
        resting.insert(sale, (now, time));
    }

    /// Somebody has come.
    pub fn rouse(&self, sale: SaleId) {
        self.known().resting.remove(&sale);
    }

    /// Whether its next tick can wait.
    pub fn rests(&self, sale: SaleId, now: Instant) -> bool {
        self.known().resting.get(&sale).is_some_and(|(since, time)| is_within(*since, *time, now))
    }

    /// Whether a booking has been turned away within the last second.
    pub fn turns_away(&self, now: Instant) -> bool {
        self.known().turned_away.is_some_and(|at| is_within(at, Tick::HOLDING_BACK, now))
    }

    pub(super) fn turn_away(&self, now: Instant) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, sale};

    #[test]
    fn a_queue_rests_for_half_a_second_or_until_somebody_comes() {
        let (pace, id) = (QueuePace::default(), sale(0).id);
        assert!(!pace.rests(id, at(100)));
        pace.rest(id, at(100));
        let end = at(100) + QueuePace::RESTING;
        assert!(pace.rests(id, end - Duration::from_micros(1)) && !pace.rests(id, end));
        assert!(!pace.rests(id, at(99)), "a clock that was put back");
        assert!(!pace.rests(sale(1).id, at(100)));
        pace.rouse(id);
        assert!(!pace.rests(id, at(100)));
    }

    #[test]
    fn a_queue_that_is_over_rests_for_longer() {
        let (pace, over, other) = (QueuePace::default(), sale(0).id, sale(1).id);
        pace.rest_over(over, at(100));
        pace.rest(other, at(101));
        let end = at(100) + QueuePace::OVER;
        assert!(pace.rests(over, end - Duration::from_micros(1)) && !pace.rests(over, end));
        assert!(pace.rests(other, at(101)) && !pace.rests(other, at(101) + QueuePace::RESTING));
    }
}

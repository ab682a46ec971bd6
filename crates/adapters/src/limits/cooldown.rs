//! Who has given up which seats again and again.

use super::steady_clock::SteadyClock;
use super::table::{Remembered, Table};
use frontrow_application::port::{Exceeded, Limit, LimitedBy};
use frontrow_domain::{PerformanceId, SeatNumber, UserId};
use std::time::Duration;

/// A seat may be given up so often, and held again at once.
const FREE: u32 = 3;
/// The same for a whole performance, where the server chooses the seats.
const FREE_OF_PERFORMANCE: u32 = 10;
/// The wait after that; it doubles each time.
const FIRST_WAIT: Duration = Duration::from_mins(1);
const LONGEST_WAIT: Duration = Duration::from_mins(30);
/// What was given up longer ago is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(1);

/// What was given up, by account, performance and seat, and by account and performance.
pub(super) struct ReleasedSeats {
    table: Table<Releases>,
    clock: SteadyClock,
}

/// In microseconds of the clock.
#[derive(Clone, Copy, Default)]
struct Releases {
    count: u32,
    /// From when on they can be held again.
    again: u64,
}

impl Remembered for Releases {
    fn weight(&self) -> u64 {
        self.again
    }
}

impl ReleasedSeats {
    /// For so many seats of accounts.
    pub(super) fn new(seats: usize, clock: SteadyClock) -> Self {
        Self { table: Table::new(seats), clock }
    }

    pub(super) fn check(&self, user: UserId, performance: PerformanceId, seats: &[SeatNumber]) -> Result<(), Exceeded> {
        let now = self.clock.micros();
        let wait = |seat: Option<SeatNumber>| {
            let known = self.table.get(self.table.key((user, performance, seat)))?;
            (now < known.again).then(|| Duration::from_micros(known.again - now))
        };
        let chosen = seats.is_empty().then_some(None);
        let longest = seats.iter().copied().map(Some).chain(chosen).filter_map(wait).max();
        let Some(retry_after) = longest else { return Ok(()) };
        let quota = if seats.is_empty() { FREE_OF_PERFORMANCE } else { FREE };
        let (limit, by) = (Limit::Hold, LimitedBy::Seats);
        Err(Exceeded { limit, by, quota, window: FORGOTTEN_AFTER, retry_after })
    }

    pub(super) fn note(&self, user: UserId, performance: PerformanceId, seats: &[SeatNumber]) {
        let now = self.clock.micros();
        for seat in seats.iter().copied().map(Some).chain([None]) {
            let free = if seat.is_some() { FREE } else { FREE_OF_PERFORMANCE };
            let noted: Result<(), ()> = self.table.update(self.table.key((user, performance, seat)), |known| {
                let recent = known.filter(|known| now < known.again + micros(FORGOTTEN_AFTER));
                let count = recent.unwrap_or_default().count.saturating_add(1);
                Ok(((), Releases { count, again: now + micros(wait_after(count, free)) }))
            });
            // It refuses nothing.
            let _ = noted;
        }
    }
}

/// How long to wait after so many, of which some are free.
fn wait_after(count: u32, free: u32) -> Duration {
    let Some(doubled) = count.checked_sub(free) else { return Duration::ZERO };
    FIRST_WAIT.saturating_mul(1 << doubled.min(20)).min(LONGEST_WAIT)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ManualClock;
    use frontrow_domain::Instant;
    use std::sync::Arc;
    use uuid::Uuid;

    fn seat(n: u32) -> SeatNumber {
        SeatNumber::new(n).unwrap()
    }

    #[test]
    fn seats_that_were_given_up_three_times_are_left_to_others_for_a_while_and_no_others() {
        let clock = Arc::new(ManualClock::at(Instant::from_micros(0)));
        let released = ReleasedSeats::new(1024, SteadyClock::new(clock.clone()));
        let (kim, lee) = (UserId::new(Uuid::from_u128(1)), UserId::new(Uuid::from_u128(2)));
        let (tonight, tomorrow) = (PerformanceId::new(Uuid::from_u128(1)), PerformanceId::new(Uuid::from_u128(2)));
        for _ in 0..3 {
            assert_eq!(released.check(kim, tonight, &[seat(1), seat(2)]), Ok(()));
            released.note(kim, tonight, &[seat(1)]);
        }
        let wait = |seats: &[SeatNumber]| released.check(kim, tonight, seats).err().map(|wait| wait.retry_after);
        assert_eq!(wait(&[seat(2), seat(1)]), Some(FIRST_WAIT));
        assert_eq!((wait(&[seat(2)]), wait(&[])), (None, None));
        assert_eq!(released.check(lee, tonight, &[seat(1)]), Ok(()));
        assert_eq!(released.check(kim, tomorrow, &[seat(1)]), Ok(()));
        clock.advance(FIRST_WAIT);
        assert_eq!(wait(&[seat(1)]), None);
        released.note(kim, tonight, &[seat(1)]);
        assert_eq!(wait(&[seat(1)]), Some(2 * FIRST_WAIT));
        clock.advance(FORGOTTEN_AFTER + 2 * FIRST_WAIT);
        released.note(kim, tonight, &[seat(1)]);
        assert_eq!(wait(&[seat(1)]), None);
    }

    #[test]
    fn who_gives_up_ten_holds_of_a_performance_gets_none_that_the_server_chooses() {
        let clock = Arc::new(ManualClock::at(Instant::from_micros(0)));
        let released = ReleasedSeats::new(1024, SteadyClock::new(clock));
        let (kim, tonight) = (UserId::new(Uuid::from_u128(1)), PerformanceId::new(Uuid::from_u128(1)));
        for n in 1..=10 {
            assert_eq!(released.check(kim, tonight, &[]), Ok(()));
            released.note(kim, tonight, &[seat(n)]);
        }
        assert!(released.check(kim, tonight, &[]).is_err());
        assert_eq!(released.check(kim, tonight, &[seat(11)]), Ok(()));
    }
}

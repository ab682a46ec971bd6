//! Who has typed wrong passwords for which account, and how long they have to wait.

use super::steady_clock::SteadyClock;
use super::table::{Remembered, Table};
use frontrow_application::port::{Exceeded, Limit, LimitedBy, Network, TryEnd};
use frontrow_domain::Email;
use std::time::Duration;

/// Wrong passwords that nobody has to wait after.
const FREE: u32 = 5;
/// The wait after the last free one; it doubles with each that follows.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_mins(15);
/// Whoever types nothing for so long begins anew.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(1);
/// For so long it is known that somebody has logged in from there.
const KNOWN_FOR: Duration = Duration::from_hours(30 * 24);

/// The tries of each network for each email address.
pub(super) struct LogInTries {
    table: Table<Tries>,
    clock: SteadyClock,
}

/// All in microseconds of the clock.
#[derive(Clone, Copy, Default)]
struct Tries {
    wrong: u32,
    /// When the next may be made.
    next: u64,
    /// Until when it counts as known.
    known_until: u64,
}

impl Remembered for Tries {
    fn weight(&self) -> u64 {
        self.next.max(self.known_until)
    }
}

impl LogInTries {
    /// For so many pairs of an email address and a network.
    pub(super) fn new(pairs: usize, clock: SteadyClock) -> Self {
        Self { table: Table::new(pairs), clock }
    }

    /// Counts a try, or says how long to wait. Whether somebody has logged in to this account from there lately.
    pub(super) fn begin(&self, email: &Email, network: Option<Network>) -> Result<bool, Exceeded> {
        let now = self.clock.micros();
        self.table.update(self.table.key((email, network)), |tries| {
            let mut tries = tries.unwrap_or_default();
            if tries.next + micros(FORGOTTEN_AFTER) <= now {
                tries.wrong = 0;
            }
            if now < tries.next {
                return Err(exceeded(tries.wrong, Duration::from_micros(tries.next - now)));
            }
            tries.wrong = tries.wrong.saturating_add(1);
            tries.next = now + micros(wait_after(tries.wrong));
            Ok((now < tries.known_until, tries))
        })
    }

    /// A right password is the end of it; what nobody has looked at does not count.
    pub(super) fn end(&self, email: &Email, network: Option<Network>, end: TryEnd) {
        let now = self.clock.micros();
        let change = |tries: Option<Tries>| {
            let tries = tries.ok_or(())?;
            match end {
                TryEnd::Wrong => Err(()),
                TryEnd::Unchecked => {
                    let wrong = tries.wrong.saturating_sub(1);
                    Ok(((), Tries { wrong, next: now, ..tries }))
                }
                TryEnd::Right => Ok(((), Tries { wrong: 0, next: now, known_until: now + micros(KNOWN_FOR) })),
            }
        };
        // Whoever is not known any more has nothing to forget.
        let _ = self.table.update(self.table.key((email, network)), change);
    }
}

/// How long to wait after so many wrong passwords.
fn wait_after(wrong: u32) -> Duration {
    let Some(doubled) = wrong.checked_sub(FREE) else { return Duration::ZERO };
    FIRST_WAIT.saturating_mul(1 << doubled.min(20)).min(LONGEST_WAIT)
}

fn exceeded(wrong: u32, retry_after: Duration) -> Exceeded {
    let by = LimitedBy::AccountOnNetwork;
    Exceeded { limit: Limit::LogIn, by, quota: 1, window: wait_after(wrong), retry_after }
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

    const SECOND: Duration = Duration::from_secs(1);

    fn tries() -> (Arc<ManualClock>, LogInTries) {
        let clock = Arc::new(ManualClock::at(Instant::from_micros(0)));
        (clock.clone(), LogInTries::new(1024, SteadyClock::new(clock)))
    }

    fn email() -> Email {
        "kim@example.com".parse().unwrap()
    }

    fn network(n: u8) -> Option<Network> {
        Network::of([192, 0, 2, n].into())
    }

    #[test]
    fn each_wrong_password_after_the_fifth_waits_twice_as_long_up_to_a_quarter_of_an_hour() {
        let (clock, tries) = tries();
        for _ in 0..FREE {
            assert_eq!(tries.begin(&email(), None), Ok(false));
        }
        for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
            let wait = seconds * SECOND;
            let expected = Exceeded {
                limit: Limit::LogIn,
                by: LimitedBy::AccountOnNetwork,
                quota: 1,
                window: wait,
                retry_after: wait,
            };
            assert_eq!(tries.begin(&email(), None), Err(expected));
            clock.advance(wait);
            assert_eq!(tries.begin(&email(), None), Ok(false));
        }
    }

    #[test]
    fn nobody_else_waits_for_it() {
        let (_, tries) = tries();
        while tries.begin(&email(), network(1)).is_ok() {}
        assert_eq!(tries.begin(&email(), network(2)), Ok(false));
        assert_eq!(tries.begin(&"lee@example.com".parse().unwrap(), network(1)), Ok(false));
    }

    #[test]
    fn a_right_password_is_the_end_of_it_and_an_hour_is_too() {
        let (clock, tries) = tries();
        for _ in 0..FREE - 1 {
            assert_eq!(tries.begin(&email(), None), Ok(false));
        }
        tries.end(&email(), None, TryEnd::Right);
        for _ in 0..FREE {
            assert_eq!(tries.begin(&email(), None), Ok(true), "it is known from where they log in");
        }
        assert!(tries.begin(&email(), None).is_err());
        clock.advance(FORGOTTEN_AFTER + SECOND);
        for _ in 0..FREE {
            assert!(tries.begin(&email(), None).is_ok());
        }
        assert!(tries.begin(&email(), None).is_err());
    }

    #[test]
    fn what_nobody_has_looked_at_does_not_count() {
        let (_, tries) = tries();
        for _ in 0..100 {
            assert_eq!(tries.begin(&email(), None), Ok(false));
            tries.end(&email(), None, TryEnd::Unchecked);
        }
    }
}

//! How often one account may ask for a place.

use frontrow_domain::{Instant, UserId};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Lets everybody ask [`JoinLimit::BURST`] times at once, and once more for every [`JoinLimit::PAUSE`]. A user costs 24
/// bytes, for as long as it takes until they could ask so often at once again.
#[derive(Default)]
pub(super) struct JoinLimit(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// For each user, until when their questions so far have used the time up.
    used_until: HashMap<UserId, Instant>,
    /// Users that make it worth to look who can be forgotten.
    tidy_at: usize,
}

impl JoinLimit {
    pub(super) const BURST: u32 = 5;
    pub(super) const PAUSE: Duration = Duration::from_secs(12);
    /// Fewer users are not worth the while.
    const FEW: usize = 1024;

    /// Asks; or says how long to wait before it is worth to ask again.
    pub(super) fn ask(&self, user: UserId, now: Instant) -> Result<(), Duration> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let used_until = known.used_until.get(&user).copied().unwrap_or(now);
        // A clock that was put back must not keep anybody out for longer than the limit does.
        let used_until = used_until.min(now + Self::PAUSE * Self::BURST).max(now);
        let wait = (used_until.since(now) + Self::PAUSE).saturating_sub(Self::PAUSE * Self::BURST);
        let granted = wait.is_zero();
        known.used_until.insert(user, if granted { used_until + Self::PAUSE } else { used_until });
        known.tidy(now);
        if granted { Ok(()) } else { Err(wait) }
    }
}

impl Known {
    /// Now and then, so that each question pays for one look.
    fn tidy(&mut self, now: Instant) {
        if self.used_until.len() < self.tidy_at.max(JoinLimit::FEW) {
            return;
        }
        self.used_until.retain(|_, until| now < *until);
        self.tidy_at = 2 * self.used_until.len();
        self.used_until.shrink_to(self.tidy_at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn user(n: u128) -> UserId {
        UserId::new(Uuid::from_u128(n))
    }

    fn at(seconds: i64) -> Instant {
        Instant::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn five_at_once_and_then_five_a_minute() {
        let limit = JoinLimit::default();
        for n in 0..5 {
            assert_eq!(limit.ask(user(1), at(0)), Ok(()), "question {n}");
        }
        assert_eq!(limit.ask(user(1), at(0)), Err(Duration::from_secs(12)));
        assert_eq!(limit.ask(user(2), at(0)), Ok(()), "somebody else");
        assert_eq!(limit.ask(user(1), at(11)), Err(Duration::from_secs(1)));
        let granted = (12..72).filter(|second| limit.ask(user(1), at(*second)).is_ok()).count();
        assert_eq!(granted, 5);
    }

    #[test]
    fn a_clock_that_was_put_back_keeps_nobody_out_for_long() {
        let limit = JoinLimit::default();
        for _ in 0..5 {
            assert_eq!(limit.ask(user(1), at(100_000)), Ok(()));
        }
        assert_eq!(limit.ask(user(1), at(0)), Err(Duration::from_secs(12)));
        assert_eq!(limit.ask(user(1), at(60)), Ok(()));
    }

    #[test]
    fn users_who_have_not_asked_lately_are_forgotten() {
        let limit = JoinLimit::default();
        for n in 0..100_000 {
            assert_eq!(limit.ask(user(n), Instant::from_micros(i64::try_from(n).unwrap() * 100_000)), Ok(()));
        }
        let known = limit.0.lock().unwrap();
        assert!(known.used_until.len() <= JoinLimit::FEW, "{} users are known", known.used_until.len());
        assert!(known.used_until.capacity() <= 8 * JoinLimit::FEW, "room for {}", known.used_until.capacity());
    }
}

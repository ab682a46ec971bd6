//! How often each of many may ask.

use frontrow_domain::Instant;
use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// Lets everybody ask so many times at once, and as often again in every minute. Whoever asks costs some 24 bytes, for
/// as long as it takes until they could ask so often at once again.
pub(super) struct Pace<K> {
    a_minute: u32,
    /// For each, until when their questions so far have used the time up.
    used_until: HashMap<K, Instant>,
    /// So many make it worth to look who can be forgotten.
    tidy_at: usize,
}

/// Fewer are not worth the while.
const FEW: usize = 1024;
const MINUTE: Duration = Duration::from_mins(1);

impl<K: Eq + Hash + Copy> Pace<K> {
    pub(super) fn new(a_minute: u32) -> Self {
        Self { a_minute: a_minute.max(1), used_until: HashMap::new(), tidy_at: FEW }
    }

    pub(super) fn a_minute(&self) -> u32 {
        self.a_minute
    }

    /// How long to wait before it is worth to ask again; nothing for whoever may ask.
    pub(super) fn wait(&mut self, key: K, now: Instant) -> Duration {
        let pause = self.pause();
        let Some(used_until) = self.used_until.get_mut(&key) else { return Duration::ZERO };
        // A clock that was put back must not keep anybody out for longer than the limit does.
        *used_until = (*used_until).clamp(now, now + MINUTE);
        (used_until.since(now) + pause).saturating_sub(MINUTE)
    }

    /// Counts a question of somebody who may ask: how many they may ask after it, and when there will be one more.
    pub(super) fn take(&mut self, key: K, now: Instant) -> (u32, Duration) {
        let used_until = self.used_until.get(&key).copied().unwrap_or(now).max(now) + self.pause();
        self.used_until.insert(key, used_until);
        self.tidy(now);
        let free = MINUTE.saturating_sub(used_until.since(now));
        let left = u32::try_from(free.as_nanos() / self.pause().as_nanos()).unwrap_or(u32::MAX);
        (left, (self.pause() * (left + 1)).saturating_sub(free))
    }

    /// The time that one question uses up.
    fn pause(&self) -> Duration {
        MINUTE / self.a_minute
    }

    /// Now and then, so that each question pays for one look.
    fn tidy(&mut self, now: Instant) {
        if self.used_until.len() < self.tidy_at {
            return;
        }
        self.used_until.retain(|_, until| now < *until);
        self.tidy_at = FEW.max(2 * self.used_until.len());
        self.used_until.shrink_to(self.tidy_at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Instant {
        Instant::from_micros(seconds * 1_000_000)
    }

    fn ask(pace: &mut Pace<u32>, key: u32, now: Instant) -> Result<(), Duration> {
        let wait = pace.wait(key, now);
        if !wait.is_zero() {
            return Err(wait);
        }
        pace.take(key, now);
        Ok(())
    }

    #[test]
    fn five_at_once_and_then_five_a_minute() {
        let mut pace = Pace::new(5);
        for n in 0..5 {
            assert_eq!(ask(&mut pace, 1, at(0)), Ok(()), "question {n}");
        }
        assert_eq!(ask(&mut pace, 1, at(0)), Err(Duration::from_secs(12)));
        assert_eq!(ask(&mut pace, 2, at(0)), Ok(()), "somebody else");
        assert_eq!(ask(&mut pace, 1, at(11)), Err(Duration::from_secs(1)));
        let granted = (12..72).filter(|second| ask(&mut pace, 1, at(*second)).is_ok()).count();
        assert_eq!(granted, 5);
    }

    #[test]
    fn a_minute_that_does_not_divide_evenly_lets_no_fewer_ask() {
        let mut pace = Pace::new(7);
        assert_eq!((0..8).filter(|_| ask(&mut pace, 1, at(0)).is_ok()).count(), 7);
    }

    #[test]
    fn a_clock_that_was_put_back_keeps_nobody_out_for_long() {
        let mut pace = Pace::new(5);
        for _ in 0..5 {
            assert_eq!(ask(&mut pace, 1, at(100_000)), Ok(()));
        }
        assert_eq!(ask(&mut pace, 1, at(0)), Err(Duration::from_secs(12)));
        assert_eq!(ask(&mut pace, 1, at(60)), Ok(()));
    }

    #[test]
    fn who_has_not_asked_lately_is_forgotten() {
        let mut pace = Pace::new(5);
        for n in 0..100_000 {
            assert_eq!(ask(&mut pace, n, Instant::from_micros(i64::from(n) * 100_000)), Ok(()));
        }
        assert!(pace.used_until.len() <= FEW, "{} are known", pace.used_until.len());
        assert!(pace.used_until.capacity() <= 8 * FEW, "room for {}", pace.used_until.capacity());
    }
}

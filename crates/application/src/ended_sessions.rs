//! Which access tokens are worth nothing any more although they have not expired.

use crate::Error;
use crate::port::{Clock, EndedSession, SessionRepository};
use frontrow_domain::{Instant, SessionId};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// The sessions that were ended and may have access tokens out, in the memory of every instance: so a token is checked
/// without asking a store. What this instance ends is known at once, what another one ends after the next
/// [`read`](EndedSessions::read).
pub struct EndedSessions {
    sessions: Arc<dyn SessionRepository>,
    clock: Arc<dyn Clock>,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    /// By session, until when its access tokens have to be refused.
    refused: HashMap<SessionId, Instant>,
    /// Everything that was written by then has been read; `None` if nothing has.
    read_to: Option<Instant>,
}

impl EndedSessions {
    /// How often to read: 500 ms, so that a session is over everywhere within a second.
    pub const READ_EVERY: Duration = Duration::from_millis(500);
    /// Sessions of one read: 10,000.
    pub const BATCH: u32 = 10_000;
    /// Sessions in memory at most, 200,000 (10 MB). Beyond that, those are left out whose tokens expire first.
    pub const MOST: usize = 200_000;
    /// An end may be written so long after the instant that it carries: as long as whoever asks for it waits, and the clocks
    /// of two instances differ.
    const WRITTEN_WITHIN: Duration = Duration::from_mins(1);

    /// Knows of none yet.
    pub fn new(sessions: Arc<dyn SessionRepository>, clock: Arc<dyn Clock>) -> Self {
        Self { sessions, clock, known: RwLock::default() }
    }

    /// Whether that session was ended.
    pub fn includes(&self, session: SessionId) -> bool {
        self.known.read().unwrap_or_else(PoisonError::into_inner).refused.contains_key(&session)
    }

    /// These were ended just now.
    pub fn add(&self, ended: &[EndedSession]) {
        if !ended.is_empty() {
            self.change(|known| known.add(ended, self.clock.now()));
        }
    }

    /// Reads what was ended since the last time, and forgets those whose tokens have expired; says how many were read.
    pub async fn read(&self) -> Result<u32, Error> {
        let now = self.clock.now();
        let read_to = self.known.read().unwrap_or_else(PoisonError::into_inner).read_to;
        let mut since = read_to.map_or(Instant::from_micros(i64::MIN), |read_to| read_to - Self::WRITTEN_WITHIN);
        let mut count = 0;
        loop {
            let ended = self.sessions.ended_since(since, now, Self::BATCH).await?;
            let read = u32::try_from(ended.len()).unwrap_or(u32::MAX);
            self.change(|known| known.add(&ended, now));
            count += read;
            match ended.last() {
                // Those of the last instant are read again: more of them may be left.
                Some(last) if read >= Self::BATCH && since < last.at => since = last.at,
                _ => break,
            }
        }
        self.change(|known| known.read_to = Some(now));
        Ok(count)
    }

    fn change(&self, change: impl FnOnce(&mut Known)) {
        change(&mut self.known.write().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Known {
    fn add(&mut self, ended: &[EndedSession], now: Instant) {
        self.refused.retain(|_, until| now < *until);
        let refused = ended.iter().map(|ended| (ended.session, ended.access_until));
        self.refused.extend(refused.filter(|(_, until)| now < *until));
        let too_many = self.refused.len().saturating_sub(EndedSessions::MOST);
        if too_many > 0 {
            let mut ends: Vec<_> = self.refused.iter().map(|(session, until)| (*until, *session)).collect();
            ends.select_nth_unstable(too_many - 1);
            for (_, session) in &ends[..too_many] {
                self.refused.remove(session);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{MockClock, MockSessionRepository, StoreError};
    use crate::testing::{at, clock};
    use crate::{FaultId, testing};
    use mockall::predicate::eq;
    use std::sync::atomic::{AtomicI64, Ordering};
    use uuid::Uuid;

    fn session(n: u128) -> SessionId {
        SessionId::new(Uuid::from_u128(n))
    }

    fn ended(n: u128, seconds: i64, until: i64) -> EndedSession {
        EndedSession { session: session(n), at: at(seconds), access_until: at(until) }
    }

    /// Whose clock shows that second.
    fn shown(seconds: &Arc<AtomicI64>) -> Arc<MockClock> {
        let (mut clock, seconds) = (MockClock::new(), Arc::clone(seconds));
        clock.expect_now().returning(move || at(seconds.load(Ordering::SeqCst)));
        Arc::new(clock)
    }

    #[tokio::test]
    async fn what_another_instance_has_ended_is_known_after_a_read_until_its_tokens_expire() {
        let seconds = Arc::new(AtomicI64::new(1000));
        let mut sessions = MockSessionRepository::new();
        let from = [Instant::from_micros(i64::MIN), at(1000 - 60), at(1001 - 60)];
        let found = [vec![ended(1, 900, 1002)], vec![ended(2, 1000, 1900)], Vec::new()];
        for ((since, found), now) in from.into_iter().zip(found).zip([1000, 1001, 1002]) {
            let asked = sessions.expect_ended_since().with(eq(since), eq(at(now)), eq(EndedSessions::BATCH));
            asked.times(1).return_once(|_, _, _| Ok(found));
        }
        let known = EndedSessions::new(Arc::new(sessions), shown(&seconds));
        let includes = || [1, 2].map(|n| known.includes(session(n)));
        assert_eq!(includes(), [false, false]);
        assert_eq!(known.read().await, Ok(1));
        assert_eq!(includes(), [true, false]);
        seconds.store(1001, Ordering::SeqCst);
        assert_eq!(known.read().await, Ok(1));
        assert_eq!(includes(), [true, true]);
        seconds.store(1002, Ordering::SeqCst);
        assert_eq!(known.read().await, Ok(0));
        assert_eq!(includes(), [false, true]);
    }

    #[tokio::test]
    async fn what_could_not_be_read_is_read_the_next_time() {
        let fault = FaultId(Uuid::nil());
        let mut sessions = MockSessionRepository::new();
        let mut answers = vec![Ok(vec![ended(1, 5, 200)]), Err(StoreError::Fault(fault))];
        let first = Instant::from_micros(i64::MIN);
        let asked = sessions.expect_ended_since().with(eq(first), eq(at(100)), eq(EndedSessions::BATCH));
        asked.times(2).returning(move |_, _, _| answers.pop().unwrap());
        let known = EndedSessions::new(Arc::new(sessions), clock(100));
        assert_eq!(known.read().await, Err(Error::Fault(fault)));
        assert_eq!(known.read().await, Ok(1));
        assert!(known.includes(session(1)));
    }

    #[tokio::test]
    async fn many_are_read_in_parts() {
        let most = i64::from(EndedSessions::BATCH);
        let mut sessions = MockSessionRepository::new();
        sessions.expect_ended_since().times(3).returning(move |since, _, limit| {
            let all = (0..2 * most + 10).map(|n| ended(n.unsigned_abs().into(), n, 100_000));
            Ok(all.filter(|ended| since <= ended.at).take(limit as usize).collect())
        });
        let known = EndedSessions::new(Arc::new(sessions), clock(50_000));
        known.read().await.unwrap();
        let last = u128::try_from(2 * most + 9).unwrap();
        assert!([0, last / 2, last].iter().all(|n| known.includes(session(*n))));
    }

    #[test]
    fn memory_is_bounded_and_keeps_those_whose_tokens_last_longest() {
        let known = EndedSessions::new(Arc::new(MockSessionRepository::new()), testing::clock(0));
        let most = i64::try_from(EndedSessions::MOST).unwrap();
        let all: Vec<_> = (1..=most + 100).map(|n| ended(n.unsigned_abs().into(), 0, n)).collect();
        known.add(&all);
        assert_eq!(known.known.read().unwrap().refused.len(), EndedSessions::MOST);
        let includes = |n: i64| known.includes(session(n.unsigned_abs().into()));
        assert!(!includes(1) && !includes(100) && includes(101) && includes(most + 100));
    }
}

//! Which instance does the work that one does for all.

use crate::Error;
use crate::chore::Chore;
use crate::port::{ChoreLease, ChoreStore, Clock, IdSource};
use frontrow_domain::Instant;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// Takes the chores that one instance does for all, and gives them back.
pub struct LeaseChores {
    /// Keeps the leases.
    pub chores: Arc<dyn ChoreStore>,
    /// Tells which have ended.
    pub clock: Arc<dyn Clock>,
    /// Makes the id of this instance.
    pub ids: Arc<dyn IdSource>,
    /// The id of this instance, once it has asked for a chore.
    pub holder: OnceLock<Uuid>,
    /// When rounds began here.
    pub rounds: RoundTimes,
}

/// By chore that this instance has, when its last round began.
#[derive(Default)]
pub struct RoundTimes(Mutex<BTreeMap<Chore, Instant>>);

impl RoundTimes {
    fn begun(&self) -> MutexGuard<'_, BTreeMap<Chore, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LeaseChores {
    /// The longest time between two calls of [`LeaseChores::is_due`], 3 seconds. Whoever has a chore renews its lease in
    /// each, with as much time to spare; the others find out in each whether it has ended.
    pub const RENEW_WITHIN: Duration = Duration::from_secs(3);

    /// The time between two calls of [`LeaseChores::is_due`] for a chore whose rounds come at that pace: the pace divided
    /// by a whole number, so that a call comes whenever a round is due.
    pub fn beat(pace: Duration) -> Duration {
        let calls = pace.as_micros().div_ceil(Self::RENEW_WITHIN.as_micros()).max(1);
        pace / u32::try_from(calls).unwrap_or(u32::MAX)
    }

    /// Takes the chore, or renews its lease; then says whether a round is due here: at that pace, and at once if the chore
    /// was another instance's before. Never while another instance has it.
    pub async fn is_due(&self, chore: Chore, pace: Duration) -> Result<bool, Error> {
        let holder = *self.holder.get_or_init(|| self.ids.id());
        let now = self.clock.now();
        let lease = ChoreLease { holder, until: now + ChoreLease::LONGEST };
        let is_ours = self.chores.take(chore, lease, now).await?;
        let mut begun = self.rounds.begun();
        if !is_ours {
            begun.remove(&chore);
            return Ok(false);
        }
        // A call may come a little early. A clock that was put back must not hold rounds up.
        let pause = pace.saturating_sub(Self::beat(pace) / 2);
        if begun.get(&chore).is_some_and(|last| *last <= now && now < *last + pause) {
            return Ok(false);
        }
        begun.insert(chore, now);
        Ok(true)
    }

    /// Makes the next round due at once.
    pub fn hurry(&self, chore: Chore) {
        self.rounds.begun().remove(&chore);
    }

    /// Gives the chore back, if this instance has ever asked for one.
    pub async fn give_back(&self, chore: Chore) -> Result<(), Error> {
        self.rounds.begun().remove(&chore);
        let Some(holder) = self.holder.get() else { return Ok(()) };
        Ok(self.chores.give_back(chore, *holder).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FaultId;
    use crate::port::{MockChoreStore, MockClock, StoreError};
    use crate::testing::{at, clock, ids};
    use mockall::predicate::eq;
    use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

    const SECOND: i64 = 1_000_000;

    fn instance(chores: MockChoreStore) -> LeaseChores {
        LeaseChores {
            chores: Arc::new(chores),
            clock: clock(100),
            ids: ids(),
            holder: OnceLock::new(),
            rounds: RoundTimes::default(),
        }
    }

    /// Instances that share their leases, with a clock each.
    struct Instances {
        chores: Arc<MockChoreStore>,
        lease: Arc<Mutex<Option<ChoreLease>>>,
        micros: Arc<AtomicI64>,
        known: AtomicU32,
    }

    impl Instances {
        fn new() -> Self {
            let lease = Arc::<Mutex<Option<ChoreLease>>>::default();
            let (taken, given) = (Arc::clone(&lease), Arc::clone(&lease));
            let mut chores = MockChoreStore::new();
            chores.expect_take().returning(move |_, new, now| {
                let mut lease = taken.lock().unwrap();
                let is_free = lease.is_none_or(|lease| !lease.keeps_out(new.holder, now));
                if is_free {
                    *lease = Some(new);
                }
                Ok(is_free)
            });
            chores.expect_give_back().returning(move |_, holder| {
                let _ = given.lock().unwrap().take_if(|lease| lease.holder == holder);
                Ok(())
            });
            Self { chores: Arc::new(chores), lease, micros: Arc::default(), known: AtomicU32::new(0) }
        }

        /// One whose clock is that much behind.
        fn instance(&self, behind: i64) -> LeaseChores {
            let (micros, mut clock) = (Arc::clone(&self.micros), MockClock::new());
            clock.expect_now().returning(move || Instant::from_micros(micros.load(Ordering::Relaxed) - behind));
            let holder = Uuid::from_u128(self.known.fetch_add(1, Ordering::Relaxed).into());
            LeaseChores {
                chores: self.chores.clone(),
                clock: Arc::new(clock),
                holder: OnceLock::from(holder),
                ..instance(MockChoreStore::new())
            }
        }

        fn set(&self, micros: i64) {
            self.micros.store(micros, Ordering::Relaxed);
        }
    }

    fn micros(duration: Duration) -> i64 {
        i64::try_from(duration.as_micros()).unwrap()
    }

    #[tokio::test]
    async fn an_instance_that_dies_is_followed_by_another_within_10_seconds() {
        for pace in [1, 5, 7, 60, 3600].map(Duration::from_secs) {
            let beat = micros(LeaseChores::beat(pace));
            for phase in 0..=20 {
                let instances = Instances::new();
                // Clocks of several instances may differ by a second.
                let (dying, other) = (instances.instance(0), instances.instance(SECOND));
                instances.set(0);
                assert_eq!(dying.is_due(Chore::Forget, pace).await, Ok(true));
                let died = SECOND / 1000;
                let mut now = beat * phase / 20;
                instances.set(now);
                while !other.is_due(Chore::Forget, pace).await.unwrap() {
                    now += beat;
                    instances.set(now);
                }
                assert!(now - died <= 10 * SECOND, "{pace:?}, phase {phase}: after {now}");
                assert!(now >= 6 * SECOND, "not before the lease has ended");
            }
        }
    }

    #[tokio::test]
    async fn whoever_has_a_chore_keeps_it_and_has_a_round_at_each_pace() {
        for (pace, beats) in [(1, 1), (3, 1), (5, 2), (60, 20)] {
            let (instances, pace) = (Instances::new(), Duration::from_secs(pace));
            let (first, second) = (instances.instance(0), instances.instance(0));
            assert_eq!(LeaseChores::beat(pace), pace / beats);
            for beat in 0..3 * beats {
                // Timers are not exact: every other call comes 10 ms early.
                let early = if beat % 2 == 1 { 10_000 } else { 0 };
                instances.set(micros(LeaseChores::beat(pace)) * i64::from(beat) - early);
                assert_eq!(first.is_due(Chore::Forget, pace).await, Ok(beat % beats == 0), "{pace:?}, {beat}");
                assert_eq!(second.is_due(Chore::Forget, pace).await, Ok(false));
            }
        }
    }

    #[tokio::test]
    async fn a_round_is_due_at_once_if_there_is_more_to_do_or_the_clock_was_put_back() {
        let (instances, pace) = (Instances::new(), Duration::from_mins(1));
        let only = instances.instance(0);
        instances.set(100 * SECOND);
        assert_eq!(only.is_due(Chore::Forget, pace).await, Ok(true));
        assert_eq!(only.is_due(Chore::Forget, pace).await, Ok(false));
        only.hurry(Chore::Forget);
        assert_eq!(only.is_due(Chore::Forget, pace).await, Ok(true));
        instances.set(99 * SECOND);
        assert_eq!(only.is_due(Chore::Forget, pace).await, Ok(true));
    }

    #[tokio::test]
    async fn a_chore_that_was_given_back_is_anybodys_at_once() {
        let (instances, pace) = (Instances::new(), Duration::from_mins(1));
        let (first, second) = (instances.instance(0), instances.instance(0));
        first.give_back(Chore::Forget).await.unwrap();
        assert_eq!(first.is_due(Chore::Forget, pace).await, Ok(true));
        second.give_back(Chore::Forget).await.unwrap(); // It is not theirs.
        assert_eq!(second.is_due(Chore::Forget, pace).await, Ok(false));
        first.give_back(Chore::Forget).await.unwrap();
        assert_eq!(second.is_due(Chore::Forget, pace).await, Ok(true));
        let lease = instances.lease.lock().unwrap().unwrap();
        assert_eq!((lease.holder, lease.until), (Uuid::from_u128(1), at(6)));
    }

    #[tokio::test]
    async fn whoever_has_asked_for_nothing_gives_nothing_back() {
        instance(MockChoreStore::new()).give_back(Chore::SettleCharges).await.unwrap();
    }

    #[tokio::test]
    async fn a_lease_that_cannot_be_written_is_an_error() {
        let fault = FaultId(Uuid::nil());
        let mut chores = MockChoreStore::new();
        let lease = ChoreLease { holder: Uuid::from_u128(1), until: at(106) };
        chores
            .expect_take()
            .with(eq(Chore::Forget), eq(lease), eq(at(100)))
            .return_once(move |_, _, _| Err(StoreError::Fault(fault)));
        assert_eq!(instance(chores).is_due(Chore::Forget, Duration::from_secs(5)).await, Err(Error::Fault(fault)));
    }
}

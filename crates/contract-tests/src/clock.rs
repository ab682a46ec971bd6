//! The clock of a world. The suite sets it by hand. While a case races, callers that ask for the time wait for each other.

use frontrow_application::port::Clock;
use frontrow_domain::Instant;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::{Handle, RuntimeFlavor};

/// A store asks for the time after it has read the rows that it decides on. Racers wait here until all of them have
/// arrived, so all have read before any of them writes: a store without locks fails every time, not once in a thousand. In
/// a store with locks the others can't arrive, so the waits are short and few.
#[derive(Default)]
pub(crate) struct SuiteClock {
    now: AtomicI64,
    meeting: Mutex<Meeting>,
    over: Condvar,
}

#[derive(Default)]
struct Meeting {
    /// Calls of the suite that run at the same time.
    racers: usize,
    /// How many of them wait here.
    inside: usize,
    /// How many have arrived so far, and how often all had arrived.
    arrivals: u64,
    meetings: u64,
    /// How many more waits may time out in this race, and how many have timed out in this world.
    waits: u32,
    spent: u32,
}

/// If nobody arrives for this long, the missing racers are blocked.
const GAP: Duration = Duration::from_millis(10);
/// Waits that may time out, per race and per world. They limit what races cost in a store with locks.
const WAITS_OF_A_RACE: u32 = 3;
const WAITS_OF_A_WORLD: u32 = 12;

impl SuiteClock {
    pub(crate) fn set(&self, now: Instant) {
        self.now.store(now.micros(), Ordering::SeqCst);
    }

    /// The time, for the suite itself, which doesn't race.
    pub(crate) fn shown(&self) -> Instant {
        Instant::from_micros(self.now.load(Ordering::SeqCst))
    }

    /// Announces that many simultaneous calls. Drop each racer when its call has ended.
    pub(crate) fn racers(self: &Arc<Self>, count: usize) -> Vec<Racer> {
        let mut meeting = self.meeting();
        if meeting.racers == 0 {
            meeting.waits = WAITS_OF_A_RACE;
        }
        meeting.racers += count;
        (0..count).map(|_| Racer(Arc::clone(self))).collect()
    }

    fn meeting(&self) -> MutexGuard<'_, Meeting> {
        self.meeting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until all racers are here, or until nobody has arrived for a while.
    fn wait_for_others(&self) {
        let mut meeting = self.meeting();
        meeting.inside += 1;
        meeting.arrivals += 1;
        if meeting.inside >= meeting.racers {
            return self.end(&mut meeting);
        }
        let mine = meeting.meetings;
        loop {
            let arrivals = meeting.arrivals;
            let waited = self.over.wait_timeout_while(meeting, GAP, |meeting| meeting.meetings == mine);
            (meeting, _) = waited.unwrap_or_else(PoisonError::into_inner);
            if meeting.meetings != mine {
                return;
            }
            if meeting.arrivals == arrivals {
                meeting.waits = meeting.waits.saturating_sub(1);
                meeting.spent += 1;
                return self.end(&mut meeting);
            }
        }
    }

    fn end(&self, meeting: &mut Meeting) {
        meeting.inside = 0;
        meeting.meetings += 1;
        self.over.notify_all();
    }
}

impl Meeting {
    fn is_worth_waiting_for(&self) -> bool {
        self.racers > 1 && self.waits > 0 && self.spent < WAITS_OF_A_WORLD
    }
}

impl Clock for SuiteClock {
    fn now(&self) -> Instant {
        if self.meeting().is_worth_waiting_for() {
            // Frees the thread for other tasks, if the runtime can.
            match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
                Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(|| self.wait_for_others()),
                _ => self.wait_for_others(),
            }
        }
        self.shown()
    }
}

/// One racing call.
pub(crate) struct Racer(Arc<SuiteClock>);

impl Drop for Racer {
    fn drop(&mut self) {
        let mut meeting = self.0.meeting();
        meeting.racers = meeting.racers.saturating_sub(1);
        if meeting.inside > 0 && meeting.inside >= meeting.racers {
            self.0.end(&mut meeting);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    /// Reads, asks for the time, and writes; returns the number of lost updates.
    fn race(clock: &Arc<SuiteClock>, lock: Option<&Mutex<()>>, threads: usize) -> usize {
        let count = AtomicUsize::new(0);
        let racers = clock.racers(threads);
        std::thread::scope(|scope| {
            for racer in racers {
                let count = &count;
                scope.spawn(move || {
                    let _racer = racer;
                    let _locked = lock.map(|lock| lock.lock().unwrap());
                    let read = count.load(Ordering::SeqCst);
                    clock.now();
                    count.store(read + 1, Ordering::SeqCst);
                });
            }
        });
        threads - count.into_inner()
    }

    #[test]
    fn those_who_do_not_lock_read_before_anybody_writes() {
        for _ in 0..20 {
            assert!(race(&Arc::default(), None, 2) > 0);
            assert!(race(&Arc::default(), None, 16) > 0);
        }
    }

    #[test]
    fn those_who_lock_lose_nothing_and_wait_a_bounded_number_of_times() {
        let (clock, lock) = (Arc::default(), Mutex::new(()));
        for _ in 0..20 {
            assert_eq!(race(&clock, Some(&lock), 8), 0);
        }
        assert!(clock.meeting().spent <= WAITS_OF_A_WORLD);
        assert_eq!(clock.meeting().racers, 0);
    }

    #[tokio::test]
    async fn a_runtime_of_one_thread_does_not_come_to_a_standstill() {
        let clock: Arc<SuiteClock> = Arc::default();
        clock.set(Instant::from_micros(7));
        let tasks = clock.racers(4).into_iter().map(|racer| {
            let clock = Arc::clone(&clock);
            tokio::spawn(async move {
                let _racer = racer;
                clock.now()
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            assert_eq!(task.await.unwrap(), Instant::from_micros(7));
        }
    }
}

//! What is done again and again: lapsed holds are marked, unsettled charges asked for, old records forgotten, lines read
//! and ticked.

use crate::house::House;
use crate::installation::InstallationGuard;
use frontrow_adapters::SharedWatch;
use frontrow_application::port::TickReport;
use frontrow_application::{Error, ExpireHolds, Forget, SettleCharges, UseCases};
use frontrow_domain::waiting_room::Tick;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

/// How often old idempotency records and expired refresh tokens are forgotten.
const FORGET_EVERY: Duration = Duration::from_mins(1);
/// How often the lines are read, so that looking at them costs no store operation.
const READ_LINES_EVERY: Duration = Duration::from_millis(250);
/// How often the lines are ticked, unless a slot becomes free before.
const TICK_EVERY: Duration = Duration::from_millis(100);

/// The loops, while they run.
pub struct Background {
    stop: watch::Sender<bool>,
    loops: Vec<JoinHandle<()>>,
}

impl Background {
    /// Starts all loops; `sweep` is the time between two rounds.
    pub fn start(house: &House, sweep: Duration) -> Self {
        let mut background = Self { stop: watch::Sender::new(false), loops: Vec::new() };
        let use_cases = &house.use_cases;
        background.tick_lines(house);
        let all = Arc::clone(use_cases);
        background.repeat("read_lines", READ_LINES_EVERY, u32::MAX, move || {
            let all = Arc::clone(&all);
            async move { all.tick_lines.refresh().await }
        });
        let guard = Arc::clone(&house.guard);
        background.repeat("check_installation", InstallationGuard::EVERY, u32::MAX, move || {
            let guard = Arc::clone(&guard);
            async move { guard.run().await }
        });
        let all = Arc::clone(use_cases);
        background.repeat("expire_holds", sweep, ExpireHolds::BATCH, move || {
            let all = Arc::clone(&all);
            async move { all.expire_holds.run().await }
        });
        let all = Arc::clone(use_cases);
        background.repeat("settle_charges", sweep, SettleCharges::BATCH, move || {
            let all = Arc::clone(&all);
            async move { all.settle_charges.run().await }
        });
        let all = Arc::clone(use_cases);
        background.repeat("forget", FORGET_EVERY, Forget::BATCH, move || {
            let all = Arc::clone(&all);
            async move { all.forget.run().await }
        });
        background
    }

    /// Lets every loop finish the run that it is in. One that takes longer than that is left: what it has begun in the
    /// database is not cut off by that, and what it has not is done after the next start.
    pub async fn stop(self, within: Duration) {
        self.stop.send_replace(true);
        let until = Instant::now() + within;
        for mut one in self.loops {
            match timeout_at(until, &mut one).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "a background loop ended badly"),
                Err(_) => {
                    tracing::warn!("a background loop did not end in time");
                    one.abort();
                }
            }
        }
    }

    /// Ticks all lines, and at once when a slot has become free here.
    fn tick_lines(&mut self, house: &House) {
        let (all, watch, bell) = (house.use_cases.clone(), house.watch.clone(), house.bell.clone());
        let mut stop = self.stop.subscribe();
        self.loops.push(tokio::spawn(async move {
            let mut interval = interval(TICK_EVERY);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                let urgent = tokio::select! {
                    biased;
                    _ = stop.wait_for(|stop| *stop) => return,
                    _ = interval.tick() => false,
                    () = bell.notified() => true,
                };
                while tick(&all, &watch, urgent).await && !*stop.borrow() {}
            }
        }));
    }

    fn repeat<J, F>(&mut self, name: &'static str, every: Duration, batch: u32, job: J)
    where
        J: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<u32, Error>> + Send,
    {
        let mut stop = self.stop.subscribe();
        self.loops.push(tokio::spawn(async move {
            let mut interval = interval(every);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    biased;
                    _ = stop.wait_for(|stop| *stop) => return,
                    _ = interval.tick() => {}
                }
                // A full batch means that there may be more.
                while run(name, &job).await >= batch && !*stop.borrow() {}
            }
        }));
    }
}

/// One tick of every line. Says whether one of them admitted as many as a tick can: then there may be more.
async fn tick(all: &UseCases, watch: &SharedWatch, urgent: bool) -> bool {
    let reports = all.tick_lines.run(urgent).await.unwrap_or_else(|error| {
        tracing::error!(%error, "lines could not be ticked; they are tried again");
        metrics::counter!("frontrow_background_errors_total", "name" => "tick_lines").increment(1);
        Vec::new()
    });
    let mut full = false;
    for TickReport { admitted, .. } in &reports {
        metrics::counter!("frontrow_admissions_total").increment(admitted.len() as u64);
        watch.admitted_here(admitted);
        full |= admitted.len() >= Tick::BATCH;
    }
    full
}

/// Says how many rows were dealt with; after an error, none.
async fn run<J, F>(name: &'static str, job: &J) -> u32
where
    J: Fn() -> F,
    F: Future<Output = Result<u32, Error>>,
{
    let rows = job().await.unwrap_or_else(|error| {
        tracing::error!(%error, name, "a background run failed; it is tried again");
        metrics::counter!("frontrow_background_errors_total", "name" => name).increment(1);
        0
    });
    if rows > 0 {
        tracing::debug!(rows, name, "a background run");
    }
    metrics::counter!("frontrow_background_rows_total", "name" => name).increment(rows.into());
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};
    use tokio::sync::{Semaphore, mpsc};

    /// No test waits longer.
    const PATIENCE: Duration = Duration::from_mins(1);

    fn background() -> Background {
        Background { stop: watch::Sender::new(false), loops: Vec::new() }
    }

    #[tokio::test]
    async fn a_loop_carries_on_after_errors() {
        let mut background = background();
        let (told, mut runs) = mpsc::unbounded_channel();
        background.repeat("test", Duration::from_millis(1), 10, move || {
            let told = told.clone();
            async move {
                told.send(()).unwrap();
                Err(Error::Busy { retry_after: Duration::ZERO })
            }
        });
        for _ in 0..3 {
            runs.recv().await.unwrap();
        }
        background.stop(PATIENCE).await;
    }

    #[tokio::test]
    async fn a_full_batch_is_followed_by_another_at_once() {
        let mut background = background();
        let (told, mut runs) = mpsc::unbounded_channel();
        let left = Arc::new(AtomicU32::new(25));
        // The second round is an hour away, so all three runs belong to the first.
        background.repeat("test", Duration::from_hours(1), 10, move || {
            let (told, left) = (told.clone(), Arc::clone(&left));
            async move {
                let before = left.load(Ordering::Relaxed);
                let rows = before.min(10);
                left.store(before - rows, Ordering::Relaxed);
                told.send(rows).unwrap();
                Ok(rows)
            }
        });
        let mut seen = Vec::new();
        for _ in 0..3 {
            seen.push(runs.recv().await.unwrap());
        }
        assert_eq!(seen, [10, 10, 5]);
        background.stop(PATIENCE).await;
    }

    #[tokio::test]
    async fn stopping_lets_the_run_finish() {
        let mut background = background();
        let (begun, mut begins) = mpsc::unbounded_channel();
        let (gate, finished) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicU32::new(0)));
        let (held, counted) = (Arc::clone(&gate), Arc::clone(&finished));
        background.repeat("test", Duration::from_millis(1), 10, move || {
            let (begun, held, counted) = (begun.clone(), Arc::clone(&held), Arc::clone(&counted));
            async move {
                begun.send(()).unwrap();
                drop(held.acquire().await.unwrap());
                counted.fetch_add(1, Ordering::Relaxed);
                Ok(0)
            }
        });
        begins.recv().await.unwrap();
        background.stop.send_replace(true);
        gate.add_permits(1);
        background.stop(PATIENCE).await;
        assert_eq!(finished.load(Ordering::Relaxed), 1);
        assert!(begins.try_recv().is_err(), "nothing begins after the stop");
    }

    #[tokio::test]
    async fn a_run_that_does_not_end_is_left() {
        let mut background = background();
        let (begun, mut begins) = mpsc::unbounded_channel();
        background.repeat("test", Duration::from_millis(1), 10, move || {
            let begun = begun.clone();
            async move {
                begun.send(()).unwrap();
                std::future::pending().await
            }
        });
        begins.recv().await.unwrap();
        let stopped = tokio::time::timeout(PATIENCE, background.stop(Duration::from_millis(1)));
        assert!(stopped.await.is_ok());
        assert!(begins.recv().await.is_none(), "the loop is gone");
    }
}

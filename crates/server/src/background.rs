//! Drives the upkeep: every chore in a loop of its own, with a timer, and the ticks also when an admission has ended.

mod ticks;

use crate::application::Application;
use crate::installation::InstallationGuard;
use frontrow_adapters::panics;
use frontrow_application::deadline;
use frontrow_application::{ClockSkew, Error, Round, Upkeep};
use frontrow_domain::Payment;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use ticks::Ticker;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

/// The loops, while they run.
pub struct Background {
    stop: watch::Sender<bool>,
    loops: Vec<JoinHandle<()>>,
    /// What the loops do; `None` in tests of the loops themselves.
    upkeep: Option<Arc<Upkeep>>,
}

impl Background {
    /// Starts all loops; `sweep` is the time between two rounds.
    pub fn start(application: &Application, sweep: Duration) -> Self {
        let upkeep = Arc::new(Upkeep::new(&application.use_cases, sweep));
        let mut background =
            Self { stop: watch::Sender::new(false), loops: Vec::new(), upkeep: Some(Arc::clone(&upkeep)) };
        let clock = Arc::new(NotedClock::default());
        for chore in upkeep.chores() {
            let (all, clock) = (Arc::clone(&upkeep), Arc::clone(&clock));
            background.repeat(chore.name(), upkeep.every(chore), move || {
                let (all, clock) = (Arc::clone(&all), Arc::clone(&clock));
                async move {
                    let round = all.run(chore).await?;
                    clock.note(all.clock_skew());
                    Ok(round.inspect(|round| tell_of_other_gateways(&round.of_other_gateways)))
                }
            });
        }
        let ticker = Ticker::new(Arc::clone(&application.watch));
        let ticking = ticker.until_stopped(upkeep, Arc::clone(&application.bell), background.stop.subscribe());
        background.loops.push(tokio::spawn(ticking));
        let guard = Arc::clone(&application.guard);
        background.repeat("check_installation", InstallationGuard::EVERY, move || {
            let guard = Arc::clone(&guard);
            async move { Ok(Some(Round { rows: guard.run().await?, ..Round::default() })) }
        });
        background
    }

    /// Lets every loop finish the run that it is in, then gives the chores back to the other instances. One that takes
    /// longer than that is left: what it has begun in the database is not cut off by that, and what it has not is done
    /// after the next start.
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
        if let Some(upkeep) = self.upkeep {
            let left = until.saturating_duration_since(Instant::now());
            if let Err(error) = deadline::within(left, upkeep.give_back()).await {
                tracing::warn!(%error, "the chores were not given back: another instance takes them over within 10 seconds");
            }
        }
    }

    /// A round of the job at every beat.
    fn repeat<J, F>(&mut self, name: &'static str, every: Duration, job: J)
    where
        J: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<Option<Round>, Error>> + Send,
    {
        let mut stop = self.stop.subscribe();
        self.loops.push(tokio::spawn(async move {
            let mut interval = interval(every);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut failing = None;
            loop {
                tokio::select! {
                    biased;
                    _ = stop.wait_for(|stop| *stop) => return,
                    _ = interval.tick() => {}
                }
                while run(name, &job, &mut failing).await && !*stop.borrow() {}
            }
        }));
    }
}

/// What was said of the clock last.
#[derive(Default)]
struct NotedClock {
    /// Whether it was said to be wrong.
    is_wrong: AtomicBool,
}

impl NotedClock {
    fn note(&self, skew: Option<ClockSkew>) {
        let Some(skew) = skew else { return };
        let ahead_seconds = Duration::from_micros(skew.ahead_micros.unsigned_abs()).as_secs_f64();
        let ahead_seconds = if skew.ahead_micros < 0 { -ahead_seconds } else { ahead_seconds };
        metrics::gauge!("frontrow_clock_ahead_seconds").set(ahead_seconds);
        metrics::gauge!("frontrow_clock_right").set(if skew.is_right() { 1.0 } else { 0.0 });
        let is_wrong = !skew.is_right();
        if self.is_wrong.swap(is_wrong, Ordering::SeqCst) == is_wrong {
            return;
        }
        if is_wrong {
            tracing::error!(
                ahead_seconds,
                "this instance's clock differs from the database's: it ticks no queue, and does no chores, until it is right"
            );
        } else {
            tracing::info!(ahead_seconds, "this instance's clock is right again: it ticks queues and does chores");
        }
    }
}

/// Only the gateway that began a charge knows what became of it, and money may hang on that.
fn tell_of_other_gateways(charges: &[Payment]) {
    for Payment { id, provider, user, .. } in charges {
        tracing::warn!(
            charge = %id, gateway = %provider, %user,
            "an open charge belongs to another gateway: it stays open until a server with that gateway asks for it"
        );
    }
    metrics::counter!("frontrow_charges_of_other_gateways_total").increment(charges.len() as u64);
}

/// The row that a run failed at, if it was one.
type FailedRow = Option<String>;

/// Says whether there may be more to do at once; after an error or a panic, there is not.
async fn run<J, F>(name: &'static str, job: &J, failing: &mut Option<FailedRow>) -> bool
where
    J: Fn() -> F,
    F: Future<Output = Result<Option<Round>, Error>>,
{
    let Some(outcome) = panics::caught(name, async { job().await }).await else { return false };
    let Round { rows, again, failed, failed_row, .. } = match outcome {
        Ok(Some(round)) => round,
        // Nothing was tried, so nothing works again.
        Ok(None) => return false,
        Err(error) => Round { failed: Some(error), ..Round::default() },
    };
    if let Some(error) = failed {
        // Logged once, and again for another row: some runs come four times a second.
        if failing.as_ref() != Some(&failed_row) {
            tracing::error!(%error, row = failed_row, name, "a background run failed; it is tried again");
            *failing = Some(failed_row);
        }
        metrics::counter!("frontrow_background_errors_total", "name" => name).increment(1);
    } else if failing.take().is_some() {
        tracing::info!(name, "background runs work again");
    }
    if rows > 0 {
        tracing::debug!(rows, name, "a background run");
    }
    metrics::counter!("frontrow_background_rows_total", "name" => name).increment(rows.into());
    again
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontrow_application::Outage;
    use std::sync::atomic::AtomicU32;
    use tokio::sync::{Semaphore, mpsc};

    /// No test waits longer.
    const PATIENCE: Duration = Duration::from_mins(1);

    fn background() -> Background {
        Background { stop: watch::Sender::new(false), loops: Vec::new(), upkeep: None }
    }

    #[tokio::test]
    async fn a_loop_carries_on_after_errors() {
        let mut background = background();
        let (told, mut runs) = mpsc::unbounded_channel();
        background.repeat("test", Duration::from_millis(1), move || {
            let told = told.clone();
            async move {
                told.send(()).unwrap();
                Err(Error::Outage(Outage::Busy { retry_after: Duration::ZERO }))
            }
        });
        for _ in 0..3 {
            runs.recv().await.unwrap();
        }
        background.stop(PATIENCE).await;
    }

    #[tokio::test]
    async fn a_loop_carries_on_after_panics() {
        let mut background = background();
        let (told, mut runs) = mpsc::unbounded_channel();
        let begun = AtomicU32::new(0);
        background.repeat("test", Duration::from_millis(1), move || {
            let (told, run) = (told.clone(), begun.fetch_add(1, Ordering::Relaxed));
            told.send(run).unwrap();
            // Before it is a future, and when it is.
            assert_ne!(run % 3, 1, "as the test wants");
            async move {
                assert_ne!(run % 3, 2, "as the test wants");
                Ok(Some(Round::default()))
            }
        });
        for run in 0..7 {
            assert_eq!(runs.recv().await, Some(run));
        }
        background.stop(PATIENCE).await;
    }

    #[tokio::test]
    async fn a_full_batch_is_followed_by_another_at_once() {
        let mut background = background();
        let (told, mut runs) = mpsc::unbounded_channel();
        let left = Arc::new(AtomicU32::new(25));
        // The second round is an hour away, so all three runs belong to the first.
        background.repeat("test", Duration::from_hours(1), move || {
            let (told, left) = (told.clone(), Arc::clone(&left));
            async move {
                let before = left.load(Ordering::Relaxed);
                let rows = before.min(10);
                left.store(before - rows, Ordering::Relaxed);
                told.send(rows).unwrap();
                Ok(Some(Round { rows, again: rows == 10, ..Round::default() }))
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
    async fn rows_that_failed_do_not_keep_the_next_round_waiting() {
        let mut background = background();
        let (told, mut runs) = mpsc::unbounded_channel();
        background.repeat("test", Duration::from_hours(1), move || {
            let told = told.clone();
            async move {
                told.send(()).unwrap();
                tokio::task::yield_now().await;
                let failed = Some(Error::Outage(Outage::Busy { retry_after: Duration::ZERO }));
                Ok(Some(Round { rows: 1, again: true, failed, ..Round::default() }))
            }
        });
        for _ in 0..3 {
            runs.recv().await.unwrap();
        }
        background.stop(PATIENCE).await;
    }

    #[tokio::test]
    async fn stopping_lets_the_run_finish() {
        let mut background = background();
        let (begun, mut begins) = mpsc::unbounded_channel();
        let (pass_check, finished) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicU32::new(0)));
        let (held, counted) = (Arc::clone(&pass_check), Arc::clone(&finished));
        background.repeat("test", Duration::from_millis(1), move || {
            let (begun, held, counted) = (begun.clone(), Arc::clone(&held), Arc::clone(&counted));
            async move {
                begun.send(()).unwrap();
                drop(held.acquire().await.unwrap());
                counted.fetch_add(1, Ordering::Relaxed);
                Ok(Some(Round::default()))
            }
        });
        begins.recv().await.unwrap();
        background.stop.send_replace(true);
        pass_check.add_permits(1);
        background.stop(PATIENCE).await;
        assert_eq!(finished.load(Ordering::Relaxed), 1);
        assert!(begins.try_recv().is_err(), "nothing begins after the stop");
    }

    #[tokio::test]
    async fn a_run_that_does_not_end_is_left() {
        let mut background = background();
        let (begun, mut begins) = mpsc::unbounded_channel();
        background.repeat("test", Duration::from_millis(1), move || {
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

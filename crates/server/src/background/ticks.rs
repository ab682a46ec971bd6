//! Ticks every queue by itself: one whose tick takes long keeps no other waiting.

use frontrow_adapters::{SharedWatch, panics};
use frontrow_application::port::TickReport;
use frontrow_application::waiting_room::{DueTick, Ticked};
use frontrow_application::{Error, Upkeep};
use frontrow_domain::SaleId;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::task::{JoinError, JoinSet, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval};

/// What the ticks are called in logs and metrics.
const NAME: &str = "tick_queues";

/// Runs ticks, and tells what came of them.
pub(super) struct Ticker {
    watch: Arc<SharedWatch>,
    /// Queues whose last tick failed: that is logged once, not ten times a second.
    failing: Mutex<BTreeSet<SaleId>>,
}

impl Ticker {
    pub(super) fn new(watch: Arc<SharedWatch>) -> Self {
        Self { watch, failing: Mutex::default() }
    }

    /// Ticks the queues that are due, and at once when the bell rings, until it is told to stop.
    pub(super) async fn until_stopped(self, upkeep: Arc<Upkeep>, bell: Arc<Notify>, stop: watch::Receiver<bool>) {
        let (ticker, stopping) = (Arc::new(self), stop.clone());
        let due = |urgent| upkeep.due_ticks(urgent);
        let task = |due| Arc::clone(&ticker).tick_or_draw(due, stopping.clone());
        begin_each(Upkeep::TICK_EVERY, &bell, stop, due, task).await;
    }

    fn failing(&self) -> MutexGuard<'_, BTreeSet<SaleId>> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lots of a million people are drawn on a thread that may block, so that no queue waits for them, and no request.
    async fn tick_or_draw(self: Arc<Self>, due: DueTick, stop: watch::Receiver<bool>) {
        if !due.keeps_busy() {
            return self.tick(due, stop).await;
        }
        let here = Handle::current();
        note_end(spawn_blocking(move || here.block_on(self.tick(due, stop))).await);
    }

    async fn tick(self: Arc<Self>, due: DueTick, stop: watch::Receiver<bool>) {
        let mut due = Some(due);
        while let Some(now) = due {
            let sale = now.sale();
            let Ticked { report, next } = now.run().await;
            self.note(sale, report);
            due = next.filter(|_| !*stop.borrow());
        }
    }

    /// Tells those who wait here for their admission, too.
    fn note(&self, sale: SaleId, report: Result<Option<TickReport>, Error>) {
        let report = match report {
            Ok(report) => report,
            Err(error) => {
                if self.failing().insert(sale) {
                    tracing::error!(%error, %sale, name = NAME, "a tick failed; it is tried again");
                }
                metrics::counter!("frontrow_background_errors_total", "name" => NAME).increment(1);
                return;
            }
        };
        if self.failing().remove(&sale) {
            tracing::info!(%sale, name = NAME, "ticks work again");
        }
        let Some(TickReport { admitted, .. }) = report else { return };
        if !admitted.is_empty() {
            tracing::debug!(rows = admitted.len(), %sale, name = NAME, "a tick");
        }
        let count = admitted.len() as u64;
        metrics::counter!("frontrow_admissions_total").increment(count);
        metrics::counter!("frontrow_background_rows_total", "name" => NAME).increment(count);
        self.watch.admitted_here(&admitted);
    }
}

/// At every beat, and when the bell rings, begins a task for each that is due, and waits for none of them. At the end it
/// waits for all.
async fn begin_each<T, F>(
    every: Duration,
    bell: &Notify,
    mut stop: watch::Receiver<bool>,
    due: impl Fn(bool) -> Vec<T>,
    task: impl Fn(T) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut interval = interval(every);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut running = JoinSet::new();
    loop {
        let urgent = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            _ = interval.tick() => false,
            () = bell.notified() => true,
        };
        // Whatever panics here must not be the end of all ticks.
        let begun = panics::caught(NAME, async {
            for due in due(urgent) {
                running.spawn(task(due));
            }
        });
        begun.await;
        while let Some(ended) = running.try_join_next() {
            note_end(ended);
        }
    }
    while let Some(ended) = running.join_next().await {
        note_end(ended);
    }
}

fn note_end(ended: Result<(), JoinError>) {
    match ended.map_err(JoinError::try_into_panic) {
        Ok(()) => {}
        Err(Ok(panic)) => panics::note(NAME, &*panic),
        Err(Err(error)) => tracing::error!(%error, name = NAME, "a tick ended badly"),
    }
}

#[cfg(test)]
mod lobby;

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
    use tokio::sync::{Semaphore, mpsc};
    use tokio::task::JoinHandle;

    /// Queues 0 and 1: the first one's task does not end before it may.
    struct TwoQueues {
        may_end: Semaphore,
        /// Whether the first one's task has begun already.
        begun: AtomicBool,
        ended: AtomicU32,
        panics: bool,
        bell: Notify,
    }

    impl TwoQueues {
        fn new(panics: bool) -> Arc<Self> {
            let (begun, ended) = (AtomicBool::new(false), AtomicU32::new(0));
            Arc::new(Self { may_end: Semaphore::new(0), begun, ended, panics, bell: Notify::new() })
        }

        fn due(&self) -> Vec<u32> {
            if self.begun.swap(true, Ordering::SeqCst) { vec![1] } else { vec![0, 1] }
        }

        async fn task(self: Arc<Self>, queue: u32, told: mpsc::UnboundedSender<(u32, bool)>, urgent: bool) {
            told.send((queue, urgent)).unwrap();
            if queue == 0 {
                assert!(!self.panics, "as the test wants");
                drop(self.may_end.acquire().await.unwrap());
                self.ended.fetch_add(1, Ordering::SeqCst);
            }
        }

        /// The loop, and what it begins with: which queue, and whether it was urgent.
        fn run(
            self: &Arc<Self>,
            every: Duration,
        ) -> (JoinHandle<()>, watch::Sender<bool>, mpsc::UnboundedReceiver<(u32, bool)>) {
            let (all, stop, (tell, told)) = (Arc::clone(self), watch::Sender::new(false), mpsc::unbounded_channel());
            let stopped = stop.subscribe();
            let running = tokio::spawn(async move {
                let due = |urgent| all.due().into_iter().map(|queue| (queue, urgent)).collect();
                let task = |(queue, urgent)| Arc::clone(&all).task(queue, tell.clone(), urgent);
                begin_each(every, &all.bell, stopped, due, task).await;
            });
            (running, stop, told)
        }
    }

    #[tokio::test]
    async fn a_queue_whose_tick_does_not_end_keeps_no_other_waiting_and_is_waited_for_at_the_end() {
        let queues = TwoQueues::new(false);
        let (running, stop, mut told) = queues.run(Duration::from_millis(1));
        for expected in [0, 1, 1, 1, 1] {
            assert_eq!(told.recv().await, Some((expected, false)));
        }
        stop.send_replace(true);
        queues.may_end.add_permits(1);
        running.await.unwrap();
        assert_eq!(queues.ended.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn the_bell_does_not_wait_for_the_next_beat() {
        let queues = TwoQueues::new(false);
        let (running, stop, mut told) = queues.run(Duration::from_hours(1));
        assert_eq!((told.recv().await, told.recv().await), (Some((0, false)), Some((1, false))));
        queues.bell.notify_one();
        assert_eq!(told.recv().await, Some((1, true)));
        queues.may_end.add_permits(1);
        stop.send_replace(true);
        running.await.unwrap();
    }

    #[tokio::test]
    async fn ticks_go_on_after_a_panic_of_what_says_which_are_due() {
        let (bell, stop, (tell, mut told)) = (Notify::new(), watch::Sender::new(false), mpsc::unbounded_channel());
        let (stopped, asked) = (stop.subscribe(), AtomicU32::new(0));
        let running = tokio::spawn(async move {
            let due = |_| match asked.fetch_add(1, Ordering::SeqCst) {
                1 => panic!("as the test wants"),
                number => vec![number],
            };
            let task = |number| {
                let tell = tell.clone();
                async move { tell.send(number).unwrap() }
            };
            begin_each(Duration::from_millis(1), &bell, stopped, due, task).await;
        });
        assert_eq!((told.recv().await, told.recv().await), (Some(0), Some(2)));
        stop.send_replace(true);
        running.await.unwrap();
    }

    #[tokio::test]
    async fn a_tick_that_panics_takes_no_other_along() {
        let queues = TwoQueues::new(true);
        let (running, stop, mut told) = queues.run(Duration::from_millis(1));
        for expected in [0, 1, 1, 1] {
            assert_eq!(told.recv().await, Some((expected, false)));
        }
        stop.send_replace(true);
        running.await.unwrap();
    }
}

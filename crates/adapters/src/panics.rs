//! Tasks that go on forever go on after a panic, too: it's noted, and the task goes on with its next round.

use futures::FutureExt;
use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::time::sleep;

/// How long a task rests after a panic, so that one that always panics doesn't keep a processor busy.
const PAUSE: Duration = Duration::from_millis(250);

/// What came of the future; `None` if it panicked, which has been noted.
pub async fn caught<T>(name: &'static str, future: impl Future<Output = T>) -> Option<T> {
    match AssertUnwindSafe(future).catch_unwind().await {
        Ok(done) => Some(done),
        Err(panic) => {
            note(name, &*panic);
            None
        }
    }
}

/// Runs what `start` starts until it ends by itself, and starts it again whenever it panics.
pub async fn restarted<F: Future<Output = ()>>(name: &'static str, mut start: impl FnMut() -> F) {
    // Within the future: what starts it may panic as well.
    while caught(name, async { Box::pin(start()).await }).await.is_none() {
        sleep(PAUSE).await;
    }
}

/// Says in the log, and in the metrics, that a task has panicked and goes on.
pub fn note(name: &'static str, panic: &(dyn Any + Send)) {
    let reason = reason(panic);
    tracing::error!(name, reason, "a task panicked: it is started again");
    metrics::counter!("frontrow_panics_total", "name" => name).increment(1);
}

/// What the panic said.
pub fn reason(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no reason given")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test]
    async fn a_task_is_started_again_until_it_ends_by_itself() {
        let starts = AtomicU32::new(0);
        restarted("test", || {
            let start = starts.fetch_add(1, Ordering::SeqCst);
            assert!(start > 0, "before it has begun");
            async move { assert!(start > 1, "once it has begun") }
        })
        .await;
        assert_eq!(starts.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn the_reason_is_what_the_panic_said() {
        for (said, expected) in [(Some("with 7"), "with 7"), (None, "plain")] {
            let panicked = AssertUnwindSafe(async {
                match said {
                    Some(said) => panic!("{said}"),
                    None => panic!("plain"),
                }
            });
            let panic = panicked.catch_unwind().await.unwrap_err();
            assert_eq!(reason(&*panic), expected);
        }
        assert_eq!(reason(&7), "no reason given");
        assert_eq!(
            (caught("test", async { 7 }).await, caught("test", async { panic!("as the test wants") }).await),
            (Some(7), None::<()>)
        );
    }
}

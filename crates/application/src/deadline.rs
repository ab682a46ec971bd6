//! How long somebody waits for the answer to what they asked, whatever stands in front of it.
//!
//! A request takes several steps: the catalogue is read, a command waits for a connection, a pass is picked up. Each step
//! has a limit of its own, and their sum would be too long. So whoever takes the request says once how long it may take
//! ([`within`]), and every port that waits asks when that ends ([`ends`]).
//!
//! Nothing is cut off when the time is over: what was begun goes on, and whoever waited is told.

use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// How long somebody waits for something that is read: 2 seconds.
pub const READ: Duration = Duration::from_secs(2);
/// How long somebody waits for something that is changed: 10 seconds.
pub const COMMAND: Duration = Duration::from_secs(10);
/// How much longer a check-in takes than it waits for the admission: 1 second.
pub const CHECK_IN: Duration = Duration::from_secs(1);

/// A limit, and when it ends: that is known once a port has asked.
#[derive(Clone, Copy)]
struct Deadline {
    limit: Duration,
    ends: Option<Instant>,
}

thread_local! {
    /// Of whoever is being worked for on this thread at this moment.
    static CURRENT: Cell<Option<Deadline>> = const { Cell::new(None) };
}

/// What comes of `work`, whose ports wait no longer than `limit` in all. The time begins when the first port asks, so that
/// a client who sends a body slowly does not use it up. Within another limit, the inner one counts.
pub fn within<F: Future>(limit: Duration, work: F) -> Within<F> {
    Within { deadline: Deadline { limit, ends: None }, work: Box::pin(work) }
}

/// When whoever asked will have waited long enough; `None` if nobody has said.
pub fn ends(now: Instant) -> Option<Instant> {
    CURRENT.with(|current| {
        let mut deadline = current.get()?;
        let ends = *deadline.ends.get_or_insert(now + deadline.limit);
        current.set(Some(deadline));
        Some(ends)
    })
}

/// See [`within`].
pub struct Within<F> {
    deadline: Deadline,
    work: Pin<Box<F>>,
}

impl<F: Future> Future for Within<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let outer = Outer(CURRENT.replace(Some(self.deadline)));
        let polled = self.work.as_mut().poll(context);
        if let Some(deadline) = CURRENT.get() {
            self.deadline = deadline;
        }
        drop(outer);
        polled
    }
}

/// Puts back what was there before, even if the work panics.
struct Outer(Option<Deadline>);

impl Drop for Outer {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::task::Waker;

    const SECOND: Duration = Duration::from_secs(1);

    /// Any instant will do.
    fn now() -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn poll<F: Future>(work: &mut Within<F>) -> Poll<F::Output> {
        Pin::new(work).poll(&mut Context::from_waker(Waker::noop()))
    }

    /// Twice something, with a pause in between.
    async fn twice<T>(what: impl Fn() -> T) -> [T; 2] {
        let first = what();
        tokio::task::yield_now().await;
        [first, what()]
    }

    #[test]
    fn the_time_begins_with_the_first_port_that_asks_and_is_the_same_for_all() {
        let now = now();
        let asked = Cell::new(now);
        let mut work = within(SECOND, twice(|| ends(asked.get())));
        assert!(poll(&mut work).is_pending());
        asked.set(now + 5 * SECOND);
        assert_eq!(poll(&mut work), Poll::Ready([Some(now + SECOND); 2]));
    }

    #[test]
    fn the_limits_of_two_requests_on_one_thread_are_not_mixed_up() {
        let now = now();
        let mut one = within(SECOND, twice(|| ends(now)));
        let mut other = within(2 * SECOND, twice(|| ends(now)));
        assert!(poll(&mut one).is_pending() && poll(&mut other).is_pending());
        assert_eq!(ends(now), None, "nobody is being worked for");
        assert_eq!(poll(&mut one), Poll::Ready([Some(now + SECOND); 2]));
        assert_eq!(poll(&mut other), Poll::Ready([Some(now + 2 * SECOND); 2]));
    }

    #[test]
    fn within_another_limit_the_inner_one_counts() {
        let now = now();
        let mut work = within(SECOND, async { (within(3 * SECOND, async { ends(now) }).await, ends(now)) });
        assert_eq!(poll(&mut work), Poll::Ready((Some(now + 3 * SECOND), Some(now + SECOND))));
    }

    #[test]
    fn a_panic_leaves_no_limit_behind() {
        let mut work = within(SECOND, async { panic!("the work panics") });
        assert!(catch_unwind(AssertUnwindSafe(|| poll(&mut work))).is_err());
        assert_eq!(ends(now()), None);
    }
}

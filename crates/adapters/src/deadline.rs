//! How long whoever asks waits, and what they are told when there is no answer by then.

use frontrow_application::deadline;
#[cfg(feature = "sql")]
use parking_lot::Mutex;
use std::time::Duration;
use tokio::time::Instant;

/// As good as never.
const NEVER: Duration = Duration::from_hours(24 * 365);

/// Until when to wait: for so long at most, and not beyond the deadline of the request that is being worked on.
pub(crate) fn until(most: Duration) -> Instant {
    let now = Instant::now();
    let own = now + most.min(NEVER);
    deadline::ends(now.into_std()).map_or(own, |ends| own.min(ends.into()))
}

/// When the other side was last heard of. It tells whoever has waited in vain whether there is too much to do, or
/// nobody there.
#[cfg(feature = "sql")]
pub(crate) struct Heard(Mutex<Instant>);

#[cfg(feature = "sql")]
impl Heard {
    pub(crate) fn now() -> Self {
        Self(Mutex::new(Instant::now()))
    }

    pub(crate) fn note(&self) {
        *self.0.lock() = Instant::now();
    }

    /// Whether there was a sign of life at that instant or later.
    pub(crate) fn since(&self, begun: Instant) -> bool {
        *self.0.lock() >= begun
    }
}

#[cfg(all(test, feature = "sql"))]
mod tests {
    use super::*;
    use frontrow_application::deadline::{COMMAND, READ};

    #[tokio::test]
    async fn a_wait_ends_with_its_own_limit_or_with_the_request() {
        let begun = Instant::now();
        let ends = until(READ);
        assert!(begun + READ <= ends && ends <= Instant::now() + READ);
        assert!(until(Duration::MAX) > begun + COMMAND);

        let second = Duration::from_secs(1);
        let [first, second, third] = deadline::within(second, async { [READ, COMMAND, second].map(until) }).await;
        assert!(first == second && second == third && first < begun + READ + READ);
        let read_in_command = deadline::within(COMMAND, async { (until(READ), until(COMMAND)) }).await;
        assert!(read_in_command.0 < read_in_command.1);
    }

    #[test]
    fn what_was_heard_before_the_wait_is_no_sign_of_life() {
        let heard = Heard::now();
        let begun = Instant::now() + Duration::from_nanos(1);
        assert!(!heard.since(begun));
        while Instant::now() < begun {}
        heard.note();
        assert!(heard.since(begun));
    }
}

//! How often something is tried, and how long to wait in between: the same for bookings, waiting rooms, other writes and
//! Redis.

use frontrow_application::port::IdSource;
use std::time::Duration;

/// Attempts for one piece of work, the first one included.
pub(crate) const ATTEMPTS: u32 = 4;
/// Wait after the first attempt: 4 ms. After the second it is 8 ms, after the third 12.
const STEP: Duration = Duration::from_millis(4);
/// Up to this much is added at random, so that those who got in each other's way do not do so again.
const JITTER_MILLIS: u64 = 8;

/// The attempts of one piece of work.
pub(crate) struct Retry<'a> {
    ids: &'a dyn IdSource,
    failed: u32,
}

impl<'a> Retry<'a> {
    /// The ids are the source of the jitter.
    pub(crate) fn new(ids: &'a dyn IdSource) -> Self {
        Self { ids, failed: 0 }
    }

    /// To be asked after a failed attempt. Waits for a moment and says that it may be tried again, or at once that it may
    /// not.
    pub(crate) async fn again(&mut self) -> bool {
        self.failed += 1;
        if self.failed >= ATTEMPTS {
            return false;
        }
        let jitter = Duration::from_millis(u64::from(self.ids.secret()[0]) % JITTER_MILLIS);
        tokio::time::sleep(STEP * self.failed + jitter).await;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededIds;

    #[tokio::test]
    async fn the_last_attempt_is_followed_by_no_other() {
        let ids = SeededIds::new(1);
        let mut retry = Retry::new(&ids);
        for _ in 1..ATTEMPTS {
            assert!(retry.again().await);
        }
        assert!(!retry.again().await);
    }
}

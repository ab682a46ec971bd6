//! Who hears of what has happened.

use frontrow_domain::Event;

/// Hears of every event once its transaction is committed: at most once, and not at all if the process ends in between.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
pub trait Announcer: Send + Sync {
    /// Must not block: the worker waits for it.
    fn announce(&self, events: &[Event]);
}

//! Who hears of what has happened.

use frontrow_domain::Event;

/// Hears of every event once its transaction is committed: at most once. It may not hear of it at all: if the process ends
/// in between, or if the answer to the COMMIT is lost. Then the command runs again, finds its own record, and a repetition
/// has no events.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
pub trait Announcer: Send + Sync {
    /// Must not block: the worker waits for it.
    fn announce(&self, events: &[Event]);
}

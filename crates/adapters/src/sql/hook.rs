//! Faults and switched-off protections, for tests. No setting of the server leads here: outside tests, the hook of every
//! store does nothing.

use async_trait::async_trait;
use frontrow_domain::Command;
use std::sync::Arc;
use uuid::Uuid;

/// What strikes instead of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The database asks for another try (a deadlock, a serialization failure, a busy file).
    Contention,
    /// The connection is gone.
    ConnectionLost,
    /// There is no room to write.
    Full,
    /// Something else, which another try won't mend.
    Other,
}

/// How a COMMIT fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitFault {
    /// There was no room for it.
    Full,
    /// It may have happened.
    Unknown,
}

/// Stands in the way of the store.
#[async_trait]
pub trait Hook: Send + Sync {
    /// Asked before each statement (by its text) and before `begin` and `commit`.
    fn before(&self, _text: &str) -> Option<Fault> {
        None
    }

    /// Awaited before each attempt of a worker to serve so many requests of that route in one transaction.
    async fn attempted(&self, _route: Option<Uuid>, _requests: usize) {}

    /// Told why an attempt came to nothing.
    fn failed(&self, _cause: &str) {}

    /// Told of each command of an attempt just before its rule decides. A panic here is one of the rule.
    fn decides(&self, _command: &Command) {}

    /// Whether the answer to the COMMIT that was just carried out gets lost.
    fn loses_commit_answer(&self) -> bool {
        false
    }

    /// How the COMMIT that comes next fails, if it does. It is not carried out, and leaves its connection unfit for
    /// use. Asked for everything that the database commits, if the database was opened with the hook.
    fn fails_commit(&self) -> Option<CommitFault> {
        None
    }

    /// Whether the database may write a row by itself, to see whether it can again; if it was opened with the hook.
    fn lets_try(&self) -> bool {
        true
    }

    /// How many pages the file may have from here on, in transactions of a database (`SQLite`) that was opened with the
    /// hook.
    fn most_pages(&self) -> Option<u32> {
        None
    }

    /// Whether rows are locked before they are read. To a queue only its own row counts.
    fn locks(&self) -> bool {
        true
    }

    /// Whether version guards and unique keys are heeded. To a queue only its own version counts.
    fn guards(&self) -> bool {
        true
    }

    /// Whether one worker at a time works on a route.
    fn keeps_routes(&self) -> bool {
        true
    }

    /// Whether ticks compare their clock with the database's; not where a test says what time it is.
    fn compares_clocks(&self) -> bool {
        false
    }

    /// Awaited between the decision and the write when [`Hook::locks`] is off, to let others in between.
    async fn decided(&self) {}

    /// Awaited by a tick between counting the admissions and looking who is checked in when [`Hook::locks`] is off.
    async fn counted(&self) {}
}

/// Stands in nobody's way.
struct NoHook;

impl Hook for NoHook {
    fn compares_clocks(&self) -> bool {
        true
    }
}

impl dyn Hook + '_ {
    /// The one that every store has outside tests.
    pub(in crate::sql) fn none() -> Arc<dyn Hook> {
        Arc::new(NoHook)
    }
}

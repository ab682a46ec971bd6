//! The one way in for every change that must be whole.

use crate::{FaultId, Outage};
use async_trait::async_trait;
use frontrow_domain::{Command, CommandKey, Outcome, Rejection};
use std::time::Duration;
use thiserror::Error;

/// Carries commands out: whole, or not at all.
///
/// A store also announces the events of what it has carried out, once, after the commit and never before; use cases don't.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait BookingStore: Send + Sync {
    /// Locks the command's scope, runs [`decide`](frontrow_domain::decide) on what it finds and stores the changes, all
    /// in one transaction. May run `decide` several times. Once begun it comes to its end, whether or not anybody still
    /// waits for the answer; and no answer, a rejection included, is given before the transaction has ended.
    async fn execute(&self, command: Command) -> Result<Outcome, BookingError>;
}

/// Says whether the store has more to do than it can.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
pub trait LoadGauge: Send + Sync {
    /// Whether so many commands wait that people who only look had better come back later. Asked at every look: it costs no more
    /// than reading a number.
    fn is_high(&self) -> bool;
}

/// Why a command has no outcome.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BookingError {
    /// The rule refuses it. Nothing has changed.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The best seats that were planned are gone: plan again. Nothing has changed.
    #[error("the seats that were planned are gone")]
    Replan,
    /// Nothing can be done for the moment. Nothing has changed.
    #[error(transparent)]
    Outage(#[from] Outage),
    /// Whoever asks has as many commands in the queue as one may have. Nothing has changed.
    #[error("too many commands of one user are waiting")]
    TooMany {
        /// So many may wait.
        most: usize,
        /// When to try again.
        retry_after: Duration,
    },
    /// The connection was lost during COMMIT and the database could not be asked since: repeat with the same key.
    #[error("the outcome is not known")]
    Unknown(Option<CommandKey>),
    /// A defect, here or in the database. Nothing has changed.
    #[error("fault {0}")]
    Fault(FaultId),
}

impl BookingError {
    /// Whether the same command may succeed later: nothing has changed, and nothing is wrong with it.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Outage(_))
    }
}

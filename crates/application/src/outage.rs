//! Why nothing can be done for the moment.

use std::time::Duration;
use thiserror::Error;

/// Why nothing can be done for the moment. Nothing has changed, nothing is wrong with the request, and it may succeed
/// later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Outage {
    /// Too much to do, or too much contention.
    #[error("busy")]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// The database, or another service that the work needs, is away.
    #[error("unavailable")]
    Unavailable {
        /// When to try again.
        retry_after: Duration,
    },
    /// There is no room left where the data is kept. Reads go on.
    #[error("the storage is full")]
    StorageFull {
        /// When to try again: somebody has to make room first.
        retry_after: Duration,
    },
}

impl Outage {
    /// When to try again.
    pub const fn retry_after(self) -> Duration {
        match self {
            Self::Busy { retry_after } | Self::Unavailable { retry_after } | Self::StorageFull { retry_after } => {
                retry_after
            }
        }
    }
}

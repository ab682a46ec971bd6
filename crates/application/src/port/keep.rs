//! What all stores have in common.
#![cfg_attr(
    any(test, feature = "mocks"),
    expect(clippy::struct_field_names, reason = "a mock's fields are named after its methods")
)]

use crate::{FaultId, Outage};
use async_trait::async_trait;
use frontrow_domain::Instant;
use thiserror::Error;

/// Why a repository or a reader did not do it. Unless it is [`StoreError::Unknown`], nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The row has been changed, made or removed since it was read.
    #[error("the row has changed since it was read")]
    Stale,
    /// Nothing can be done for the moment.
    #[error(transparent)]
    Outage(#[from] Outage),
    /// It may have happened, or not: the database could not say.
    #[error("the outcome is not known")]
    Unknown,
    /// A defect, here or in the database.
    #[error("fault {0}")]
    Fault(FaultId),
}

impl StoreError {
    /// Whether the same request may succeed later.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Outage(_))
    }
}

/// Throws away what is no longer needed, a little at a time.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait Housekeeping: Send + Sync {
    /// Forgets idempotency records written before that instant, at most `limit`; says how many.
    async fn forget_idempotency_records(&self, before: Instant, limit: u32) -> Result<u32, StoreError>;

    /// Forgets refresh tokens that expired before that instant, at most `limit`; says how many.
    async fn forget_refresh_tokens(&self, before: Instant, limit: u32) -> Result<u32, StoreError>;

    /// Forgets sessions that were over before that instant, and whose access tokens had all expired, at most `limit`; says
    /// how many.
    async fn forget_sessions(&self, before: Instant, limit: u32) -> Result<u32, StoreError>;
}

/// Whether the store can work.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait Probe: Send + Sync {
    /// Asks the store for its own time, which may differ from ours: an answer shows that it works.
    async fn now(&self) -> Result<Instant, StoreError>;
}

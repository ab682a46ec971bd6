//! Whether what is stored is right.

use super::StoreError;
use async_trait::async_trait;
use frontrow_domain::{Finding, Instant};

/// Audits a store, live or not.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait Auditor: Send + Sync {
    /// Everything that is wrong, by one snapshot; nothing if all is right.
    async fn audit(&self, now: Instant) -> Result<Vec<Finding>, StoreError>;
}

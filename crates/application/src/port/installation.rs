//! What all instances have to agree on, and the marks of what they share besides the database.

use super::StoreError;
use async_trait::async_trait;
use frontrow_domain::{Installation, SaleId};

/// Keeps what the installation is: one row.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait InstallationStore: Send + Sync {
    /// What the installation is; `None` before the first instance has started.
    async fn installation(&self) -> Result<Option<Installation>, StoreError>;

    /// Writes what the first instance has, unless somebody was faster. Says what is there now, whoever wrote it.
    async fn found(&self, first: &Installation) -> Result<Installation, StoreError>;

    /// Replaces what was read by what it becomes; [`StoreError::Stale`] if it has changed since. If numbers come from
    /// somewhere else then, nobody may wait in a queue: else these sales are named, and nothing changes. From then on the
    /// database hands out numbers only above all that were leased.
    async fn change(&self, read: &Installation, next: &Installation) -> Result<Result<(), Vec<SaleId>>, StoreError>;
}

/// Marks the dispenser of numbers that an installation uses, where it is not the database: another one, and one that has
/// lost everything, lacks the mark.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait NumberMarks: Send + Sync {
    /// Whether it has the mark.
    async fn has(&self, mark: &str) -> Result<bool, StoreError>;

    /// Gives it the mark.
    async fn put(&self, mark: &str) -> Result<(), StoreError>;

    /// Takes the mark away.
    async fn remove(&self, mark: &str) -> Result<(), StoreError>;
}

//! Codes that were sent by mail, and what they bring about.

use super::StoreError;
use async_trait::async_trait;
use frontrow_domain::{CodePurpose, Instant, MailCode, UserId};

/// Keeps the newest code of each user and purpose. Each change is whole, so that two who try at once are counted.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait CodeRepository: Send + Sync {
    /// Puts the code in the place of the last one; `false`, and nothing, if that
    /// [can't be replaced](MailCode::can_be_replaced) yet.
    async fn make(&self, code: &MailCode) -> Result<bool, StoreError>;

    /// Counts a try, and gives the code with it counted; `None` if there is none that
    /// [can be tried](MailCode::can_be_tried).
    async fn attempt(&self, user: UserId, purpose: CodePurpose, now: Instant) -> Result<Option<MailCode>, StoreError>;

    /// Uses the code up, and notes that its user has verified their address; `false`, and nothing, if it was used or replaced
    /// since it was tried.
    async fn verify_email(&self, code: &MailCode, at: Instant) -> Result<bool, StoreError>;
}

//! Who has an account.

use super::StoreError;
use async_trait::async_trait;
use frontrow_domain::{Email, Instant, User, UserId};

/// A user with what they log in by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user.
    pub user: User,
    /// The hash of their password.
    pub password_hash: String,
}

/// Keeps accounts.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait AccountRepository: Send + Sync {
    /// Adds an account; [`StoreError::Stale`] if the email address has one.
    async fn add(&self, credentials: &Credentials, at: Instant) -> Result<(), StoreError>;

    /// By email address.
    async fn by_email(&self, email: &Email) -> Result<Option<Credentials>, StoreError>;

    /// By id.
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError>;
}

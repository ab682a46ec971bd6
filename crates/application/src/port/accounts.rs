//! Who has an account.

use super::{EndedSession, Ending, StoreError};
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

/// Another hash in the place of a known one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordChange {
    /// Owner of the password.
    pub user: UserId,
    /// The hash that the change was decided on.
    pub known: String,
    /// The new one.
    pub hash: String,
    /// Which sessions end with it; `None` if it is the same password, hashed anew.
    pub ending: Option<Ending>,
    /// When the sessions end.
    pub now: Instant,
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

    /// Changes the hash of a password and ends sessions, whole or not at all; says which have ended. [`StoreError::Stale`] if
    /// the hash is not the known one any more.
    async fn change_password(&self, change: &PasswordChange) -> Result<Vec<EndedSession>, StoreError>;
}

//! Who has an account, and who is logged in.

use super::StoreError;
use async_trait::async_trait;
use frontrow_domain::{Email, Instant, RefreshToken, SessionId, User, UserId};

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

/// What came of showing a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// A new token has been kept.
    Issued(RefreshToken),
    /// Nobody has such a token, it has expired, or its session has ended (perhaps just now).
    Refused,
}

/// Keeps log-ins, as families of refresh tokens.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait SessionRepository: Send + Sync {
    /// Keeps the first token of a new session.
    async fn start(&self, token: &RefreshToken) -> Result<(), StoreError>;

    /// Exchanges the token whose hash was shown for a new one, as [`rotate`](frontrow_domain::rotate) says; whole, so
    /// that two who show it at once are told the truth.
    async fn rotate(
        &self,
        shown: [u8; 32],
        new: [u8; 32],
        expires: Instant,
        now: Instant,
    ) -> Result<Rotated, StoreError>;

    /// Ends a session: none of its tokens is taken any more.
    async fn end(&self, session: SessionId) -> Result<(), StoreError>;
}

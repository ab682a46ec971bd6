//! What the owner of an account should hear of.

use frontrow_domain::{Instant, SessionId, UserId};

/// Something that happened to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccountNotice {
    /// A refresh token was shown that was used up long ago, so somebody has a copy of it: the session was ended.
    RefreshTokenReused {
        /// Whose session it was.
        user: UserId,
        /// The one that was ended.
        session: SessionId,
        /// When the token was shown.
        at: Instant,
    },
    /// The password was changed, and all other sessions were ended.
    PasswordChanged {
        /// Owner of the account.
        user: UserId,
        /// When it was changed.
        at: Instant,
    },
}

/// Tells owners of accounts what happened to them.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
pub trait AccountNotices: Send + Sync {
    /// Tells the owner, now or later. Must neither block nor panic: somebody waits for an answer meanwhile.
    fn tell(&self, notice: &AccountNotice);
}

//! Who is logged in.

use super::StoreError;
use async_trait::async_trait;
use frontrow_domain::{Instant, RefreshToken, Session, SessionId, UserId};

/// A session that is to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionStart {
    /// With the instants at which it ends.
    pub session: Session,
    /// Its first refresh token.
    pub token: RefreshToken,
    /// The hash that the shown password was right for; `None` if nobody had to show one.
    pub password_hash: Option<String>,
}

/// A refresh token that was shown, and what may follow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshRotation {
    /// SHA-256 of the token.
    pub shown: [u8; 32],
    /// SHA-256 of its successors, one for each key: the first is what it is exchanged for, the others are what it may have
    /// been exchanged for before. At least one.
    pub successors: Vec<[u8; 32]>,
    /// When the successor expires, unless its session ends before.
    pub expires: Instant,
    /// When the access token expires that is given out with it, unless the session ends before.
    pub access_until: Instant,
    /// When it was shown.
    pub now: Instant,
}

/// A session that has ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedSession {
    /// Which.
    pub session: SessionId,
    /// When it ended.
    pub at: Instant,
    /// For how long its access tokens have to be refused: then the last one expires.
    pub access_until: Instant,
}

/// What came of showing a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// Its successor: a new one, or the same as before.
    Issued(RefreshToken),
    /// Nobody has such a token, it has expired, or its session has ended (perhaps just now).
    Refused,
    /// It was used up long ago: the session has been ended for it.
    Reused {
        /// Whose session it was.
        user: UserId,
        /// The session, whose access tokens are refused from now on.
        ended: EndedSession,
    },
}

/// Which sessions of a user are to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// That one, if it is theirs.
    One(SessionId),
    /// All.
    All,
    /// All others.
    AllBut(SessionId),
}

impl Ending {
    /// Whether that session is to end.
    pub fn includes(self, session: SessionId) -> bool {
        match self {
            Self::One(one) => session == one,
            Self::All => true,
            Self::AllBut(kept) => session != kept,
        }
    }
}

/// Keeps log-ins: sessions, each with a family of refresh tokens. A session lives until its newest token expires, or until
/// it is ended. What is done to the sessions of one user is done one after the other.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait SessionRepository: Send + Sync {
    /// Begins a session. If its user would have more than [`Session::MOST`] then, the oldest end; says which.
    /// [`StoreError::Stale`] if the password has changed since it was found right: then nothing begins.
    async fn start(&self, start: &SessionStart) -> Result<Vec<EndedSession>, StoreError>;

    /// Exchanges the token whose hash was shown for its successor, as [`rotate`](frontrow_domain::rotate) says; whole, so
    /// that all who show it at once get the same.
    async fn rotate(&self, rotation: &RefreshRotation) -> Result<Rotated, StoreError>;

    /// Ends these sessions of a user: none of their tokens is taken any more. Says which have ended by this.
    async fn end(&self, user: UserId, ending: Ending, now: Instant) -> Result<Vec<EndedSession>, StoreError>;

    /// The sessions of a user that live, the newest first.
    async fn sessions_of(&self, user: UserId, now: Instant) -> Result<Vec<Session>, StoreError>;

    /// Sessions that were ended at that instant or later, by the instant, as long as an access token of theirs may be out;
    /// at most `limit`.
    async fn ended_since(&self, since: Instant, now: Instant, limit: u32) -> Result<Vec<EndedSession>, StoreError>;
}

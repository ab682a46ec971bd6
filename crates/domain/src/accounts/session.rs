//! Log-ins, and how their refresh tokens follow one another.

use crate::id::{SessionId, UserId};
use crate::time::Instant;
use std::time::Duration;

/// For this long a token that was exchanged is taken again, for the same successor: a double tap, or an answer that was
/// lost.
pub const REUSE_GRACE: Duration = Duration::from_secs(10);

/// A log-in, for as long as it lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Id of the session; access tokens name it.
    pub id: SessionId,
    /// Who is logged in.
    pub user: UserId,
    /// When they logged in.
    pub started: Instant,
    /// When it gave out tokens last.
    pub last_used: Instant,
    /// When the newest of its refresh tokens expires; at the latest when it ends.
    pub expires: Instant,
    /// When it ends, however often it is refreshed.
    pub ends: Instant,
    /// When the last of its access tokens expires.
    pub access_until: Instant,
    /// What the client called itself at the log-in, at most [`Session::LONGEST_USER_AGENT`] characters; `None` if it did not.
    pub user_agent: Option<String>,
}

impl Session {
    /// Sessions of one person at a time: 20. Whoever logs in once more ends the oldest.
    pub const MOST: usize = 20;
    /// Characters of what a client calls itself: 200.
    pub const LONGEST_USER_AGENT: usize = 200;
}

/// One refresh token of a session, as it is kept (the token itself never is).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// The log-in that it descends from.
    pub session: SessionId,
    /// The user who is logged in with it.
    pub user: UserId,
    /// From when on it is worth nothing.
    pub expires: Instant,
    /// When it was first exchanged for a new one.
    pub replaced: Option<Instant>,
}

/// What happens when a refresh token is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// Its successor is issued.
    Issue,
    /// It has been exchanged a moment ago: its successor is given out again.
    Repeat,
    /// It has expired: log in again.
    Expired,
    /// It was used up long ago, so somebody has a copy: the whole session ends.
    EndSession,
}

/// Whether the token shown buys its successor.
pub fn rotate(shown: &RefreshToken, now: Instant) -> Rotation {
    match shown.replaced {
        _ if shown.expires <= now => Rotation::Expired,
        None => Rotation::Issue,
        Some(replaced) if now <= replaced + REUSE_GRACE => Rotation::Repeat,
        Some(_) => Rotation::EndSession,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_token_is_taken_again_for_ten_seconds_and_then_ends_the_session() {
        let at = |seconds: i64| Instant::from_micros(seconds * 1_000_000);
        let token = RefreshToken {
            hash: [0; 32],
            session: SessionId::new(Uuid::nil()),
            user: UserId::new(Uuid::nil()),
            expires: at(100),
            replaced: None,
        };
        assert_eq!(rotate(&token, at(99)), Rotation::Issue);
        assert_eq!(rotate(&token, at(100)), Rotation::Expired);
        let replaced = RefreshToken { replaced: Some(at(10)), ..token };
        assert_eq!(rotate(&replaced, at(20)), Rotation::Repeat);
        assert_eq!(rotate(&replaced, at(21)), Rotation::EndSession);
    }
}

//! Sessions.

use super::Timestamp;
use frontrow_domain::{Session, SessionId};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// One of one's own sessions.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e10", "is_current": true,
    "started_at": "2027-01-01T00:00:00Z", "last_used_at": "2027-01-02T08:30:00Z", "ends_at": "2027-04-01T00:00:00Z",
    "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}))]
pub struct OwnSessionDto {
    /// Id of the session.
    pub id: Uuid,
    /// Whether it is the one that asks.
    pub is_current: bool,
    /// When it began with a log-in, in UTC.
    pub started_at: Timestamp,
    /// When it was given tokens last, in UTC.
    pub last_used_at: Timestamp,
    /// When it ends at the latest, however often it is refreshed, in UTC.
    pub ends_at: Timestamp,
    /// What the client called itself at the log-in (its `User-Agent`), at most 200 characters; `null` if it did not.
    pub user_agent: Option<String>,
}

impl OwnSessionDto {
    /// The session as its owner sees it, who asks from `current`.
    pub fn of(session: Session, current: SessionId) -> Self {
        Self {
            id: session.id.uuid(),
            is_current: session.id == current,
            started_at: session.started.into(),
            last_used_at: session.last_used.into(),
            ends_at: session.ends.into(),
            user_agent: session.user_agent,
        }
    }
}

/// Everywhere that somebody is logged in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OwnSessionsDto {
    /// The sessions, the newest log-in first; at most 20.
    pub items: Vec<OwnSessionDto>,
}

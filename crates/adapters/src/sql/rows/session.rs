//! A log-in.

use frontrow_application::port::EndedSession;
use frontrow_domain::{Instant, Session, SessionId, UserId};
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub user_id: Uuid,
    pub started_at: i64,
    pub last_used_at: i64,
    /// When nothing is known by it any more: when its newest refresh token expires, or, if it was ended, its last access
    /// token.
    pub expires: i64,
    pub ends_at: i64,
    pub access_until: i64,
    pub user_agent: Option<String>,
    /// `None` unless it was ended before its time.
    pub ended_at: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for Session {
    fn from(row: Model) -> Self {
        Self {
            id: SessionId::new(row.id),
            user: UserId::new(row.user_id),
            started: Instant::from_micros(row.started_at),
            last_used: Instant::from_micros(row.last_used_at),
            expires: Instant::from_micros(row.expires),
            ends: Instant::from_micros(row.ends_at),
            access_until: Instant::from_micros(row.access_until),
            user_agent: row.user_agent,
        }
    }
}

impl Model {
    /// What is said of it if it ends at that instant.
    pub fn ended(&self, at: Instant) -> EndedSession {
        let access_until = Instant::from_micros(self.access_until);
        EndedSession { session: SessionId::new(self.id), at, access_until }
    }
}

/// A session that lives.
impl From<&Session> for ActiveModel {
    fn from(session: &Session) -> Self {
        Self {
            id: Unchanged(session.id.uuid()),
            user_id: Unchanged(session.user.uuid()),
            started_at: Unchanged(session.started.micros()),
            last_used_at: Set(session.last_used.micros()),
            expires: Set(session.expires.micros()),
            ends_at: Unchanged(session.ends.micros()),
            access_until: Set(session.access_until.micros()),
            user_agent: Unchanged(session.user_agent.clone()),
            ended_at: Set(None),
        }
    }
}

//! Who is logged in.

use super::Database;
use super::rows::{refresh_token as token, session, user};
use super::write::Refusal;
use async_trait::async_trait;
use frontrow_application::port::{
    EndedSession, Ending, RefreshRotation, Rotated, SessionRepository, SessionStart, StoreError,
};
use frontrow_domain::{Instant, RefreshToken, Rotation, Session, SessionId, UserId, rotate};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use std::sync::Arc;
use uuid::Uuid;

/// [`SessionRepository`] on a SQL database.
pub struct SqlSessions {
    database: Arc<Database>,
}

impl SqlSessions {
    /// The sessions of that database.
    pub fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl SessionRepository for SqlSessions {
    async fn start(&self, start: &SessionStart) -> Result<Vec<EndedSession>, StoreError> {
        let start = Arc::new(start.clone());
        let started = self.database.write("start session", move |transaction| {
            let start = Arc::clone(&start);
            Box::pin(async move { begin(transaction, &start).await })
        });
        started.await
    }

    async fn rotate(&self, rotation: &RefreshRotation) -> Result<Rotated, StoreError> {
        let rotation = Arc::new(rotation.clone());
        let rotated = self.database.write("rotate refresh token", move |transaction| {
            let rotation = Arc::clone(&rotation);
            Box::pin(async move { Ok(exchange(transaction, &rotation).await?) })
        });
        rotated.await
    }

    async fn end(&self, user: UserId, ending: Ending, now: Instant) -> Result<Vec<EndedSession>, StoreError> {
        let ended = self.database.write("end sessions", move |transaction| {
            Box::pin(async move {
                lock(transaction, user).await?;
                Ok(end(transaction, user, ending, now).await?)
            })
        });
        ended.await
    }

    async fn sessions_of(&self, user: UserId, now: Instant) -> Result<Vec<Session>, StoreError> {
        let query = async { live(user, now).all(self.database.browsing_readers()).await };
        let mut sessions: Vec<_> =
            self.database.read("list sessions", query).await?.into_iter().map(Session::from).collect();
        sessions.sort_by_key(|session| std::cmp::Reverse((session.started, session.id)));
        Ok(sessions)
    }

    async fn ended_since(&self, since: Instant, now: Instant, limit: u32) -> Result<Vec<EndedSession>, StoreError> {
        // Whoever books must not be let in with a token that is worth nothing because others browse.
        let query = async { ended(since, now, limit).into_tuple().all(self.database.booking_readers()).await };
        let ended: Vec<(Uuid, i64, i64)> = self.database.read("read ended sessions", query).await?;
        let ended = ended.into_iter().map(|(session, at, access_until)| EndedSession {
            session: SessionId::new(session),
            at: Instant::from_micros(at),
            access_until: Instant::from_micros(access_until),
        });
        Ok(ended.collect())
    }
}

/// The sessions of a user that live. They are few: whoever logs in too often ends the oldest.
pub(super) fn live(user: UserId, now: Instant) -> Select<session::Entity> {
    session::Entity::find()
        .filter(session::Column::UserId.eq(user.uuid()))
        .filter(session::Column::EndedAt.is_null())
        .filter(session::Column::Expires.gt(now.micros()))
}

pub(super) fn ended(since: Instant, now: Instant, limit: u32) -> Select<session::Entity> {
    session::Entity::find()
        .select_only()
        .column(session::Column::Id)
        .column(session::Column::EndedAt)
        .column(session::Column::AccessUntil)
        .filter(session::Column::EndedAt.gte(since.micros()))
        .filter(session::Column::AccessUntil.gt(now.micros()))
        .order_by_asc(session::Column::EndedAt)
        .limit(u64::from(limit))
}

async fn begin(transaction: &DatabaseTransaction, start: &SessionStart) -> Result<Vec<EndedSession>, Refusal> {
    let SessionStart { session, token, password_hash } = start;
    let account = lock(transaction, session.user).await?;
    if password_hash.is_some() && account.map(|account| account.password_hash) != *password_hash {
        return Err(Refusal::Stale);
    }
    let mut others = live(session.user, session.started).all(transaction).await?;
    others.sort_by_key(|other| (other.started_at, other.id));
    let too_many = (others.len() + 1).saturating_sub(Session::MOST);
    others.truncate(too_many);
    let ended = end_all(transaction, &others, session.started).await?;
    session::Entity::insert(session::ActiveModel::from(session)).exec_without_returning(transaction).await?;
    insert(transaction, token).await?;
    Ok(ended)
}

async fn exchange(transaction: &DatabaseTransaction, rotation: &RefreshRotation) -> Result<Rotated, DbErr> {
    let Some(first) = find(transaction, rotation.shown).await? else { return Ok(Rotated::Refused) };
    lock(transaction, first.user).await?;
    // What was read before the lock may have changed until it was there.
    let Some(shown) = find(transaction, rotation.shown).await? else { return Ok(Rotated::Refused) };
    let session = session::Entity::find_by_id(shown.session.uuid()).one(transaction).await?;
    let Some(session) = session.filter(|session| session.ended_at.is_none()) else { return Ok(Rotated::Refused) };
    match rotate(&shown, rotation.now) {
        Rotation::Expired => Ok(Rotated::Refused),
        Rotation::EndSession => {
            let ended = session.ended(rotation.now);
            end_all(transaction, &[session], rotation.now).await?;
            Ok(Rotated::Reused { user: shown.user, ended })
        }
        Rotation::Issue => issue(transaction, rotation, &shown, &session).await,
        Rotation::Repeat => repeat(transaction, rotation, &shown, &session).await,
    }
}

async fn issue(
    transaction: &DatabaseTransaction,
    rotation: &RefreshRotation,
    shown: &RefreshToken,
    session: &session::Model,
) -> Result<Rotated, DbErr> {
    let Some(hash) = rotation.successors.first().copied() else { return Ok(Rotated::Refused) };
    let update = token::Entity::update_many()
        .col_expr(token::Column::Replaced, Expr::value(rotation.now.micros()))
        .filter(token::Column::Hash.eq(shown.hash.to_vec()));
    update.exec(transaction).await?;
    let expires = rotation.expires.min(Instant::from_micros(session.ends_at));
    let child = RefreshToken { hash, expires, replaced: None, ..shown.clone() };
    insert(transaction, &child).await?;
    note_use(transaction, rotation, session, &child).await?;
    Ok(Rotated::Issued(child))
}

/// What was issued the first time, by whichever key.
async fn repeat(
    transaction: &DatabaseTransaction,
    rotation: &RefreshRotation,
    shown: &RefreshToken,
    session: &session::Model,
) -> Result<Rotated, DbErr> {
    for hash in &rotation.successors {
        let child = find(transaction, *hash).await?.filter(|child| child.session == shown.session);
        if let Some(child) = child {
            note_use(transaction, rotation, session, &child).await?;
            return Ok(Rotated::Issued(child));
        }
    }
    Ok(Rotated::Refused)
}

/// The session was used, and an access token is given out with that refresh token. No instant goes back: the clocks of
/// instances differ, and the token may not be the newest.
async fn note_use(
    transaction: &DatabaseTransaction,
    rotation: &RefreshRotation,
    session: &session::Model,
    given: &RefreshToken,
) -> Result<(), DbErr> {
    let access_until = rotation.access_until.min(given.expires);
    let later = |known: i64, now: Instant| Expr::value(known.max(now.micros()));
    let update = session::Entity::update_many()
        .col_expr(session::Column::LastUsedAt, later(session.last_used_at, rotation.now))
        .col_expr(session::Column::Expires, later(session.expires, given.expires))
        .col_expr(session::Column::AccessUntil, later(session.access_until, access_until))
        .filter(session::Column::Id.eq(session.id));
    update.exec(transaction).await.map(drop)
}

/// Whoever begins a session of a user, exchanges a token of theirs or ends a session holds that user's row: else a token
/// could be made while its session ends, and outlive it.
pub(super) async fn lock(transaction: &DatabaseTransaction, user: UserId) -> Result<Option<user::Model>, DbErr> {
    user::Entity::find_by_id(user.uuid()).lock_exclusive().one(transaction).await
}

async fn find(transaction: &DatabaseTransaction, hash: [u8; 32]) -> Result<Option<RefreshToken>, DbErr> {
    let row = token::Entity::find_by_id(hash.to_vec()).one(transaction).await?;
    row.map(RefreshToken::try_from).transpose()
}

async fn insert(transaction: &DatabaseTransaction, token: &RefreshToken) -> Result<(), DbErr> {
    token::Entity::insert(token::ActiveModel::from(token)).exec_without_returning(transaction).await?;
    Ok(())
}

/// For whoever holds the user's row.
pub(super) async fn end(
    transaction: &DatabaseTransaction,
    user: UserId,
    ending: Ending,
    now: Instant,
) -> Result<Vec<EndedSession>, DbErr> {
    let mut sessions = live(user, now).all(transaction).await?;
    sessions.retain(|session| ending.includes(SessionId::new(session.id)));
    end_all(transaction, &sessions, now).await
}

async fn end_all(
    transaction: &DatabaseTransaction,
    sessions: &[session::Model],
    now: Instant,
) -> Result<Vec<EndedSession>, DbErr> {
    for session in sessions {
        let tokens = token::Column::SessionId.eq(session.id);
        token::Entity::delete_many().filter(tokens).exec(transaction).await?;
        let update = session::Entity::update_many()
            .col_expr(session::Column::EndedAt, Expr::value(now.micros()))
            .col_expr(session::Column::Expires, Expr::col(session::Column::AccessUntil))
            .filter(session::Column::Id.eq(session.id));
        update.exec(transaction).await?;
    }
    Ok(sessions.iter().map(|session| session.ended(now)).collect())
}

//! Who is logged in: a session is its refresh tokens, and has ended when there are none.

use super::Database;
use super::rows::{refresh_token as token, user};
use super::write::Refusal;
use async_trait::async_trait;
use frontrow_application::port::{Rotated, SessionRepository, StoreError};
use frontrow_domain::{Instant, RefreshToken, Rotation, SessionId, UserId, rotate};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QuerySelect};
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
    async fn start(&self, token: &RefreshToken) -> Result<(), StoreError> {
        let token = token.clone();
        let started = self.database.write("start session", move |transaction| {
            let token = token.clone();
            Box::pin(async move { Ok(insert(transaction, &token).await?) })
        });
        started.await
    }

    async fn rotate(
        &self,
        shown: [u8; 32],
        new: [u8; 32],
        expires: Instant,
        now: Instant,
    ) -> Result<Rotated, StoreError> {
        let shown = Shown { hash: shown, new, expires, now };
        let rotated = self.database.write("rotate refresh token", move |transaction| {
            Box::pin(async move { shown.exchange(transaction).await })
        });
        rotated.await
    }

    async fn end(&self, session: SessionId) -> Result<(), StoreError> {
        let session = session.uuid();
        let ended = self.database.write("end session", move |transaction| {
            Box::pin(async move { Ok(lock_and_end(transaction, session).await?) })
        });
        ended.await
    }
}

/// A token that was shown, and what may follow it.
#[derive(Clone, Copy)]
struct Shown {
    hash: [u8; 32],
    new: [u8; 32],
    expires: Instant,
    now: Instant,
}

impl Shown {
    async fn exchange(self, transaction: &DatabaseTransaction) -> Result<Rotated, Refusal> {
        let Some(first) = find(transaction, self.hash).await? else { return Ok(Rotated::Refused) };
        lock(transaction, first.user).await?;
        // What was read before the lock may have changed until it was there.
        let Some(shown) = find(transaction, self.hash).await? else { return Ok(Rotated::Refused) };
        match rotate(&shown, self.now) {
            Rotation::Expired => Ok(Rotated::Refused),
            Rotation::EndSession => {
                end(transaction, shown.session.uuid()).await?;
                Ok(Rotated::Refused)
            }
            Rotation::Issue => Ok(self.issue(transaction, &shown).await?),
        }
    }

    async fn issue(self, transaction: &DatabaseTransaction, shown: &RefreshToken) -> Result<Rotated, DbErr> {
        // Only the first exchange counts: a token that is shown again does not live longer for it.
        if shown.replaced.is_none() {
            let update = token::Entity::update_many()
                .col_expr(token::Column::Replaced, Expr::value(self.now.micros()))
                .filter(token::Column::Hash.eq(self.hash.to_vec()));
            update.exec(transaction).await?;
        }
        let child = RefreshToken { hash: self.new, expires: self.expires, replaced: None, ..shown.clone() };
        insert(transaction, &child).await?;
        Ok(Rotated::Issued(child))
    }
}

/// Whoever exchanges a token of a user or ends a session of theirs holds that user's row: else a token could be made
/// while its session ends, and outlive it.
async fn lock(transaction: &DatabaseTransaction, user: UserId) -> Result<(), DbErr> {
    user::Entity::find_by_id(user.uuid()).lock_exclusive().one(transaction).await.map(drop)
}

async fn find(transaction: &DatabaseTransaction, hash: [u8; 32]) -> Result<Option<RefreshToken>, DbErr> {
    let row = token::Entity::find_by_id(hash.to_vec()).one(transaction).await?;
    row.map(RefreshToken::try_from).transpose()
}

async fn insert(transaction: &DatabaseTransaction, token: &RefreshToken) -> Result<(), DbErr> {
    token::Entity::insert(token::ActiveModel::from(token)).exec_without_returning(transaction).await?;
    Ok(())
}

async fn end(transaction: &DatabaseTransaction, session: Uuid) -> Result<(), DbErr> {
    let tokens = token::Column::SessionId.eq(session);
    token::Entity::delete_many().filter(tokens).exec(transaction).await?;
    Ok(())
}

/// The same for whoever does not hold the user's row yet.
async fn lock_and_end(transaction: &DatabaseTransaction, session: Uuid) -> Result<(), DbErr> {
    let any = token::Entity::find().filter(token::Column::SessionId.eq(session)).one(transaction).await?;
    let Some(any) = any else { return Ok(()) };
    lock(transaction, UserId::new(any.user_id)).await?;
    end(transaction, session).await
}

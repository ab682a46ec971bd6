//! Codes that were sent by mail. Whoever changes one holds its row.

use super::Database;
use super::rows::{mail_code as row, user};
use super::write::Refusal;
use async_trait::async_trait;
use frontrow_application::port::{CodeRepository, StoreError};
use frontrow_domain::{CodePurpose, Instant, MailCode, UserId};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QuerySelect};
use std::sync::Arc;

/// [`CodeRepository`] on a SQL database.
pub struct SqlCodes {
    database: Arc<Database>,
}

impl SqlCodes {
    /// The codes of that database.
    pub fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl CodeRepository for SqlCodes {
    async fn make(&self, code: &MailCode) -> Result<bool, StoreError> {
        let code = code.clone();
        let made = self.database.write("make a code", move |transaction| {
            let code = code.clone();
            Box::pin(async move { make(transaction, &code).await })
        });
        match made.await {
            // Somebody else has just made the first.
            Err(StoreError::Stale) => Ok(false),
            made => made,
        }
    }

    async fn attempt(&self, user: UserId, purpose: CodePurpose, now: Instant) -> Result<Option<MailCode>, StoreError> {
        let tried = self.database.write("try a code", move |transaction| {
            Box::pin(async move {
                let code = find(transaction, user, purpose).await?.filter(|code| code.can_be_tried(now));
                let Some(code) = code else { return Ok(None) };
                let code = MailCode { tries: code.tries + 1, ..code };
                row::Entity::update(row::ActiveModel::from(&code)).exec(transaction).await?;
                Ok(Some(code))
            })
        });
        tried.await
    }

    async fn verify_email(&self, code: &MailCode, at: Instant) -> Result<bool, StoreError> {
        let code = code.clone();
        let verified = self.database.write("verify an address", move |transaction| {
            let code = code.clone();
            Box::pin(async move {
                let is_good = use_up(transaction, &code).await?;
                if is_good {
                    verify(transaction, code.user, at).await?;
                }
                Ok(is_good)
            })
        });
        verified.await
    }
}

async fn make(transaction: &DatabaseTransaction, code: &MailCode) -> Result<bool, Refusal> {
    let new = row::ActiveModel::from(code);
    match find(transaction, code.user, code.purpose).await? {
        None => row::Entity::insert(new).exec_without_returning(transaction).await.map(drop)?,
        Some(last) if last.can_be_replaced(code.made) => {
            row::Entity::update(new).exec(transaction).await?;
        }
        Some(_) => return Ok(false),
    }
    Ok(true)
}

async fn find(
    transaction: &DatabaseTransaction,
    user: UserId,
    purpose: CodePurpose,
) -> Result<Option<MailCode>, DbErr> {
    let row = row::Entity::find_by_id((user.uuid(), purpose.as_str().to_owned()));
    row.lock_exclusive().one(transaction).await?.map(MailCode::try_from).transpose()
}

/// Its hash has a salt, so no other code has it. Of two who show it, one deletes the row.
async fn use_up(transaction: &DatabaseTransaction, code: &MailCode) -> Result<bool, DbErr> {
    let delete = row::Entity::delete_many()
        .filter(row::Column::UserId.eq(code.user.uuid()))
        .filter(row::Column::Purpose.eq(code.purpose.as_str()))
        .filter(row::Column::Hash.eq(code.hash.as_str()));
    Ok(delete.exec(transaction).await?.rows_affected == 1)
}

/// The first time counts.
async fn verify(transaction: &DatabaseTransaction, user: UserId, at: Instant) -> Result<(), DbErr> {
    let update = user::Entity::update_many()
        .col_expr(user::Column::EmailVerified, Expr::value(at.micros()))
        .filter(user::Column::Id.eq(user.uuid()))
        .filter(user::Column::EmailVerified.is_null());
    update.exec(transaction).await.map(drop)
}

//! Who has an account.

use super::Database;
use super::rows::user;
use super::sessions;
use super::write::Refusal;
use async_trait::async_trait;
use frontrow_application::port::{Account, AccountRepository, Credentials, EndedSession, PasswordChange, StoreError};
use frontrow_domain::{Email, Instant, User, UserId};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use std::sync::Arc;

/// [`AccountRepository`] on a SQL database.
pub struct SqlAccounts {
    database: Arc<Database>,
}

impl SqlAccounts {
    /// The accounts of that database.
    pub fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl AccountRepository for SqlAccounts {
    async fn add(&self, credentials: &Credentials, at: Instant) -> Result<(), StoreError> {
        let row = user::ActiveModel::from((credentials, at));
        let added = self.database.write("add account", move |transaction| {
            let row = row.clone();
            Box::pin(async move {
                user::Entity::insert(row).exec_without_returning(transaction).await?;
                Ok(())
            })
        });
        added.await
    }

    async fn by_email(&self, email: &Email) -> Result<Option<Credentials>, StoreError> {
        let query = user::Entity::find().filter(user::Column::Email.eq(email.as_str()));
        let query = async { query.one(self.database.browsing_readers()).await?.map(Credentials::try_from).transpose() };
        self.database.read("read account by email", query).await
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        let query = user::Entity::find_by_id(id.uuid());
        let query = async { query.one(self.database.browsing_readers()).await?.map(Credentials::try_from).transpose() };
        Ok(self.database.read("read account", query).await?.map(|credentials| credentials.user))
    }

    async fn account(&self, id: UserId) -> Result<Option<Account>, StoreError> {
        let query = user::Entity::find_by_id(id.uuid());
        let query = async { query.one(self.database.browsing_readers()).await?.map(Account::try_from).transpose() };
        self.database.read("read all of an account", query).await
    }

    async fn change_password(&self, change: &PasswordChange) -> Result<Vec<EndedSession>, StoreError> {
        let change = Arc::new(change.clone());
        let changed = self.database.write("change password", move |transaction| {
            let change = Arc::clone(&change);
            Box::pin(async move { change_password(transaction, &change).await })
        });
        changed.await
    }
}

async fn change_password(
    transaction: &DatabaseTransaction,
    change: &PasswordChange,
) -> Result<Vec<EndedSession>, Refusal> {
    let account = sessions::lock(transaction, change.user).await?;
    if account.is_none_or(|account| account.password_hash != change.known) {
        return Err(Refusal::Stale);
    }
    let update = user::Entity::update_many()
        .col_expr(user::Column::PasswordHash, Expr::value(change.hash.clone()))
        .filter(user::Column::Id.eq(change.user.uuid()));
    update.exec(transaction).await?;
    match change.ending {
        Some(ending) => Ok(sessions::end(transaction, change.user, ending, change.now).await?),
        None => Ok(Vec::new()),
    }
}

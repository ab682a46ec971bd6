//! Who has an account.

use super::Database;
use super::rows::user;
use async_trait::async_trait;
use frontrow_application::port::{AccountRepository, Credentials, StoreError};
use frontrow_domain::{Email, Instant, User, UserId};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
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
}

//! Mails that are promised and not sent yet.

use super::Database;
use super::rows::outbox::{self as row, tries};
use async_trait::async_trait;
use frontrow_application::port::{Outbox, PromisedMail, StoreError};
use frontrow_domain::Instant;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use std::sync::Arc;
use uuid::Uuid;

/// [`Outbox`] in a SQL database.
pub struct SqlOutbox {
    database: Arc<Database>,
}

impl SqlOutbox {
    /// The outbox of that database.
    pub fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

/// The longest due first.
pub(super) fn due(now: Instant, limit: u32) -> Select<row::Entity> {
    row::Entity::find()
        .filter(row::Column::Due.lte(now.micros()))
        .order_by_asc(row::Column::Due)
        .limit(u64::from(limit))
}

#[async_trait]
impl Outbox for SqlOutbox {
    async fn put(&self, mail: &PromisedMail) -> Result<(), StoreError> {
        let mail = row::ActiveModel::from(mail);
        let put = self.database.write("promise a mail", move |transaction| {
            let mail = mail.clone();
            Box::pin(async move {
                row::Entity::insert(mail).exec_without_returning(transaction).await?;
                Ok(())
            })
        });
        put.await
    }

    async fn due(&self, now: Instant, limit: u32) -> Result<Vec<PromisedMail>, StoreError> {
        let query = async {
            let rows = due(now, limit).all(self.database.browsing_readers()).await?;
            rows.into_iter().map(PromisedMail::try_from).collect()
        };
        self.database.read("read mails that are due", query).await
    }

    async fn claim(&self, mail: &PromisedMail, due: Instant) -> Result<bool, StoreError> {
        let (id, read) = (mail.id, tries(mail.tries));
        let claimed = self.database.write("claim a mail", move |transaction| {
            Box::pin(async move {
                let update = row::Entity::update_many()
                    .col_expr(row::Column::Due, Expr::value(due.micros()))
                    .col_expr(row::Column::Tries, Expr::value(read.saturating_add(1)))
                    .filter(row::Column::Id.eq(id))
                    .filter(row::Column::Tries.eq(read));
                Ok(update.exec(transaction).await?.rows_affected == 1)
            })
        });
        claimed.await
    }

    async fn remove(&self, id: Uuid) -> Result<(), StoreError> {
        let removed = self.database.write("forget a mail", move |transaction| {
            Box::pin(async move {
                row::Entity::delete_by_id(id).exec(transaction).await?;
                Ok(())
            })
        });
        removed.await
    }
}

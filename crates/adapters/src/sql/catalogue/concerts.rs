//! Concerts.

use super::{Row, SqlCatalogue, read_limit};
use crate::sql::rows::{concert, performance};
use async_trait::async_trait;
use frontrow_application::port::{ConcertRepository, Revision, StoreError, Stored};
use frontrow_application::{Page, PageRequest};
use frontrow_domain::{Concert, ConcertId};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

#[async_trait]
impl ConcertRepository for SqlCatalogue {
    async fn concert(&self, id: ConcertId) -> Result<Option<Stored<Concert>>, StoreError> {
        let query = concert::Entity::find_by_id(id.uuid()).one(self.database.browsing_readers());
        let row = self.database.read("read concert", query).await?;
        Ok(row.map(|row| Stored { revision: Revision(row.revision), value: row.into() }))
    }

    async fn concerts(&self, page: PageRequest<ConcertId>) -> Result<Page<Concert, ConcertId>, StoreError> {
        let query = list(&page).all(self.database.browsing_readers());
        let rows = self.database.read("list concerts", query).await?;
        let concerts: Vec<Concert> = rows.into_iter().map(Concert::from).collect();
        Ok(Page::of(concerts, page.limit, |concert| concert.id))
    }

    async fn save_concert(&self, concert: &Concert, read: Option<Revision>) -> Result<(), StoreError> {
        let row = Row::next(concert::ActiveModel::from(concert), read);
        let row = row.map_err(|error| self.database.fault("save concert", &error))?;
        self.write("save concert", row).await
    }
}

/// Concerts that have a public performance.
pub(in crate::sql) fn list(page: &PageRequest<ConcertId>) -> Select<concert::Entity> {
    let mut query = concert::Entity::find().filter(Expr::exists(public_performance()));
    if let Some(after) = page.after {
        query = query.filter(concert::Column::Id.gt(after.uuid()));
    }
    query.order_by_asc(concert::Column::Id).limit(read_limit(page))
}

/// The performances of the concert at hand that are not drafts.
fn public_performance() -> SelectStatement {
    let of_concert =
        Expr::col((performance::Entity, performance::Column::ConcertId)).equals((concert::Entity, concert::Column::Id));
    Query::select()
        .expr(Expr::val(1))
        .from(performance::Entity)
        .and_where(of_concert)
        .and_where(super::performances::is_public())
        .take()
}

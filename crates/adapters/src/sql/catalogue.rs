//! What is on, where, when and at what price.

mod concerts;
pub(super) mod performances;
mod sales;
mod venues;

use super::on_sale::{OnSaleCache, ReadFor};
use super::programme::ProgrammeCache;
use super::rows::Guarded;
use super::statements::{Texts, update};
use super::write::Refusal;
use super::{Database, write};
use async_trait::async_trait;
use frontrow_application::port::{Clock, OnSale, OnSaleReader, Programme, ProgrammeReader, Revision, StoreError};
use frontrow_domain::{ConcertId, PerformanceId};
use sea_orm::sea_query::SimpleExpr;
use sea_orm::{ActiveModelTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter};
use std::sync::Arc;

/// The catalogue's repositories, and the [`OnSaleReader`] that sees at once
/// what is saved through them.
pub struct SqlCatalogue {
    pub(super) database: Arc<Database>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) on_sale: Arc<OnSaleCache>,
    programme: Arc<ProgrammeCache>,
}

impl SqlCatalogue {
    /// The catalogue of that database.
    pub fn new(database: Arc<Database>, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock, on_sale: Arc::default(), programme: Arc::default() }
    }

    /// The same knowledge of what is on sale, for whoever only looks at the catalogue: its reads are not in the way of
    /// those who book.
    pub fn browsed(&self) -> SqlBrowsedOnSale {
        SqlBrowsedOnSale {
            database: Arc::clone(&self.database),
            clock: Arc::clone(&self.clock),
            on_sale: Arc::clone(&self.on_sale),
        }
    }

    /// Runs a transaction, after which what is on sale is read anew.
    async fn write<W: Save>(&self, name: &'static str, save: W) -> Result<(), StoreError> {
        let (save, database) = (Arc::new(save), Arc::clone(&self.database));
        let written = self.database.write(name, move |transaction| {
            let (save, database) = (Arc::clone(&save), Arc::clone(&database));
            Box::pin(async move { save.run(transaction, database.texts()).await })
        });
        let written = written.await;
        self.on_sale.forget();
        self.programme.forget();
        written
    }
}

#[async_trait]
impl OnSaleReader for SqlCatalogue {
    async fn on_sale(&self, performance: PerformanceId) -> Result<Option<Arc<OnSale>>, StoreError> {
        self.on_sale.performance(&self.database, ReadFor::Booking, performance, self.clock.now()).await
    }

    async fn performances_of(&self, concert: ConcertId) -> Result<Option<Arc<Vec<PerformanceId>>>, StoreError> {
        self.on_sale.of_concert(&self.database, concert, self.clock.now()).await
    }
}

#[async_trait]
impl ProgrammeReader for SqlCatalogue {
    async fn programme(&self) -> Result<Arc<Programme>, StoreError> {
        self.programme.programme(&self.database, self.clock.now()).await
    }
}

/// See [`SqlCatalogue::browsed`].
pub struct SqlBrowsedOnSale {
    database: Arc<Database>,
    clock: Arc<dyn Clock>,
    on_sale: Arc<OnSaleCache>,
}

#[async_trait]
impl OnSaleReader for SqlBrowsedOnSale {
    async fn on_sale(&self, performance: PerformanceId) -> Result<Option<Arc<OnSale>>, StoreError> {
        self.on_sale.performance(&self.database, ReadFor::Browsing, performance, self.clock.now()).await
    }

    async fn performances_of(&self, concert: ConcertId) -> Result<Option<Arc<Vec<PerformanceId>>>, StoreError> {
        self.on_sale.of_concert(&self.database, concert, self.clock.now()).await
    }
}

/// What one transaction saves. May run several times.
trait Save: Send + Sync + 'static {
    fn run(&self, transaction: &DatabaseTransaction, texts: &Texts)
    -> impl Future<Output = Result<(), Refusal>> + Send;
}

/// One row.
struct Row<A> {
    values: A,
    /// The revision that was read; `None` if the row is new.
    read: Option<Revision>,
    /// What else the row must be that is updated.
    only_if: Option<SimpleExpr>,
}

impl<A> Row<A>
where
    A: ActiveModelTrait,
    A::Entity: Guarded,
{
    /// With the next revision.
    fn next(mut values: A, read: Option<Revision>) -> Result<Self, DbErr> {
        let next = read.map_or(1, |read| read.0 + 1);
        values.try_set(A::Entity::GUARD, next.into())?;
        Ok(Self { values, read, only_if: None })
    }

    fn only_if(self, condition: SimpleExpr) -> Self {
        Self { only_if: Some(condition), ..self }
    }
}

impl<A> Save for Row<A>
where
    A: ActiveModelTrait + Send + Sync + 'static,
    A::Entity: Guarded,
{
    async fn run(&self, transaction: &DatabaseTransaction, _: &Texts) -> Result<(), Refusal> {
        let Some(read) = self.read else {
            A::Entity::insert(self.values.clone()).exec_without_returning(transaction).await?;
            return Ok(());
        };
        let update = update(self.values.clone(), Some((A::Entity::GUARD, read.0.into())))?;
        let update = match &self.only_if {
            Some(condition) => update.filter(condition.clone()),
            None => update,
        };
        write::update_one(transaction, &update).await
    }
}

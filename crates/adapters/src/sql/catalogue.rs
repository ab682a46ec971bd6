//! What is on, where, when and at what price.

pub(super) mod concerts;
pub(super) mod performances;
mod sales;
mod venues;

pub(super) use sales::with_performances;

use super::on_sale::OnSaleCache;
use super::write::Refusal;
use super::{Database, write};
use frontrow_application::PageRequest;
use frontrow_application::port::{Clock, Revision, StoreError};
use sea_orm::{ActiveModelTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter};
use std::sync::Arc;

/// The catalogue's repositories, and the [`OnSaleReader`](frontrow_application::port::OnSaleReader) that sees at once
/// what is saved through them.
pub struct SqlCatalogue {
    pub(super) database: Arc<Database>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) on_sale: Arc<OnSaleCache>,
}

impl SqlCatalogue {
    /// The catalogue of that database.
    pub fn new(database: Arc<Database>, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock, on_sale: Arc::default() }
    }

    /// Runs a transaction, after which what is on sale is read anew.
    async fn write<W: Save>(&self, name: &'static str, save: W) -> Result<(), StoreError> {
        let save = Arc::new(save);
        let written = self.database.write(name, move |transaction| {
            let save = Arc::clone(&save);
            Box::pin(async move { save.run(transaction).await })
        });
        let written = written.await;
        self.on_sale.forget();
        written
    }
}

/// What one transaction saves. May run several times.
trait Save: Send + Sync + 'static {
    fn run(&self, transaction: &DatabaseTransaction) -> impl Future<Output = Result<(), Refusal>> + Send;
}

/// One row.
struct Row<A> {
    row: A,
    /// The row as it was read; `None` if the row is new.
    guard: Option<Condition>,
}

impl<A: ActiveModelTrait + Send + Sync + 'static> Save for Row<A> {
    async fn run(&self, transaction: &DatabaseTransaction) -> Result<(), Refusal> {
        let Some(guard) = &self.guard else {
            A::Entity::insert(self.row.clone()).exec_without_returning(transaction).await?;
            return Ok(());
        };
        let update = A::Entity::update_many().set(self.row.clone()).filter(guard.clone());
        write::one(update.exec(transaction).await?.rows_affected)
    }
}

/// The revision of the row as it shall be.
fn next(read: Option<Revision>) -> i64 {
    read.map_or(1, |read| read.0 + 1)
}

/// Items to read: one more than are wanted shows whether there are others.
fn read_limit<K>(page: &PageRequest<K>) -> u64 {
    u64::from(page.limit) + 1
}

//! Sales.

use super::{Row, Save, SqlCatalogue};
use crate::sql::queues::operate;
use crate::sql::readers::sales::with_performances;
use crate::sql::rows::{sale, sale_performance};
use crate::sql::statements::Texts;
use crate::sql::write::Refusal;
use async_trait::async_trait;
use frontrow_application::port::{Revision, SaleRepository, StoreError, Stored};
use frontrow_domain::waiting_room::{Queue, QueueUpdate, SaleDates};
use frontrow_domain::{Sale, SaleId};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter};

#[async_trait]
impl SaleRepository for SqlCatalogue {
    async fn sale(&self, id: SaleId) -> Result<Option<Stored<Sale>>, StoreError> {
        // Ticks need it.
        let query = async {
            let Some(row) = sale::Entity::find_by_id(id.uuid()).one(self.database.booking_readers()).await? else {
                return Ok(None);
            };
            let revision = Revision(row.revision);
            let sales = with_performances(self.database.booking_readers(), self.database.texts(), vec![row]).await?;
            Ok(sales.into_iter().next().map(|value| Stored { value, revision }))
        };
        self.database.read("read sale", query).await
    }

    async fn save_sale(&self, sale: &Sale, read: Option<Revision>) -> Result<(), StoreError> {
        let follows = sale.waiting_room.is_some() && sale.published;
        let update = QueueUpdate::Sale { dates: SaleDates::of(sale), at: self.clock.now() };
        self.save(sale, read, follows.then_some(QueueStep::Follow(update))).await
    }

    async fn save_with_queue(&self, sale: &Sale, read: Revision, queue: &Queue) -> Result<(), StoreError> {
        self.save(sale, Some(read), Some(QueueStep::Open(Box::new(queue.clone())))).await
    }
}

impl SqlCatalogue {
    async fn save(&self, sale: &Sale, read: Option<Revision>, queue: Option<QueueStep>) -> Result<(), StoreError> {
        let row = sale::ActiveModel::try_from(sale).and_then(|row| Row::next(row, read));
        let row = row.map_err(|error| self.database.fault("save sale", &error))?;
        let performances = sale.performances.iter().map(|performance| sale_performance::ActiveModel {
            sale_id: Set(sale.id.uuid()),
            performance_id: Set(performance.uuid()),
        });
        let performances = performances.collect();
        self.write("save sale", SaveSale { row, sale: sale.id, performances, queue }).await
    }
}

/// What becomes of a sale's queue when the sale is saved.
enum QueueStep {
    Open(Box<Queue>),
    Follow(QueueUpdate),
}

struct SaveSale {
    row: Row<sale::ActiveModel>,
    sale: SaleId,
    performances: Vec<sale_performance::ActiveModel>,
    queue: Option<QueueStep>,
}

impl Save for SaveSale {
    async fn run(&self, transaction: &DatabaseTransaction, texts: &Texts) -> Result<(), Refusal> {
        self.row.run(transaction, texts).await?;
        let old = sale_performance::Column::SaleId.eq(self.sale.uuid());
        sale_performance::Entity::delete_many().filter(old).exec(transaction).await?;
        if let Some(new) = texts.inserting(&self.performances)? {
            transaction.execute_raw(new).await?;
        }
        // After the sale, whose row guards it: a tick locks its queue and no sale.
        match &self.queue {
            Some(QueueStep::Open(queue)) => operate::replace(transaction, queue).await,
            Some(QueueStep::Follow(update)) => operate::follow(transaction, self.sale, update).await,
            None => Ok(()),
        }
    }
}

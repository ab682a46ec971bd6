//! Sales.

use super::{Row, Save, SqlCatalogue};
use crate::sql::readers::sales::with_performances;
use crate::sql::rows::{sale, sale_performance};
use crate::sql::statements::Texts;
use crate::sql::write::Refusal;
use async_trait::async_trait;
use frontrow_application::port::{Revision, SaleRepository, StoreError, Stored};
use frontrow_domain::{Sale, SaleId};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use uuid::Uuid;

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
        let row = sale::ActiveModel::try_from(sale).and_then(|row| Row::next(row, read));
        let row = row.map_err(|error| self.database.fault("save sale", &error))?;
        let performances = sale.performances.iter().map(|performance| sale_performance::ActiveModel {
            sale_id: Set(sale.id.uuid()),
            performance_id: Set(performance.uuid()),
        });
        let performances = performances.collect();
        self.write("save sale", SaveSale { row, sale: sale.id.uuid(), performances }).await
    }
}

struct SaveSale {
    row: Row<sale::ActiveModel>,
    sale: Uuid,
    performances: Vec<sale_performance::ActiveModel>,
}

impl Save for SaveSale {
    async fn run(&self, transaction: &DatabaseTransaction, texts: &Texts) -> Result<(), Refusal> {
        self.row.run(transaction, texts).await?;
        let old = sale_performance::Column::SaleId.eq(self.sale);
        sale_performance::Entity::delete_many().filter(old).exec(transaction).await?;
        if let Some(new) = texts.inserting(&self.performances)? {
            transaction.execute_raw(new).await?;
        }
        Ok(())
    }
}

//! Sales.

use super::{Row, Save, SqlCatalogue, next};
use crate::sql::entity::{sale, sale_performance};
use crate::sql::write::Refusal;
use async_trait::async_trait;
use frontrow_application::port::{Revision, SaleRepository, StoreError, Stored};
use frontrow_domain::{PerformanceId, Sale, SaleId};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

#[async_trait]
impl SaleRepository for SqlCatalogue {
    async fn sale(&self, id: SaleId) -> Result<Option<Stored<Sale>>, StoreError> {
        let query = async {
            let Some(row) = sale::Entity::find_by_id(id.uuid()).one(self.database.readers()).await? else {
                return Ok(None);
            };
            let revision = Revision(row.revision);
            let sales = with_performances(self.database.readers(), vec![row]).await?;
            Ok(sales.into_iter().next().map(|value| Stored { value, revision }))
        };
        self.database.read("read sale", query).await
    }

    async fn save_sale(&self, sale: &Sale, read: Option<Revision>) -> Result<(), StoreError> {
        let row = row(sale, read).map_err(|error| self.database.fault("save sale", &error))?;
        let performances = sale.performances.iter().map(|performance| sale_performance::ActiveModel {
            sale_id: Set(sale.id.uuid()),
            performance_id: Set(performance.uuid()),
        });
        let performances = performances.collect();
        self.write("save sale", SaveSale { row, sale: sale.id.uuid(), performances }).await
    }
}

/// The sales of these rows, in the same order.
pub(in crate::sql) async fn with_performances(
    connection: &impl ConnectionTrait,
    rows: Vec<sale::Model>,
) -> Result<Vec<Sale>, DbErr> {
    let ids = rows.iter().map(|row| row.id);
    let query = sale_performance::Entity::find().filter(sale_performance::Column::SaleId.is_in(ids));
    let mut performances: BTreeMap<Uuid, BTreeSet<PerformanceId>> = BTreeMap::new();
    for row in query.all(connection).await? {
        performances.entry(row.sale_id).or_default().insert(PerformanceId::new(row.performance_id));
    }
    let sales = rows.into_iter().map(|row| {
        let performances = performances.remove(&row.id).unwrap_or_default();
        row.into_sale(performances)
    });
    sales.collect()
}

fn row(sale: &Sale, read: Option<Revision>) -> Result<Row<sale::ActiveModel>, DbErr> {
    let out_of_range = |error: std::num::TryFromIntError| DbErr::Custom(format!("sale {}: {error}", sale.id));
    let unwritable = |error: serde_json::Error| DbErr::Custom(format!("sale {}: {error}", sale.id));
    let waiting_room = sale.waiting_room.as_ref().map(serde_json::to_string).transpose().map_err(unwritable)?;
    let id = sale.id.uuid();
    let row = sale::ActiveModel {
        id: Set(id),
        name: Set(sale.name.clone()),
        opens: Set(sale.opens.micros()),
        closes: Set(sale.closes.micros()),
        pay_until: Set(sale.pay_until.micros()),
        cancel_until: Set(sale.cancel_until.micros()),
        limit_per_person: Set(sale.limit_per_person.try_into().map_err(out_of_range)?),
        hold_duration: Set(sale.hold_duration.as_micros().try_into().map_err(out_of_range)?),
        waiting_room: Set(waiting_room),
        published: Set(sale.published),
        revision: Set(next(read)),
    };
    let guard = |read: Revision| Condition::all().add(sale::Column::Id.eq(id)).add(sale::Column::Revision.eq(read.0));
    Ok(Row { row, guard: read.map(guard) })
}

struct SaveSale {
    row: Row<sale::ActiveModel>,
    sale: Uuid,
    performances: Vec<sale_performance::ActiveModel>,
}

impl Save for SaveSale {
    async fn run(&self, transaction: &DatabaseTransaction) -> Result<(), Refusal> {
        self.row.run(transaction).await?;
        let old = sale_performance::Column::SaleId.eq(self.sale);
        sale_performance::Entity::delete_many().filter(old).exec(transaction).await?;
        if !self.performances.is_empty() {
            let new = sale_performance::Entity::insert_many(self.performances.clone());
            new.exec_without_returning(transaction).await?;
        }
        Ok(())
    }
}

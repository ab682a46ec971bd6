//! What buyers ask for on every request, from memory for a second at most.

use super::SqlCatalogue;
use super::catalogue::with_performances;
use super::entity::{performance, sale, sale_performance, seat_map, venue};
use super::row::Reading;
use async_trait::async_trait;
use frontrow_application::port::{OnSale, OnSaleReader, StoreError};
use frontrow_domain::{Instant, Layout, Performance, PerformanceId, PerformanceStatus, SeatMap};
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, Select};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// How old an answer may be.
const FRESH: Duration = Duration::from_secs(1);
/// Performances in memory; more make it start again.
const MOST_ON_SALE: usize = 1000;
/// Layouts in memory, of up to some 20 MB each; more make it start again.
const MOST_LAYOUTS: usize = 32;

/// What was read lately.
#[derive(Default)]
pub(super) struct OnSaleCache {
    known: Mutex<Known>,
    /// One reads, the others wait for what it finds.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    on_sale: HashMap<PerformanceId, (Instant, Arc<OnSale>)>,
    /// Of frozen seat maps, so they are right for good.
    layouts: HashMap<(Uuid, i64), Arc<Layout>>,
    /// How often everything was forgotten: what was read before the last time is not to be kept.
    forgotten: u64,
}

impl OnSaleCache {
    /// Something was saved.
    pub(super) fn forget(&self) {
        let mut known = self.known();
        known.on_sale.clear();
        known.forgotten += 1;
    }

    fn fresh(&self, id: PerformanceId, now: Instant) -> Option<Arc<OnSale>> {
        let known = self.known();
        let (read, on_sale) = known.on_sale.get(&id)?;
        // A clock that was put back must not make an answer last.
        (*read <= now && now < *read + FRESH).then(|| Arc::clone(on_sale))
    }

    fn keep(&self, on_sale: &Arc<OnSale>, read: Instant, forgotten: u64) {
        let mut known = self.known();
        if known.forgotten != forgotten {
            return;
        }
        if known.on_sale.len() >= MOST_ON_SALE {
            known.on_sale.clear();
        }
        known.on_sale.insert(on_sale.performance.id, (read, Arc::clone(on_sale)));
    }

    fn keep_layout(&self, key: (Uuid, i64), layout: &Arc<Layout>) {
        let mut known = self.known();
        if known.layouts.len() >= MOST_LAYOUTS {
            known.layouts.clear();
        }
        known.layouts.insert(key, Arc::clone(layout));
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl OnSaleReader for SqlCatalogue {
    async fn on_sale(&self, performance: PerformanceId) -> Result<Option<Arc<OnSale>>, StoreError> {
        if let Some(on_sale) = self.on_sale.fresh(performance, self.clock.now()) {
            return Ok(Some(on_sale));
        }
        let _alone = self.on_sale.reading.lock().await;
        let now = self.clock.now();
        if let Some(on_sale) = self.on_sale.fresh(performance, now) {
            return Ok(Some(on_sale));
        }
        let forgotten = self.on_sale.known().forgotten;
        let on_sale = self.database.read("read what is on sale", self.read_on_sale(performance)).await?;
        let on_sale = on_sale.map(Arc::new);
        if let Some(on_sale) = &on_sale {
            self.on_sale.keep(on_sale, now, forgotten);
        }
        Ok(on_sale)
    }
}

impl SqlCatalogue {
    async fn read_on_sale(&self, id: PerformanceId) -> Result<Option<OnSale>, DbErr> {
        let readers = self.database.readers();
        let Some(row) = performance::Entity::find_by_id(id.uuid()).one(readers).await? else { return Ok(None) };
        let performance: Performance = row.try_into()?;
        if performance.status == PerformanceStatus::Draft {
            return Ok(None);
        }
        let venue = venue::Entity::find_by_id(performance.venue.uuid()).one(readers).await?;
        let venue = venue.ok_or_else(|| Reading::of("performance", id).error("its venue does not exist"))?.into();
        let layout = self.layout(&performance).await?;
        let sales = with_performances(readers, published_sales(id).all(readers).await?).await?;
        Ok(Some(OnSale { performance, venue, layout, sales }))
    }

    async fn layout(&self, performance: &Performance) -> Result<Arc<Layout>, DbErr> {
        let key = (performance.venue.uuid(), i64::from(performance.seat_map_version));
        if let Some(layout) = self.on_sale.known().layouts.get(&key) {
            return Ok(Arc::clone(layout));
        }
        let reading = Reading::of("performance", performance.id);
        let row = seat_map::Entity::find_by_id(key).one(self.database.readers()).await?;
        let map: SeatMap = row.ok_or_else(|| reading.error("its seat map does not exist"))?.try_into()?;
        let layout = Arc::new(map.layout().map_err(|flaws| reading.error(flaws))?);
        self.on_sale.keep_layout(key, &layout);
        Ok(layout)
    }
}

/// The published sales of a performance, by ascending opening.
pub(super) fn published_sales(performance: PerformanceId) -> Select<sale::Entity> {
    let of_performance = Query::select()
        .column(sale_performance::Column::SaleId)
        .from(sale_performance::Entity)
        .and_where(sale_performance::Column::PerformanceId.eq(performance.uuid()))
        .take();
    sale::Entity::find()
        .filter(sale::Column::Id.in_subquery(of_performance))
        .filter(sale::Column::Published.eq(true))
        .order_by_asc(sale::Column::Opens)
        .order_by_asc(sale::Column::Id)
}

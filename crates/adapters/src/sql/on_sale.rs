//! What buyers ask for on every request, from memory for a second at most.

use super::Database;
use super::SqlCatalogue;
use super::catalogue::with_performances;
use super::entity::{performance, sale, sale_performance, seat_map, venue};
use super::error::{RETRY_AFTER, transient};
use super::row::Reading;
use crate::deadline;
use crate::together::Together;
use async_trait::async_trait;
use frontrow_application::deadline::READ;
use frontrow_application::port::{OnSale, OnSaleReader, StoreError};
use frontrow_domain::{Instant, Layout, Performance, PerformanceId, PerformanceStatus, SeatMap};
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, Select};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::timeout_at;
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
}

#[derive(Default)]
struct Known {
    /// What is being read at this moment, for all who want it.
    reading: HashMap<PerformanceId, Reads>,
    on_sale: HashMap<PerformanceId, (Instant, Arc<OnSale>)>,
    /// Of frozen seat maps, so they are right for good.
    layouts: HashMap<(Uuid, i64), Arc<Layout>>,
    /// How often everything was forgotten: what was read before the last time is not to be kept.
    forgotten: u64,
}

/// One read, which everybody shares who asks before it ends.
struct Reads {
    begun: Instant,
    /// See [`Known::forgotten`]: who asks after something was saved must see it.
    forgotten: u64,
    found: Together<Option<Arc<OnSale>>>,
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
        let now = self.clock.now();
        if let Some(on_sale) = self.on_sale.fresh(performance, now) {
            return Ok(Some(on_sale));
        }
        let begun = tokio::time::Instant::now();
        let found = self.on_sale.read(&self.database, performance, now);
        match timeout_at(deadline::until(READ), found.outcome()).await {
            Ok(found) => found.unwrap_or(Err(StoreError::Unavailable { retry_after: RETRY_AFTER })),
            Err(_) => Err(transient(self.database.late("wait for what is on sale", begun))),
        }
    }
}

impl OnSaleCache {
    /// The read that is going on, or a new one.
    fn read(
        self: &Arc<Self>,
        database: &Arc<Database>,
        id: PerformanceId,
        now: Instant,
    ) -> Together<Option<Arc<OnSale>>> {
        let mut known = self.known();
        let forgotten = known.forgotten;
        known.reading.retain(|_, reads| reads.found.goes_on());
        let going_on = known.reading.get(&id).filter(|reads| {
            // What it finds may be used for as long as if it were kept.
            reads.forgotten == forgotten && reads.begun <= now && now < reads.begun + FRESH
        });
        if let Some(going_on) = going_on {
            return going_on.found.clone();
        }
        let (cache, of) = (Arc::clone(self), Arc::clone(database));
        let found = Together::begin(database.runtime(), async move {
            let found = of.read("read what is on sale", read_on_sale(&of, &cache, id)).await?.map(Arc::new);
            if let Some(on_sale) = &found {
                cache.keep(on_sale, now, forgotten);
            }
            Ok(found)
        });
        known.reading.insert(id, Reads { begun: now, forgotten, found: found.clone() });
        found
    }
}

async fn read_on_sale(database: &Database, cache: &OnSaleCache, id: PerformanceId) -> Result<Option<OnSale>, DbErr> {
    let readers = database.readers();
    let Some(row) = performance::Entity::find_by_id(id.uuid()).one(readers).await? else { return Ok(None) };
    let performance: Performance = row.try_into()?;
    if performance.status == PerformanceStatus::Draft {
        return Ok(None);
    }
    let venue = venue::Entity::find_by_id(performance.venue.uuid()).one(readers).await?;
    let venue = venue.ok_or_else(|| Reading::of("performance", id).error("its venue does not exist"))?.into();
    let layout = read_layout(database, cache, &performance).await?;
    let sales = with_performances(readers, published_sales(id).all(readers).await?).await?;
    Ok(Some(OnSale { performance, venue, layout, sales }))
}

async fn read_layout(
    database: &Database,
    cache: &OnSaleCache,
    performance: &Performance,
) -> Result<Arc<Layout>, DbErr> {
    let key = (performance.venue.uuid(), i64::from(performance.seat_map_version));
    if let Some(layout) = cache.known().layouts.get(&key) {
        return Ok(Arc::clone(layout));
    }
    let reading = Reading::of("performance", performance.id);
    let row = seat_map::Entity::find_by_id(key).one(database.readers()).await?;
    let map: SeatMap = row.ok_or_else(|| reading.error("its seat map does not exist"))?.try_into()?;
    let layout = Arc::new(map.layout().map_err(|flaws| reading.error(flaws))?);
    cache.keep_layout(key, &layout);
    Ok(layout)
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

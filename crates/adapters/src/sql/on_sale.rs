//! What buyers ask for on every request, from memory for a second at most.

use super::Database;
use super::catalogue::performances;
use super::readers::sales::{published_sales, with_performances};
use super::reading::ReadPool;
use super::rows::Reading;
use super::rows::{concert, performance, seat_map, venue};
use crate::recent_reads::RecentReads;
use frontrow_application::port::{OnSale, StoreError};
use frontrow_domain::{ConcertId, Instant, Layout, Performance, PerformanceId, PerformanceStatus, SeatMap};
use parking_lot::Mutex;
use quick_cache::unsync::Cache;
use sea_orm::{DbErr, EntityTrait};
use std::sync::Arc;
use uuid::Uuid;

/// Layouts in memory, of up to some 20 MB each; beyond that, those that nobody asks for are forgotten.
const MAX_LAYOUTS: usize = 32;

/// Whose connections a read takes. What both find is kept in one memory, but a buyer who holds seats doesn't wait for a
/// read that waits for its turn behind the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum ReadFor {
    Booking,
    Browsing,
}

impl ReadFor {
    fn readers(self, database: &Database) -> &ReadPool {
        match self {
            Self::Booking => database.booking_readers(),
            Self::Browsing => database.browsing_readers(),
        }
    }
}

/// What was read lately.
pub(super) struct OnSaleCache {
    performances: Arc<RecentReads<PerformanceId, OnSale, ReadFor>>,
    /// Public performances of concerts, by ascending id.
    of_concerts: Arc<RecentReads<ConcertId, Vec<PerformanceId>, ReadFor>>,
    /// Of frozen seat maps, so they are right for good.
    layouts: Mutex<Cache<(Uuid, i64), Arc<Layout>>>,
}

impl Default for OnSaleCache {
    fn default() -> Self {
        Self { performances: Arc::default(), of_concerts: Arc::default(), layouts: Mutex::new(Cache::new(MAX_LAYOUTS)) }
    }
}

impl OnSaleCache {
    /// Something was saved.
    pub(super) fn forget(&self) {
        self.performances.forget();
        self.of_concerts.forget();
    }

    pub(super) async fn performance(
        self: &Arc<Self>,
        database: &Arc<Database>,
        read_for: ReadFor,
        id: PerformanceId,
        now: Instant,
    ) -> Result<Option<Arc<OnSale>>, StoreError> {
        let (cache, of) = (Arc::clone(self), Arc::clone(database));
        let read =
            move || async move { of.read("read what is on sale", read_on_sale(&of, read_for, &cache, id)).await };
        let late = |begun| database.late("wait for what is on sale", begun);
        self.performances.find(database.runtime(), (id, read_for), now, read, late).await
    }

    pub(super) async fn of_concert(
        self: &Arc<Self>,
        database: &Arc<Database>,
        id: ConcertId,
        now: Instant,
    ) -> Result<Option<Arc<Vec<PerformanceId>>>, StoreError> {
        let of = Arc::clone(database);
        let read = move || async move { of.read("list performances", read_performances_of(&of, id)).await };
        let late = |begun| database.late("wait for a list of performances", begun);
        self.of_concerts.find(database.runtime(), (id, ReadFor::Browsing), now, read, late).await
    }

    fn layout(&self, key: (Uuid, i64)) -> Option<Arc<Layout>> {
        self.layouts.lock().get(&key).cloned()
    }
}

async fn read_performances_of(database: &Database, id: ConcertId) -> Result<Option<Vec<PerformanceId>>, DbErr> {
    let readers = ReadFor::Browsing.readers(database);
    let ids: Vec<Uuid> = performances::list(id).into_tuple().all(readers).await?;
    if ids.is_empty() && concert::Entity::find_by_id(id.uuid()).one(readers).await?.is_none() {
        return Ok(None);
    }
    Ok(Some(ids.into_iter().map(PerformanceId::new).collect()))
}

async fn read_on_sale(
    database: &Database,
    read_for: ReadFor,
    cache: &OnSaleCache,
    id: PerformanceId,
) -> Result<Option<OnSale>, DbErr> {
    let readers = read_for.readers(database);
    let Some(row) = performance::Entity::find_by_id(id.uuid()).one(readers).await? else { return Ok(None) };
    let performance: Performance = row.try_into()?;
    if performance.status == PerformanceStatus::Draft {
        return Ok(None);
    }
    let venue = venue::Entity::find_by_id(performance.venue.uuid()).one(readers).await?;
    let venue = venue.ok_or_else(|| Reading::of("performance", id).error("its venue does not exist"))?.into();
    let layout = read_layout(readers, cache, &performance).await?;
    let sales = published_sales(id).all(readers).await?;
    let sales = with_performances(readers, database.texts(), sales).await?;
    Ok(Some(OnSale { performance, venue, layout, sales }))
}

async fn read_layout(readers: &ReadPool, cache: &OnSaleCache, performance: &Performance) -> Result<Arc<Layout>, DbErr> {
    let key = (performance.venue.uuid(), i64::from(performance.seat_map_version));
    if let Some(layout) = cache.layout(key) {
        return Ok(layout);
    }
    let reading = Reading::of("performance", performance.id);
    let row = seat_map::Entity::find_by_id(key).one(readers).await?;
    let map: SeatMap = row.ok_or_else(|| reading.error("its seat map does not exist"))?.try_into()?;
    let layout = Arc::new(map.layout().map_err(|flaws| reading.error(flaws))?);
    cache.layouts.lock().insert(key, Arc::clone(&layout));
    Ok(layout)
}

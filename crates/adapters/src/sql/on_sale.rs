//! What buyers ask for on every request, from memory for a second at most.

use super::Database;
use super::dialect::class::RETRY_AFTER;
use super::readers::sales::{published_sales, with_performances};
use super::reading::ReadPool;
use super::rows::Reading;
use super::rows::{performance, seat_map, venue};
use crate::deadline;
use crate::shared_read::SharedRead;
use frontrow_application::Outage;
use frontrow_application::deadline::READ;
use frontrow_application::port::{OnSale, StoreError};
use frontrow_domain::{Instant, Layout, Performance, PerformanceId, PerformanceStatus, SeatMap};
use parking_lot::{Mutex, MutexGuard};
use quick_cache::unsync::Cache;
use sea_orm::{DbErr, EntityTrait};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout_at;
use uuid::Uuid;

/// How old an answer may be.
const FRESH: Duration = Duration::from_secs(1);
/// Performances in memory; beyond that, those that nobody asks for are forgotten.
const MAX_ON_SALE: usize = 1000;
/// Layouts in memory, of up to some 20 MB each; beyond that, those that nobody asks for are forgotten.
const MAX_LAYOUTS: usize = 32;

/// What was read lately.
#[derive(Default)]
pub(super) struct OnSaleCache {
    known: Mutex<Known>,
}

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

struct Known {
    /// What is being read at this moment, for all who want it.
    reading: HashMap<(PerformanceId, ReadFor), Reads>,
    on_sale: Cache<PerformanceId, (Instant, Arc<OnSale>)>,
    /// When there was none of that id, or it was a draft. Apart, so that those who guess ids drive nothing out that is on sale.
    absent: Cache<PerformanceId, Instant>,
    /// Of frozen seat maps, so they are right for good.
    layouts: Cache<(Uuid, i64), Arc<Layout>>,
    /// How often everything was forgotten: what was read before the last time is not to be kept.
    forgotten: u64,
}

/// One read, which everybody shares who asks before it ends.
struct Reads {
    begun: Instant,
    /// See [`OnSaleCache::forgotten`]: whoever asks after something was saved must see it.
    forgotten: u64,
    found: SharedRead<Option<Arc<OnSale>>>,
}

/// What is known without a read.
enum Fresh {
    Found(Option<Arc<OnSale>>),
    Unknown,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            reading: HashMap::new(),
            on_sale: Cache::new(MAX_ON_SALE),
            absent: Cache::new(MAX_ON_SALE),
            layouts: Cache::new(MAX_LAYOUTS),
            forgotten: 0,
        }
    }
}

impl OnSaleCache {
    /// Something was saved.
    pub(super) fn forget(&self) {
        let mut known = self.known();
        known.on_sale.clear();
        known.absent.clear();
        known.forgotten += 1;
    }

    /// What was read less than a second ago, if anything was.
    fn fresh(&self, id: PerformanceId, now: Instant) -> Fresh {
        let known = self.known();
        // A clock that was put back must not make an answer last.
        let is_fresh = |read: Instant| read <= now && now < read + FRESH;
        match known.on_sale.get(&id) {
            Some((read, on_sale)) if is_fresh(*read) => Fresh::Found(Some(Arc::clone(on_sale))),
            _ if known.absent.get(&id).is_some_and(|read| is_fresh(*read)) => Fresh::Found(None),
            _ => Fresh::Unknown,
        }
    }

    fn keep(&self, id: PerformanceId, found: Option<&Arc<OnSale>>, read: Instant, forgotten: u64) {
        let mut known = self.known();
        if known.forgotten != forgotten {
            return;
        }
        match found {
            Some(on_sale) => known.on_sale.insert(id, (read, Arc::clone(on_sale))),
            None => known.absent.insert(id, read),
        }
    }

    fn keep_layout(&self, key: (Uuid, i64), layout: &Arc<Layout>) {
        self.known().layouts.insert(key, Arc::clone(layout));
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock()
    }
}

impl OnSaleCache {
    pub(super) async fn find(
        self: &Arc<Self>,
        database: &Arc<Database>,
        read_for: ReadFor,
        performance: PerformanceId,
        now: Instant,
    ) -> Result<Option<Arc<OnSale>>, StoreError> {
        if let Fresh::Found(found) = self.fresh(performance, now) {
            return Ok(found);
        }
        let begun = tokio::time::Instant::now();
        let found = self.read(database, read_for, performance, now);
        match timeout_at(deadline::until(READ), found.outcome()).await {
            Ok(found) => found.unwrap_or(Err(StoreError::Outage(Outage::Unavailable { retry_after: RETRY_AFTER }))),
            Err(_) => Err(database.late("wait for what is on sale", begun).into()),
        }
    }

    /// The read that is going on, or a new one.
    fn read(
        self: &Arc<Self>,
        database: &Arc<Database>,
        read_for: ReadFor,
        id: PerformanceId,
        now: Instant,
    ) -> SharedRead<Option<Arc<OnSale>>> {
        let mut known = self.known();
        let forgotten = known.forgotten;
        known.reading.retain(|_, reads| reads.found.goes_on());
        let going_on = known.reading.get(&(id, read_for)).filter(|reads| {
            // What it finds may be used for as long as if it were kept.
            reads.forgotten == forgotten && reads.begun <= now && now < reads.begun + FRESH
        });
        if let Some(going_on) = going_on {
            return going_on.found.clone();
        }
        let (cache, of) = (Arc::clone(self), Arc::clone(database));
        let found = SharedRead::begin(database.runtime(), async move {
            let found = of.read("read what is on sale", read_on_sale(&of, read_for, &cache, id)).await?;
            let found = found.map(Arc::new);
            cache.keep(id, found.as_ref(), now, forgotten);
            Ok(found)
        });
        known.reading.insert((id, read_for), Reads { begun: now, forgotten, found: found.clone() });
        found
    }
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
    if let Some(layout) = cache.known().layouts.get(&key) {
        return Ok(Arc::clone(layout));
    }
    let reading = Reading::of("performance", performance.id);
    let row = seat_map::Entity::find_by_id(key).one(readers).await?;
    let map: SeatMap = row.ok_or_else(|| reading.error("its seat map does not exist"))?.try_into()?;
    let layout = Arc::new(map.layout().map_err(|flaws| reading.error(flaws))?);
    cache.keep_layout(key, &layout);
    Ok(layout)
}

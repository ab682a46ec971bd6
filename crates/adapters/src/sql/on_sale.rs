//! What buyers ask for on every request, from memory for a second at most.

use super::Database;
use super::catalogue::performances;
use super::layouts::Layouts;
use super::readers::sales::published_sales;
use super::reading::ReadPool;
use super::rows::Reading;
use super::rows::{concert, performance, seat_map, venue};
use crate::recent_reads::RecentReads;
use frontrow_application::port::{OnSale, StoreError};
use frontrow_domain::{
    ConcertId, Instant, Layout, Performance, PerformanceId, PerformanceStatus, Sale, SeatMap, Venue,
};
use sea_orm::{DbErr, EntityTrait};
use std::sync::Arc;
use uuid::Uuid;

/// Whose connections a read takes. What both find is kept in one memory, but a buyer who holds seats doesn't wait for a
/// read that waits for its turn behind the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum ReadFor {
    Booking,
    Browsing,
}

impl ReadFor {
    pub(super) fn readers(self, database: &Database) -> &ReadPool {
        match self {
            Self::Booking => database.booking_readers(),
            Self::Browsing => database.browsing_readers(),
        }
    }
}

/// What was read lately.
#[derive(Default)]
pub(super) struct OnSaleCache {
    performances: Arc<RecentReads<PerformanceId, OnSale, ReadFor>>,
    /// Public performances of concerts, by ascending id.
    of_concerts: Arc<RecentReads<ConcertId, Vec<PerformanceId>, ReadFor>>,
    layouts: Arc<Layouts<ReadFor>>,
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
        let read = move || async move { cache.read(&of, read_for, id).await };
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

    async fn read(
        &self,
        database: &Arc<Database>,
        read_for: ReadFor,
        id: PerformanceId,
    ) -> Result<Option<OnSale>, StoreError> {
        let found = database.read("read what is on sale", read_public(database, read_for, id)).await?;
        let Some((performance, venue, sales)) = found else { return Ok(None) };
        let layout = self.layout(database, read_for, &performance).await?;
        Ok(Some(OnSale { performance, venue, layout, sales }))
    }

    async fn layout(
        &self,
        database: &Arc<Database>,
        read_for: ReadFor,
        performance: &Performance,
    ) -> Result<Arc<Layout>, StoreError> {
        const NAME: &str = "read a seat map";
        let key = (performance.venue.uuid(), i64::from(performance.seat_map_version));
        let (id, of, tells) = (performance.id, Arc::clone(database), Arc::clone(database));
        let read = move || async move {
            let row = seat_map::Entity::find_by_id(key).one(read_for.readers(&of));
            of.read(NAME, row).await
        };
        let parse = move |row| layout_of(id, row).map_err(|error| tells.fault(NAME, &error));
        self.layouts.find(database.runtime(), (key, read_for), read, parse).await
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

/// What there is to know of a public performance, but for its layout.
async fn read_public(
    database: &Database,
    read_for: ReadFor,
    id: PerformanceId,
) -> Result<Option<(Performance, Venue, Vec<Sale>)>, DbErr> {
    let readers = read_for.readers(database);
    let found = performance::Entity::find_by_id(id.uuid()).find_also_related(venue::Entity).one(readers).await?;
    let Some((row, venue)) = found else { return Ok(None) };
    let performance: Performance = row.try_into()?;
    if performance.status == PerformanceStatus::Draft {
        return Ok(None);
    }
    let venue = venue.ok_or_else(|| Reading::of("performance", id).error("its venue does not exist"))?.try_into()?;
    let sales = published_sales(id).all(readers).await?.into_iter().map(|(sale, performances)| {
        let performances = performances.into_iter().map(|row| PerformanceId::new(row.performance_id));
        sale.into_sale(performances.collect())
    });
    Ok(Some((performance, venue, sales.collect::<Result<_, _>>()?)))
}

fn layout_of(performance: PerformanceId, row: Option<seat_map::Model>) -> Result<Layout, DbErr> {
    let reading = Reading::of("performance", performance);
    let map: SeatMap = row.ok_or_else(|| reading.error("its seat map does not exist"))?.try_into()?;
    map.layout().map_err(|flaws| reading.error(flaws))
}

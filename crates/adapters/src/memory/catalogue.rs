//! The in-memory catalogue.

use super::Memory;
use super::state::{Catalogue, Table};
use async_trait::async_trait;
use frontrow_application::FaultId;
use frontrow_application::port::{
    ConcertRepository, OnSale, OnSaleReader, PerformanceRepository, Programme, ProgrammeReader, Revision,
    SaleRepository, StoreError, Stored, StoredSeatMap, VenueRepository,
};
use frontrow_domain::waiting_room::{Queue, QueueUpdate, SaleDates};
use frontrow_domain::{
    Concert, ConcertId, Invalid, Layout, Performance, PerformanceId, PerformanceStatus, Sale, SaleId, Seat, SeatKey,
    SeatMap, SeatNumber, SeatState, Venue, VenueId, Version,
};
use std::collections::BTreeSet;
use std::sync::Arc;

fn revision<K: Ord, V>(table: &Table<K, V>, key: &K) -> Option<Revision> {
    table.get(key).map(|stored| stored.revision)
}

fn save<K: Ord, V: Clone>(
    table: &mut Table<K, V>,
    key: K,
    value: &V,
    read: Option<Revision>,
) -> Result<(), StoreError> {
    if revision(table, &key) != read {
        return Err(StoreError::Stale);
    }
    let revision = Revision(read.map_or(1, |read| read.0 + 1));
    table.insert(key, Stored { value: value.clone(), revision });
    Ok(())
}

#[async_trait]
impl VenueRepository for Memory {
    async fn venue(&self, id: VenueId) -> Result<Option<Stored<Venue>>, StoreError> {
        Ok(self.state().catalogue.venues.get(&id).cloned())
    }

    async fn save_venue(&self, venue: &Venue, read: Option<Revision>) -> Result<(), StoreError> {
        save(&mut self.state().catalogue.changed().venues, venue.id, venue, read)
    }

    async fn seat_map(&self, venue: VenueId, version: u32) -> Result<Option<StoredSeatMap>, StoreError> {
        let catalogue = &self.state().catalogue;
        let stored = catalogue.seat_maps.get(&(venue, version)).cloned();
        let frozen = catalogue.frozen.contains(&(venue, version));
        Ok(stored.map(|Stored { value, revision }| StoredSeatMap { map: value, revision, frozen }))
    }

    async fn save_seat_map(&self, map: &SeatMap, read: Option<Revision>) -> Result<(), StoreError> {
        let catalogue = &mut self.state().catalogue;
        let key = (map.venue, map.version);
        if catalogue.frozen.contains(&key) {
            return Err(StoreError::Stale);
        }
        save(&mut catalogue.seat_maps, key, map, read)?;
        catalogue.layouts.remove(&key);
        Ok(())
    }
}

#[async_trait]
impl ConcertRepository for Memory {
    async fn concert(&self, id: ConcertId) -> Result<Option<Stored<Concert>>, StoreError> {
        Ok(self.state().catalogue.concerts.get(&id).cloned())
    }

    async fn save_concert(&self, concert: &Concert, read: Option<Revision>) -> Result<(), StoreError> {
        save(&mut self.state().catalogue.changed().concerts, concert.id, concert, read)
    }
}

#[async_trait]
impl PerformanceRepository for Memory {
    async fn performance(&self, id: PerformanceId) -> Result<Option<Stored<Performance>>, StoreError> {
        Ok(self.state().catalogue.performances.get(&id).cloned())
    }

    async fn save_performance(&self, performance: &Performance, read: Option<Revision>) -> Result<(), StoreError> {
        let catalogue = &mut self.state().catalogue;
        save(&mut catalogue.changed().performances, performance.id, performance, read)?;
        if performance.status == PerformanceStatus::Cancelled {
            catalogue.owing.insert(performance.id);
        }
        Ok(())
    }

    async fn publish(
        &self,
        performance: &Performance,
        read: Revision,
        map: Revision,
        seat_count: u32,
        blocked: &BTreeSet<SeatNumber>,
    ) -> Result<(), StoreError> {
        let state = &mut *self.state();
        let map_key = (performance.venue, performance.seat_map_version);
        let first = SeatKey { performance: performance.id, number: SeatNumber::FIRST };
        if revision(&state.catalogue.seat_maps, &map_key) != Some(map) || state.bookings.seats.contains_key(&first) {
            return Err(StoreError::Stale);
        }
        save(&mut state.catalogue.changed().performances, performance.id, performance, Some(read))?;
        state.catalogue.frozen.insert(map_key);
        for number in (1..=seat_count).filter_map(SeatNumber::new) {
            let key = SeatKey { performance: performance.id, number };
            let seat_state = if blocked.contains(&number) { SeatState::Blocked } else { SeatState::Free };
            state.bookings.seats.insert(key, Seat { key, state: seat_state, version: Version::FIRST });
        }
        Ok(())
    }

    async fn next_owing(&self, after: Option<PerformanceId>) -> Result<Option<PerformanceId>, StoreError> {
        let state = self.state();
        let mut owing = state.catalogue.owing.iter();
        Ok(owing.find(|id| after.is_none_or(|after| **id > after)).copied())
    }

    async fn owes_nothing(&self, id: PerformanceId) -> Result<(), StoreError> {
        self.state().catalogue.owing.remove(&id);
        Ok(())
    }
}

#[async_trait]
impl SaleRepository for Memory {
    async fn sale(&self, id: SaleId) -> Result<Option<Stored<Sale>>, StoreError> {
        Ok(self.state().catalogue.sales.get(&id).cloned())
    }

    async fn save_sale(&self, sale: &Sale, read: Option<Revision>) -> Result<(), StoreError> {
        let at = self.clock.now();
        let state = &mut *self.state();
        save(&mut state.catalogue.changed().sales, sale.id, sale, read)?;
        if let Some(queue) = state.rooms.queues.get_mut(&sale.id).filter(|_| sale.published)
            && let Ok(next) = queue.update(&QueueUpdate::Sale { dates: SaleDates::of(sale), at })
        {
            *queue = next;
        }
        Ok(())
    }

    async fn save_with_queue(&self, sale: &Sale, read: Revision, queue: &Queue) -> Result<(), StoreError> {
        let state = &mut *self.state();
        save(&mut state.catalogue.changed().sales, sale.id, sale, Some(read))?;
        let known = state.rooms.queues.get(&sale.id);
        let version = known.map_or(queue.version, |known| known.version.next());
        state.rooms.queues.insert(sale.id, Queue { version, ..queue.clone() });
        Ok(())
    }
}

#[async_trait]
impl OnSaleReader for Memory {
    async fn on_sale(&self, performance: PerformanceId) -> Result<Option<Arc<OnSale>>, StoreError> {
        let read = self.state().catalogue.on_sale(performance);
        read.map_err(|cause| {
            let fault = FaultId(self.ids.id());
            tracing::error!(%fault, %performance, %cause, "a performance's seat map can't be read");
            StoreError::Fault(fault)
        })
    }

    async fn performances_of(&self, concert: ConcertId) -> Result<Option<Arc<Vec<PerformanceId>>>, StoreError> {
        let catalogue = &self.state().catalogue;
        let of_concert = catalogue.public().filter(|performance| performance.concert == concert).map(|p| p.id);
        Ok(catalogue.concerts.contains_key(&concert).then(|| Arc::new(of_concert.collect())))
    }
}

#[async_trait]
impl ProgrammeReader for Memory {
    async fn programme(&self) -> Result<Arc<Programme>, StoreError> {
        let catalogue = &mut self.state().catalogue;
        if let Some(known) = &catalogue.known {
            return Ok(Arc::clone(known));
        }
        let programme = Programme::of(
            values(&catalogue.concerts),
            values(&catalogue.performances),
            values(&catalogue.venues),
            values(&catalogue.sales),
        );
        let programme = Arc::new(programme);
        catalogue.known = Some(Arc::clone(&programme));
        Ok(programme)
    }
}

fn values<K, V: Clone>(table: &Table<K, V>) -> impl Iterator<Item = V> {
    table.values().map(|stored| stored.value.clone())
}

impl Catalogue {
    /// Something is about to be saved.
    fn changed(&mut self) -> &mut Self {
        self.known = None;
        self
    }

    /// Performances that are not drafts, by ascending id.
    fn public(&self) -> impl Iterator<Item = &Performance> {
        self.performances.values().map(|stored| &stored.value).filter(|p| p.status != PerformanceStatus::Draft)
    }

    fn on_sale(&mut self, id: PerformanceId) -> Result<Option<Arc<OnSale>>, Invalid> {
        let performance = self.performances.get(&id).map(|stored| stored.value.clone());
        let Some(performance) = performance.filter(|p| p.status != PerformanceStatus::Draft) else { return Ok(None) };
        let venue = self.venues.get(&performance.venue).map(|stored| stored.value.clone());
        let layout = self.layout(performance.venue, performance.seat_map_version)?;
        let (Some(venue), Some(layout)) = (venue, layout) else { return Ok(None) };
        let sales = self.sales.values().map(|stored| &stored.value);
        let mut sales: Vec<Sale> =
            sales.filter(|sale| sale.published && sale.performances.contains(&id)).cloned().collect();
        sales.sort_by_key(|sale| sale.opens);
        Ok(Some(Arc::new(OnSale { performance, venue, layout, sales })))
    }

    /// Numbering a large map takes long, so it is done once.
    fn layout(&mut self, venue: VenueId, version: u32) -> Result<Option<Arc<Layout>>, Invalid> {
        let key = (venue, version);
        if let Some(layout) = self.layouts.get(&key) {
            return Ok(Some(Arc::clone(layout)));
        }
        let Some(map) = self.seat_maps.get(&key) else { return Ok(None) };
        let layout = Arc::new(map.value.layout()?);
        self.layouts.insert(key, Arc::clone(&layout));
        Ok(Some(layout))
    }
}

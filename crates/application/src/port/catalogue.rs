//! What is on, where, when and at what price.

use super::StoreError;
use async_trait::async_trait;
use frontrow_domain::waiting_room::Queue;
use frontrow_domain::{
    Concert, ConcertId, Layout, Performance, PerformanceId, Reservation, Sale, SaleId, SaleTerms, SeatLabel, SeatMap,
    SeatNumber, Venue, VenueId,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How often a row of the catalogue has been saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revision(pub i64);

/// A row of the catalogue as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored<T> {
    /// The row.
    pub value: T,
    /// Saving it names this.
    pub revision: Revision,
}

/// A seat map as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSeatMap {
    /// The map.
    pub map: SeatMap,
    /// Saving it names this.
    pub revision: Revision,
    /// Whether a published performance uses it, so that it never changes again.
    pub frozen: bool,
}

/// Keeps venues and their seat maps. Every `save` names the revision that was read (`None`: the row is new) and is
/// [`StoreError::Stale`] if the row has been saved, made or frozen since.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait VenueRepository: Send + Sync {
    /// By id.
    async fn venue(&self, id: VenueId) -> Result<Option<Stored<Venue>>, StoreError>;

    /// Adds or replaces.
    async fn save_venue(&self, venue: &Venue, read: Option<Revision>) -> Result<(), StoreError>;

    /// By venue and version.
    async fn seat_map(&self, venue: VenueId, version: u32) -> Result<Option<StoredSeatMap>, StoreError>;

    /// Adds or replaces.
    async fn save_seat_map(&self, map: &SeatMap, read: Option<Revision>) -> Result<(), StoreError>;
}

/// Keeps concerts. `save` as in [`VenueRepository`].
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait ConcertRepository: Send + Sync {
    /// By id.
    async fn concert(&self, id: ConcertId) -> Result<Option<Stored<Concert>>, StoreError>;

    /// Adds or replaces.
    async fn save_concert(&self, concert: &Concert, read: Option<Revision>) -> Result<(), StoreError>;
}

/// Keeps performances. `save` as in [`VenueRepository`].
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait PerformanceRepository: Send + Sync {
    /// By id.
    async fn performance(&self, id: PerformanceId) -> Result<Option<Stored<Performance>>, StoreError>;

    /// Adds or replaces.
    async fn save_performance(&self, performance: &Performance, read: Option<Revision>) -> Result<(), StoreError>;

    /// Publishes a draft, whole: saves it (it says that it is published), makes its seats 1 to `seat_count` (all free but
    /// those `blocked`), and freezes its seat map, which is [`StoreError::Stale`] if it is not at the revision `map`.
    async fn publish(
        &self,
        performance: &Performance,
        read: Revision,
        map: Revision,
        seat_count: u32,
        blocked: &BTreeSet<SeatNumber>,
    ) -> Result<(), StoreError>;

    /// The first performance after that one, by ascending id, that was saved as cancelled, and that nobody has said since
    /// [owes nothing](PerformanceRepository::owes_nothing).
    async fn next_owing(&self, after: Option<PerformanceId>) -> Result<Option<PerformanceId>, StoreError>;

    /// Says that everybody has been given back what they paid for it. The row keeps its revision.
    async fn owes_nothing(&self, id: PerformanceId) -> Result<(), StoreError>;
}

/// Keeps sales. `save` as in [`VenueRepository`]. What is saved of a sale and what becomes of its queue is one change:
/// both happen, or neither does.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait SaleRepository: Send + Sync {
    /// By id.
    async fn sale(&self, id: SaleId) -> Result<Option<Stored<Sale>>, StoreError>;

    /// Adds or replaces. If the sale has a queue, the queue follows its dates
    /// ([`QueueUpdate::Sale`](frontrow_domain::waiting_room::QueueUpdate::Sale)).
    async fn save_sale(&self, sale: &Sale, read: Option<Revision>) -> Result<(), StoreError>;

    /// Saves a sale that becomes public, and opens this queue for it; one that was left there before the sale was public
    /// is replaced. Where no sale has a waiting room it can be left out.
    async fn save_with_queue(&self, sale: &Sale, read: Revision, queue: &Queue) -> Result<(), StoreError> {
        let _ = queue;
        self.save_sale(sale, Some(read)).await
    }
}

/// A public performance with all that a buyer needs to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnSale {
    /// The performance; never a draft.
    pub performance: Performance,
    /// The building it takes place in.
    pub venue: Venue,
    /// Its seats; they never change.
    pub layout: Arc<Layout>,
    /// Its published sales, by ascending opening.
    pub sales: Vec<Sale>,
}

impl OnSale {
    /// The terms of the sale that the reservation was held under; `None` if it isn't among them.
    pub fn terms_of(&self, reservation: &Reservation) -> Option<SaleTerms> {
        let sale = self.sales.iter().find(|sale| sale.id == reservation.sale)?;
        Some(sale.terms_for(&self.performance))
    }

    /// The labels of seats, in their order.
    pub fn labels(&self, numbers: impl IntoIterator<Item = SeatNumber>) -> Vec<SeatLabel> {
        let positions = numbers.into_iter().filter_map(|number| self.layout.position(number));
        positions.map(|position| position.label.clone()).collect()
    }
}

/// Reads what buyers ask for on every request. May answer from a cache that is a second old.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait OnSaleReader: Send + Sync {
    /// The performance, unless it is a draft. As long as it has not been read again, the answer is the same `Arc`.
    async fn on_sale(&self, performance: PerformanceId) -> Result<Option<Arc<OnSale>>, StoreError>;

    /// The ids of a concert's performances that are not drafts, ascending; `None` if there is no such concert. Where nobody
    /// lists performances by concert it can be left out.
    async fn performances_of(&self, concert: ConcertId) -> Result<Option<Arc<Vec<PerformanceId>>>, StoreError> {
        let _ = concert;
        Ok(None)
    }
}

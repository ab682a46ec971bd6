//! Looking at performances.

use crate::port::{Clock, OnSale, OnSaleReader};
use crate::{Error, Missing, Page, PageRequest, PerformanceSeats, ShowAvailability};
use frontrow_domain::{ConcertId, Instant, PerformanceId, PublicStatus, Sale};
use futures_util::future::join_all;
use std::sync::Arc;

/// A performance as buyers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PerformanceView {
    /// The performance, its venue, its sales and its seats.
    pub of: PerformanceSeats,
    /// Whether it can be booked.
    pub status: PublicStatus,
    /// The moment that it was looked at.
    pub at: Instant,
    /// The first moment at which the same data would be seen another way, because a sale opens or closes, or because it
    /// isn't sold any longer; [`Instant::LAST`] if there is none.
    pub until: Instant,
}

impl PerformanceView {
    fn new(of: PerformanceSeats, at: Instant) -> Self {
        let (performance, sales) = (&of.on_sale.performance, &of.on_sale.sales);
        let status = PublicStatus::of(performance, sales, of.available(), at);
        let changes = sales.iter().flat_map(|sale| [sale.opens, sale.closes]).chain([performance.sold_until()]);
        let until = changes.filter(|change| at < *change).min().unwrap_or(Instant::LAST);
        Self { of, status, at, until }
    }

    /// Its sales that are open.
    pub fn open_sales(&self) -> impl Iterator<Item = &Sale> {
        self.of.on_sale.sales.iter().filter(|sale| sale.is_open(self.at))
    }

    /// Its sales that will open.
    pub fn upcoming_sales(&self) -> impl Iterator<Item = &Sale> {
        self.of.on_sale.sales.iter().filter(|sale| self.at < sale.opens)
    }
}

/// Shows performances.
pub struct BrowsePerformances {
    /// Finds them.
    pub on_sale: Arc<dyn OnSaleReader>,
    /// Knows their seats.
    pub seats: Arc<ShowAvailability>,
    /// To see what is open.
    pub clock: Arc<dyn Clock>,
}

impl BrowsePerformances {
    /// One performance; drafts are not found.
    pub async fn one(&self, id: PerformanceId) -> Result<PerformanceView, Error> {
        Ok(PerformanceView::new(self.seats.run(id).await?, self.clock.now()))
    }

    /// What is known of one performance besides its seats; drafts are not found.
    pub async fn on_sale(&self, id: PerformanceId) -> Result<Arc<OnSale>, Error> {
        self.on_sale.on_sale(id).await?.ok_or(Error::NotFound(Missing::Performance))
    }

    /// A concert's. With `bookable`, those that can't be booked are left out, so a page may have fewer items than its
    /// limit and still have a next one.
    pub async fn list(
        &self,
        concert: ConcertId,
        bookable: bool,
        page: PageRequest<PerformanceId>,
    ) -> Result<Page<PerformanceView, PerformanceId>, Error> {
        let all = self.on_sale.performances_of(concert).await?.ok_or(Error::NotFound(Missing::Concert))?;
        let rest = &all[page.after.map_or(0, |after| all.partition_point(|id| *id <= after))..];
        let page = Page::of(rest.iter().take(page.limit as usize + 1).copied().collect(), page.limit, |id| *id);
        let seats = join_all(page.items.iter().map(|id| self.seats.find(*id))).await;
        let now = self.clock.now();
        let mut items = Vec::with_capacity(seats.len());
        for of in seats {
            items.extend(of?.map(|of| PerformanceView::new(of, now)));
        }
        items.retain(|view| !bookable || view.status == PublicStatus::OnSale);
        Ok(Page { items, next: page.next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{MockOnSaleReader, MockSeatSnapshots, SeatSnapshot};
    use crate::testing::{clock, on_sale, sale, seat_number};

    /// The performances on a page of a concert's, of which there are two, when that many seats of each can be had.
    async fn browse(bookable: bool, available: u32, now: i64) -> Page<PerformanceView, PerformanceId> {
        let known = Arc::new(on_sale());
        let (id, other) = (known.performance.id, PerformanceId::new(uuid::Uuid::max()));
        let mut reader = MockOnSaleReader::new();
        reader.expect_performances_of().returning(move |_| Ok(Some(Arc::new(vec![id, other]))));
        reader.expect_on_sale().returning(move |_| Ok(Some(Arc::clone(&known))));
        let mut snapshots = MockSeatSnapshots::new();
        let taken = (1..=10 - available).map(seat_number).collect();
        let snapshot = Arc::new(SeatSnapshot { taken, count: 10 - available, any_held: false });
        snapshots.expect_recent().returning(move |_| Ok(Arc::clone(&snapshot)));
        let on_sale_reader: Arc<dyn OnSaleReader> = Arc::new(reader);
        let seats = ShowAvailability { on_sale: on_sale_reader.clone(), snapshots: Arc::new(snapshots) };
        let browse = BrowsePerformances { on_sale: on_sale_reader, seats: Arc::new(seats), clock: clock(now) };
        let page = PageRequest { limit: 1, after: None };
        browse.list(on_sale().performance.concert, bookable, page).await.unwrap()
    }

    #[tokio::test]
    async fn who_wants_to_book_is_shown_what_can_be_booked() {
        let shown = browse(true, 3, 100).await.items.remove(0);
        assert_eq!((shown.status, shown.of.available()), (PublicStatus::OnSale, 3));
        assert_eq!(shown.open_sales().cloned().collect::<Vec<_>>(), [sale(0)]);
        for (available, now, status) in [(0, 100, PublicStatus::SoldOut), (3, 9, PublicStatus::Upcoming)] {
            assert_eq!(browse(false, available, now).await.items[0].status, status);
            let hidden = browse(true, available, now).await;
            assert!(hidden.items.is_empty() && hidden.next.is_some(), "the list goes on after what is left out");
        }
    }

    #[tokio::test]
    async fn a_view_says_until_when_the_same_data_look_the_same() {
        let ends = on_sale().performance.sold_until();
        for (now, until) in [(9, sale(0).opens), (10, sale(0).closes), (1000, ends)] {
            let view = browse(false, 3, now).await.items.remove(0);
            assert_eq!(view.until, until, "at {now}");
        }
        let after = ends.micros() / 1_000_000;
        assert_eq!(browse(false, 3, after).await.items[0].until, Instant::LAST);
    }
}

//! Looking at what is on.

use crate::port::{Clock, ConcertRepository, OnSale, OnSaleReader, PerformanceRepository, SeatReader, VenueRepository};
use crate::{Error, Missing, Page, PageRequest};
use frontrow_domain::{
    Concert, ConcertId, Invalid, Layout, PerformanceId, Points, PublicStatus, Sale, SeatMap, SeatNumber, SeatPosition,
    Violation, seat_name,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Shows concerts.
pub struct BrowseConcerts {
    /// Reads them.
    pub concerts: Arc<dyn ConcertRepository>,
}

impl BrowseConcerts {
    /// One concert.
    pub async fn one(&self, id: ConcertId) -> Result<Concert, Error> {
        Ok(self.concerts.concert(id).await?.ok_or(Error::NotFound(Missing::Concert))?.value)
    }

    /// All concerts that have a public performance.
    pub async fn list(&self, page: PageRequest<ConcertId>) -> Result<Page<Concert, ConcertId>, Error> {
        Ok(self.concerts.concerts(page).await?)
    }
}

/// A performance as buyers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PerformanceView {
    /// The performance, its venue, its seats and its sales.
    pub on_sale: Arc<OnSale>,
    /// Whether it can be booked.
    pub status: PublicStatus,
    /// Seats that can be had.
    pub available: u32,
    /// Its sales that are open.
    pub open_sales: Vec<Sale>,
}

/// Shows performances.
pub struct BrowsePerformances {
    /// Finds them.
    pub performances: Arc<dyn PerformanceRepository>,
    /// Reads them.
    pub on_sale: Arc<dyn OnSaleReader>,
    /// Counts their seats.
    pub seats: Arc<dyn SeatReader>,
    /// To see what is open.
    pub clock: Arc<dyn Clock>,
}

impl BrowsePerformances {
    /// One performance; drafts are not found.
    pub async fn one(&self, id: PerformanceId) -> Result<PerformanceView, Error> {
        self.views(&[id]).await?.pop().ok_or(Error::NotFound(Missing::Performance))
    }

    /// A concert's. With `bookable`, those that can't be booked are left out, so a page may have fewer items than its
    /// limit and still have a next one.
    pub async fn list(
        &self,
        concert: ConcertId,
        bookable: bool,
        page: PageRequest<PerformanceId>,
    ) -> Result<Page<PerformanceView, PerformanceId>, Error> {
        let page = self.performances.performances_of(concert, page).await?;
        let mut items = self.views(&page.items).await?;
        items.retain(|view| !bookable || view.status == PublicStatus::OnSale);
        Ok(Page { items, next: page.next })
    }

    async fn views(&self, ids: &[PerformanceId]) -> Result<Vec<PerformanceView>, Error> {
        let now = self.clock.now();
        let available: BTreeMap<_, _> = self.seats.available(ids, now).await?.into_iter().collect();
        let mut views = Vec::with_capacity(ids.len());
        for id in ids {
            let Some(on_sale) = self.on_sale.on_sale(*id).await? else { continue };
            let available = available.get(id).copied().unwrap_or_default();
            let status = PublicStatus::of(&on_sale.performance, &on_sale.sales, available, now);
            let open_sales = on_sale.sales.iter().filter(|sale| sale.is_open(now)).cloned().collect();
            views.push(PerformanceView { on_sale, status, available, open_sales });
        }
        Ok(views)
    }
}

/// Which seats of a performance can be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Availability {
    /// Bit n-1, least significant first, is 1 if seat n can be had.
    pub bitmap: Vec<u8>,
    /// How many there are.
    pub seat_count: u32,
    /// How many can be had.
    pub available: u32,
    /// The same, by tier.
    pub tiers: BTreeMap<String, TierCount>,
    /// Version of the seat map whose seat numbers the bits are.
    pub seat_map_version: u32,
}

/// The seats of one tier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TierCount {
    /// How many there are.
    pub seats: u32,
    /// How many can be had.
    pub available: u32,
}

/// Shows which seats can be had.
pub struct ShowAvailability {
    /// Knows which seats there are.
    pub on_sale: Arc<dyn OnSaleReader>,
    /// Knows which seats are taken.
    pub seats: Arc<dyn SeatReader>,
    /// To see what has lapsed.
    pub clock: Arc<dyn Clock>,
}

impl ShowAvailability {
    /// Which seats of one performance can be had.
    pub async fn run(&self, performance: PerformanceId) -> Result<Availability, Error> {
        let (on_sale, free) = self.free(performance).await?;
        let mut bitmap = vec![0_u8; free.len().div_ceil(8)];
        let mut tiers: BTreeMap<String, TierCount> = BTreeMap::new();
        for (number, position) in on_sale.layout.positions() {
            let free = free[number.index()];
            bitmap[number.index() / 8] |= u8::from(free) << (number.index() % 8);
            let count = tiers.entry(position.tier.clone()).or_default();
            count.seats += 1;
            count.available += u32::from(free);
        }
        Ok(Availability {
            bitmap,
            seat_count: on_sale.layout.seat_count(),
            available: tiers.values().map(|count| count.available).sum(),
            tiers,
            seat_map_version: on_sale.performance.seat_map_version,
        })
    }

    async fn free(&self, performance: PerformanceId) -> Result<(Arc<OnSale>, Vec<bool>), Error> {
        let on_sale = self.on_sale.on_sale(performance).await?.ok_or(Error::NotFound(Missing::Performance))?;
        let now = self.clock.now();
        let mut free = vec![true; on_sale.layout.seat_count() as usize];
        for seat in self.seats.not_free(performance).await? {
            if let Some(free) = free.get_mut(seat.key.number.index()) {
                *free = seat.state.can_be_taken(now);
            }
        }
        Ok((on_sale, free))
    }
}

/// Which seats of a list are wanted; `None` is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeatFilter {
    /// Only those that can be had, or only those that can't.
    pub available: Option<bool>,
    /// Only those of a tier.
    pub tier: Option<String>,
    /// Only those of a section, whose name may be in any of Unicode's forms.
    pub section: Option<String>,
}

impl SeatFilter {
    /// The filter with the section's name as labels have it; what can't be a name stays, and is not found.
    fn normalized(&self) -> Self {
        let section = self.section.as_ref().map(|name| seat_name(name).unwrap_or_else(|| name.clone()));
        Self { section, ..self.clone() }
    }

    /// Says which of what it names there is not: an empty list would say that there is, and that it is gone.
    fn check(&self, layout: &Layout) -> Result<(), Invalid> {
        let missing = |name: &str, wanted: Option<&String>, of: fn(&SeatPosition) -> &String| {
            let wanted = wanted.filter(|wanted| layout.positions().all(|(_, position)| of(position) != *wanted))?;
            let detail = format!("the performance has no {name} {wanted}");
            Some(Violation { pointer: format!("/query/{name}"), code: "unknown", detail })
        };
        let tier = missing("tier", self.tier.as_ref(), |position| &position.tier);
        let section = missing("section", self.section.as_ref(), |position| &position.label.section);
        let flaws: Vec<Violation> = tier.into_iter().chain(section).collect();
        if flaws.is_empty() { Ok(()) } else { Err(Invalid(flaws)) }
    }
}

/// A seat of a performance as buyers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatView {
    /// Its number.
    pub number: SeatNumber,
    /// What it is.
    pub position: SeatPosition,
    /// Price for a buyer who names no price type, fee included; `None` if it has no price.
    pub price: Option<Points>,
    /// Whether it can be had.
    pub available: bool,
}

/// Lists a performance's seats.
pub struct ListSeats {
    /// Says which can be had.
    pub availability: Arc<ShowAvailability>,
}

impl ListSeats {
    /// A page of seats, by ascending number.
    pub async fn run(
        &self,
        performance: PerformanceId,
        filter: &SeatFilter,
        page: PageRequest<SeatNumber>,
    ) -> Result<Page<SeatView, SeatNumber>, Error> {
        let (on_sale, free) = self.availability.free(performance).await?;
        let filter = filter.normalized();
        filter.check(&on_sale.layout)?;
        let wanted = |number: SeatNumber, position: &SeatPosition| {
            page.after.is_none_or(|after| number > after)
                && filter.available.is_none_or(|available| available == free[number.index()])
                && filter.tier.as_ref().is_none_or(|tier| *tier == position.tier)
                && filter.section.as_ref().is_none_or(|section| *section == position.label.section)
        };
        let seats = on_sale.layout.positions().filter(|(number, position)| wanted(*number, position));
        let views = seats.take(page.limit as usize + 1).map(|(number, position)| SeatView {
            number,
            position: position.clone(),
            price: on_sale.performance.prices.line_item(number, &position.tier, None).map(|line_item| line_item.paid),
            available: free[number.index()],
        });
        Ok(Page::of(views.collect(), page.limit, |view| view.number))
    }
}

/// Shows where the seats of a performance are.
pub struct ShowSeatMap {
    /// Knows which seats there are.
    pub on_sale: Arc<dyn OnSaleReader>,
    /// Reads maps.
    pub venues: Arc<dyn VenueRepository>,
}

impl ShowSeatMap {
    /// The map of that version, if the performance uses it, and its numbered layout.
    pub async fn run(&self, performance: PerformanceId, version: u32) -> Result<(SeatMap, Arc<Layout>), Error> {
        let on_sale = self.on_sale.on_sale(performance).await?.ok_or(Error::NotFound(Missing::Performance))?;
        if on_sale.performance.seat_map_version != version {
            return Err(Error::NotFound(Missing::SeatMap));
        }
        let map = self.venues.seat_map(on_sale.venue.id, version).await?.ok_or(Error::NotFound(Missing::SeatMap))?;
        Ok((map.map, Arc::clone(&on_sale.layout)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{MockPerformanceRepository, MockSeatReader, MockVenueRepository, Revision, StoredSeatMap};
    use crate::testing::{at, clock, on_sale, reads, reservation, sale, seat, seat_map, seat_number};
    use frontrow_domain::{SeatState, TAKEOVER_GRACE};
    use mockall::predicate::eq;
    use uuid::Uuid;

    /// The first seats are in these states, all others free.
    fn show(states: &[SeatState], now: i64) -> ShowAvailability {
        let rows: Vec<_> = states.iter().zip(1..).map(|(state, number)| seat(number, *state)).collect();
        let mut seats = MockSeatReader::new();
        seats.expect_not_free().returning(move |_| Ok(rows.clone()));
        ShowAvailability { on_sale: reads(on_sale()), seats: Arc::new(seats), clock: clock(now) }
    }

    #[tokio::test]
    async fn a_bit_is_1_if_the_seat_can_be_had() {
        let by = reservation().id;
        let states = [
            SeatState::Blocked,
            SeatState::Held { by, until: at(100) },
            SeatState::Held { by, until: at(99) - TAKEOVER_GRACE },
            SeatState::Sold { to: by },
        ];
        let shown = show(&states, 99).run(on_sale().performance.id).await.unwrap();
        assert_eq!((shown.seat_count, shown.available), (10, 7));
        assert_eq!(shown.bitmap, [0b1111_0100, 0b11]);
        assert_eq!(shown.tiers["R"], TierCount { seats: 10, available: 7 });
    }

    /// The numbers on a page of seats, of which seat 1 is sold.
    async fn listed(filter: SeatFilter, limit: u32, after: Option<u32>) -> (Vec<u32>, Option<u32>) {
        let list = ListSeats { availability: Arc::new(show(&[SeatState::Sold { to: reservation().id }], 99)) };
        let page = PageRequest { limit, after: after.map(seat_number) };
        let page = list.run(on_sale().performance.id, &filter, page).await.unwrap();
        assert!(
            page.items
                .iter()
                .all(|view| view.price == Points::new(1000).ok() && view.available == (view.number.get() != 1))
        );
        (page.items.iter().map(|view| view.number.get()).collect(), page.next.map(SeatNumber::get))
    }

    #[tokio::test]
    async fn seats_are_listed_by_what_is_asked_for_a_page_at_a_time() {
        let free = || SeatFilter { available: Some(true), ..SeatFilter::default() };
        assert_eq!(listed(free(), 3, None).await, (vec![2, 3, 4], Some(4)));
        assert_eq!(listed(free(), 3, Some(7)).await, (vec![8, 9, 10], None));
        let taken = SeatFilter { available: Some(false), ..SeatFilter::default() };
        assert_eq!(listed(taken, 3, None).await, (vec![1], None));
        let named = SeatFilter { available: None, tier: Some("R".into()), section: Some("A".into()) };
        assert_eq!(listed(named, 100, None).await.0.len(), 10);
    }

    #[test]
    fn a_tier_or_a_section_that_is_not_there_is_said_to_be_missing() {
        for (tier, section, missing) in
            [("R", "A", &[][..]), ("S", "A", &["/query/tier"]), ("r", "B", &["/query/tier", "/query/section"])]
        {
            let filter = SeatFilter { available: None, tier: Some(tier.into()), section: Some(section.into()) };
            let flaws = filter.check(&on_sale().layout).err().map_or(Vec::new(), |Invalid(flaws)| flaws);
            assert_eq!(flaws.iter().map(|flaw| flaw.pointer.as_str()).collect::<Vec<_>>(), missing);
        }
    }

    /// The performances on a page of a concert's, when that many seats can be had.
    async fn browse(bookable: bool, available: u32, now: i64) -> Page<PerformanceView, PerformanceId> {
        let id = on_sale().performance.id;
        let (mut performances, mut seats) = (MockPerformanceRepository::new(), MockSeatReader::new());
        performances.expect_performances_of().returning(move |_, _| Ok(Page { items: vec![id], next: Some(id) }));
        seats.expect_available().with(eq([id]), eq(at(now))).returning(move |_, _| Ok(vec![(id, available)]));
        let browse = BrowsePerformances {
            performances: Arc::new(performances),
            on_sale: reads(on_sale()),
            seats: Arc::new(seats),
            clock: clock(now),
        };
        let page = PageRequest { limit: 1, after: None };
        browse.list(on_sale().performance.concert, bookable, page).await.unwrap()
    }

    #[tokio::test]
    async fn who_wants_to_book_is_shown_what_can_be_booked() {
        let shown = browse(true, 3, 100).await.items.remove(0);
        assert_eq!((shown.status, shown.available, shown.open_sales), (PublicStatus::OnSale, 3, vec![sale(0)]));
        for (available, now, status) in [(0, 100, PublicStatus::SoldOut), (3, 9, PublicStatus::Upcoming)] {
            assert_eq!(browse(false, available, now).await.items[0].status, status);
            let hidden = browse(true, available, now).await;
            assert!(hidden.items.is_empty() && hidden.next.is_some(), "the list goes on after what is left out");
        }
    }

    #[tokio::test]
    async fn only_the_seat_map_that_the_performance_uses_is_shown() {
        let mut venues = MockVenueRepository::new();
        let stored = StoredSeatMap { map: seat_map(), revision: Revision(1), frozen: true };
        venues.expect_seat_map().with(eq(seat_map().venue), eq(1)).returning(move |_, _| Ok(Some(stored.clone())));
        let show = ShowSeatMap { on_sale: reads(on_sale()), venues: Arc::new(venues) };
        let id = on_sale().performance.id;
        assert_eq!(show.run(id, 1).await.unwrap().0, seat_map());
        assert_eq!(show.run(id, 2).await, Err(Error::NotFound(Missing::SeatMap)));
        let unknown = PerformanceId::new(Uuid::nil());
        assert_eq!(show.run(unknown, 1).await, Err(Error::NotFound(Missing::Performance)));
    }
}

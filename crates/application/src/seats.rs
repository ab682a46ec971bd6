//! Looking at the seats of a performance.

use crate::port::{OnSale, OnSaleReader, SeatSnapshot, SeatSnapshots, StoreError};
use crate::{Error, Missing, Page, PageRequest};
use frontrow_domain::{
    Invalid, Layout, PerformanceId, Points, SeatNumber, SeatPosition, SeatSet, Violation, seat_name,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A performance, and which of its seats can't be had. Two that are made of the same `Arc`s say the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PerformanceSeats {
    /// The performance, its venue, its layout and its sales.
    pub on_sale: Arc<OnSale>,
    /// Which of its seats can't be had.
    pub seats: Arc<SeatSnapshot>,
}

impl PerformanceSeats {
    /// How many seats can be had.
    pub fn available(&self) -> u32 {
        self.seats.left_of(self.on_sale.layout.seat_count())
    }

    /// Which seats can be had.
    pub fn availability(&self) -> Availability {
        let (layout, taken) = (&self.on_sale.layout, &self.seats.taken);
        let count = |seats: &SeatSet| TierCount { seats: seats.len(), available: seats.count_without(taken) };
        Availability {
            bitmap: taken.others_of(layout.seat_count()),
            seat_count: layout.seat_count(),
            available: self.available(),
            tiers: layout.tiers().iter().map(|(tier, seats)| (tier.clone(), count(seats))).collect(),
            seat_map_version: self.on_sale.performance.seat_map_version,
        }
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
    /// Knows which of them are taken.
    pub snapshots: Arc<dyn SeatSnapshots>,
}

impl ShowAvailability {
    /// The seats of one performance; drafts are not found.
    pub async fn run(&self, performance: PerformanceId) -> Result<PerformanceSeats, Error> {
        self.find(performance).await?.ok_or(Error::NotFound(Missing::Performance))
    }

    pub(crate) async fn find(&self, performance: PerformanceId) -> Result<Option<PerformanceSeats>, StoreError> {
        let Some(on_sale) = self.on_sale.on_sale(performance).await? else { return Ok(None) };
        Ok(Some(PerformanceSeats { on_sale, seats: self.snapshots.recent(performance).await? }))
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
        let missing = |name: &str, wanted: &String| {
            let detail = format!("the performance has no {name} {wanted}");
            Violation { pointer: format!("/query/{name}"), code: "unknown", detail }
        };
        let tier = self.tier.as_ref().filter(|tier| !layout.tiers().contains_key(*tier));
        let section = self.section.as_ref().filter(|section| !layout.has_section(section));
        let tier = tier.map(|wanted| missing("tier", wanted));
        let flaws: Vec<Violation> = tier.into_iter().chain(section.map(|wanted| missing("section", wanted))).collect();
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
        let PerformanceSeats { on_sale, seats } = self.availability.run(performance).await?;
        let filter = filter.normalized();
        filter.check(&on_sale.layout)?;
        let is_free = |number| !seats.taken.contains(number);
        let wanted = |number: SeatNumber, position: &SeatPosition| {
            filter.available.is_none_or(|available| available == is_free(number))
                && filter.tier.as_ref().is_none_or(|tier| *tier == position.tier)
                && filter.section.as_ref().is_none_or(|section| *section == position.label.section)
        };
        let positions = on_sale.layout.positions_after(page.after);
        let positions = positions.filter(|(number, position)| wanted(*number, position));
        let views = positions.take(page.limit as usize + 1).map(|(number, position)| SeatView {
            number,
            position: position.clone(),
            price: on_sale.performance.prices.line_item(number, &position.tier, None).map(|line_item| line_item.paid),
            available: is_free(number),
        });
        Ok(Page::of(views.collect(), page.limit, |view| view.number))
    }
}

/// Shows where the seats of a performance are.
pub struct ShowSeatMap {
    /// Knows which seats there are.
    pub on_sale: Arc<dyn OnSaleReader>,
}

impl ShowSeatMap {
    /// The numbered layout of that version of the map, if the performance uses it.
    pub async fn run(&self, performance: PerformanceId, version: u32) -> Result<Arc<Layout>, Error> {
        let on_sale = self.on_sale.on_sale(performance).await?.ok_or(Error::NotFound(Missing::Performance))?;
        if on_sale.performance.seat_map_version != version {
            return Err(Error::NotFound(Missing::SeatMap));
        }
        Ok(Arc::clone(&on_sale.layout))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::MockSeatSnapshots;
    use crate::testing::{at, on_sale, reads, reservation, seat, seat_map, seat_number};
    use frontrow_domain::{SeatState, TAKEOVER_GRACE};
    use uuid::Uuid;

    /// The first seats are in these states, all others free.
    fn show(states: &[SeatState], now: i64) -> ShowAvailability {
        let rows: Vec<_> = states.iter().zip(1..).map(|(state, number)| seat(number, *state)).collect();
        let snapshot = Arc::new(SeatSnapshot::of(&rows, at(now)));
        let mut snapshots = MockSeatSnapshots::new();
        snapshots.expect_recent().returning(move |_| Ok(Arc::clone(&snapshot)));
        ShowAvailability { on_sale: reads(on_sale()), snapshots: Arc::new(snapshots) }
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
        let shown = show(&states, 99).run(on_sale().performance.id).await.unwrap().availability();
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

    #[tokio::test]
    async fn only_the_seat_map_that_the_performance_uses_is_shown() {
        let show = ShowSeatMap { on_sale: reads(on_sale()) };
        let id = on_sale().performance.id;
        assert_eq!(*show.run(id, 1).await.unwrap().map(), seat_map());
        assert_eq!(show.run(id, 2).await, Err(Error::NotFound(Missing::SeatMap)));
        let unknown = PerformanceId::new(Uuid::nil());
        assert_eq!(show.run(unknown, 1).await, Err(Error::NotFound(Missing::Performance)));
    }
}

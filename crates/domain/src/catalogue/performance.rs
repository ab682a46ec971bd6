//! A concert on one date at one venue.

use super::{Bookable, Layout, PerformanceStatus, PriceList};
use crate::id::{ConcertId, PerformanceId, VenueId};
use crate::time::Instant;
use crate::violation::{Invalid, Violations};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A concert on one date at one venue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Performance {
    /// Given by the operator's client.
    pub id: PerformanceId,
    /// The concert that is played.
    pub concert: ConcertId,
    /// The building it takes place in.
    pub venue: VenueId,
    /// Version of the venue's seat map that it is sold by.
    pub seat_map_version: u32,
    /// When it starts; sales end then unless `sold_until` says otherwise.
    pub starts_at: Instant,
    /// When people are let in: no later than it starts. `None`: nobody has said.
    pub doors_at: Option<Instant>,
    /// Up to when seats may be held and paid although it has begun: [`Performance::LONGEST_SOLD`] at most. `None`: until it
    /// begins.
    pub sold_until: Option<Instant>,
    /// Up to when everybody may give back what they have paid for it, whatever their sale says, because it takes place at
    /// another time. It never becomes earlier once it is public.
    pub give_back_until: Option<Instant>,
    /// Whether it takes place, and can be sold.
    pub status: PerformanceStatus,
    /// What the seats cost.
    pub prices: PriceList,
}

impl Performance {
    /// How long after its beginning it may be sold: 31 days.
    pub const LONGEST_SOLD: Duration = Duration::from_hours(31 * 24);

    /// A draft; every field that is not named here has its default.
    pub fn draft(
        id: PerformanceId,
        concert: ConcertId,
        venue: VenueId,
        seat_map_version: u32,
        starts_at: Instant,
        prices: PriceList,
    ) -> Self {
        let status = PerformanceStatus::Draft;
        Self {
            id,
            concert,
            venue,
            seat_map_version,
            starts_at,
            doors_at: None,
            sold_until: None,
            give_back_until: None,
            status,
            prices,
        }
    }

    /// The first instant at which nothing of it is held or paid any more.
    pub fn sold_until(&self) -> Instant {
        self.sold_until.unwrap_or(self.starts_at)
    }

    /// What it says of its seats.
    pub fn bookable(&self) -> Bookable {
        Bookable { status: self.status, starts_at: self.starts_at, sold_until: self.sold_until() }
    }

    /// The performance with the names of its prices in NFC, as it is kept.
    #[must_use]
    pub fn normalized(self) -> Self {
        Self { prices: self.prices.normalized(), ..self }
    }

    /// Says everything that is wrong with the performance, given the layout that it names.
    pub fn check(&self, layout: &Layout) -> Result<(), Invalid> {
        let mut flaws = Violations::default();
        let opens_in_time = self.doors_at.is_none_or(|doors_at| doors_at <= self.starts_at);
        flaws.unless(opens_in_time, "/doors_at", "range", "no later than starts_at");
        let allowed = self.starts_at..=self.starts_at + Self::LONGEST_SOLD;
        let fine = allowed.contains(&self.sold_until());
        let days = Self::LONGEST_SOLD.as_secs() / 86_400;
        flaws.unless(fine, "/sold_until", "range", &format!("from starts_at to {days} days after it"));
        let prices = self.prices.check(layout.tiers().keys().map(String::as_str));
        match (flaws.into_result(), prices) {
            (Err(Invalid(own)), Err(Invalid(prices))) => Err(Invalid(own.into_iter().chain(prices).collect())),
            (own, prices) => own.and(prices),
        }
    }

    /// Whether it begins after that instant: nobody can be told of a date that has passed.
    pub fn check_begins_after(&self, now: Instant) -> Result<(), Invalid> {
        let mut flaws = Violations::default();
        flaws.unless(now < self.starts_at, "/starts_at", "past", "later than now");
        flaws.into_result()
    }

    /// Whether it can be sold after that instant, once it is public.
    pub fn check_sold_after(&self, now: Instant) -> Result<(), Invalid> {
        if now < self.sold_until() { Ok(()) } else { self.check_begins_after(now) }
    }

    /// Whether an edit leaves alone what buyers rely on. Once public, a performance keeps its concert, venue and seats, and
    /// the time to give back; everything else may change, such as its date and the prices of seats that are yet to be held.
    pub fn keeps_what_was_promised(&self, edited: &Self) -> bool {
        self.status == PerformanceStatus::Draft
            || (self.concert == edited.concert
                && self.venue == edited.venue
                && self.seat_map_version == edited.seat_map_version
                && self.give_back_until <= edited.give_back_until)
    }
}

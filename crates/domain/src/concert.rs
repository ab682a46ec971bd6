//! What is sold, where and when.

use crate::flaw::{Flaws, Invalid};
use crate::{Bookable, ConcertId, Deed, Instant, Layout, NotBookable, PerformanceId, PriceList, Sale, VenueId};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A place with one or more seat maps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Venue {
    /// Given by the operator's client.
    pub id: VenueId,
    /// For people.
    pub name: String,
    /// IANA name, such as `Asia/Seoul`.
    pub time_zone: String,
}

impl Venue {
    /// Says everything that is wrong with the venue. Whether the time zone exists is checked where the zones are known.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut flaws = Flaws::default();
        flaws.check_text(&self.name, 200, "/name");
        flaws.check_text(&self.time_zone, 64, "/time_zone");
        flaws.into_result()
    }
}

/// An artist, a title: what a performance is one date of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concert {
    /// Given by the operator's client.
    pub id: ConcertId,
    /// For people.
    pub title: String,
    /// For people.
    pub artist: String,
}

impl Concert {
    /// Says everything that is wrong with the concert.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut flaws = Flaws::default();
        flaws.check_text(&self.title, 200, "/title");
        flaws.check_text(&self.artist, 200, "/artist");
        flaws.into_result()
    }
}

/// A concert on one date at one venue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Performance {
    /// Given by the operator's client.
    pub id: PerformanceId,
    /// What is played.
    pub concert: ConcertId,
    /// Where.
    pub venue: VenueId,
    /// Which seats.
    pub seat_map_version: u32,
    /// When.
    pub starts_at: Instant,
    /// Up to when seats may be held and paid although it has begun: [`Performance::LONGEST_SOLD`] at most. `None`: until it
    /// begins.
    pub sold_until: Option<Instant>,
    /// Whether it takes place, and can be sold.
    pub status: PerformanceStatus,
    /// What the seats cost.
    pub prices: PriceList,
}

/// Where a performance stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PerformanceStatus {
    /// Being prepared; nobody but operators sees it.
    Draft,
    /// Takes place; seats can be held when a sale is open.
    Published,
    /// Takes place at another time: what is sold stays sold, what is held can be paid, nothing new is held until it is
    /// published again.
    Postponed,
    /// Does not take place.
    Cancelled,
}

impl PerformanceStatus {
    /// Which way a performance may go: once public, it never becomes a draft again, and a cancellation is final.
    pub fn may_become(self, next: Self) -> bool {
        use PerformanceStatus::{Cancelled, Draft, Postponed, Published};
        matches!(
            (self, next),
            (Draft, Draft | Published)
                | (Published | Postponed, Published | Postponed | Cancelled)
                | (Cancelled, Cancelled)
        )
    }
}

/// What buyers are told of a performance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PublicStatus {
    /// A sale will open.
    Upcoming,
    /// A sale is open, and there are seats.
    OnSale,
    /// A sale is open, and there is no seat that can be had; holds may still lapse.
    SoldOut,
    /// No sale is open, and none will, or it has begun and is not sold any longer.
    Closed,
    /// It takes place at another time.
    Postponed,
    /// It does not take place.
    Cancelled,
}

impl PublicStatus {
    /// The status of a public performance with these published sales and that many seats that can be had.
    pub fn of(performance: &Performance, sales: &[Sale], available: u32, now: Instant) -> Self {
        match performance.bookable().check(Deed::Hold, now) {
            Err(NotBookable::Cancelled) => Self::Cancelled,
            Err(NotBookable::Postponed) => Self::Postponed,
            Err(NotBookable::Begun { .. }) => Self::Closed,
            Ok(()) | Err(NotBookable::Draft) if sales.iter().any(|sale| sale.is_open(now)) => {
                if available == 0 {
                    Self::SoldOut
                } else {
                    Self::OnSale
                }
            }
            _ if sales.is_empty() || sales.iter().any(|sale| now < sale.opens) => Self::Upcoming,
            _ => Self::Closed,
        }
    }
}

impl Performance {
    /// How long after its beginning it may be sold.
    pub const LONGEST_SOLD: Duration = Duration::from_hours(31 * 24);

    /// The first instant at which nothing of it is held or paid any more.
    pub fn sold_until(&self) -> Instant {
        self.sold_until.unwrap_or(self.starts_at)
    }

    /// What it says of its seats.
    pub fn bookable(&self) -> Bookable {
        Bookable { status: self.status, starts_at: self.starts_at, sold_until: self.sold_until() }
    }

    /// Says everything that is wrong with the performance, given the layout that it names.
    pub fn check(&self, layout: &Layout) -> Result<(), Invalid> {
        let mut flaws = Flaws::default();
        let allowed = self.starts_at..=self.starts_at + Self::LONGEST_SOLD;
        let fine = allowed.contains(&self.sold_until());
        flaws.unless(fine, "/sold_until", "range", "from starts_at to 31 days after it");
        let prices = self.prices.check(layout.tiers().into_keys());
        match (flaws.into_result(), prices) {
            (Err(Invalid(own)), Err(Invalid(prices))) => Err(Invalid(own.into_iter().chain(prices).collect())),
            (own, prices) => own.and(prices),
        }
    }

    /// Whether an edit leaves alone what buyers rely on. Once public, a performance keeps its concert, venue and seats;
    /// its date and the prices of seats that are yet to be held may change.
    pub fn keeps_what_was_promised(&self, edited: &Self) -> bool {
        self.status == PerformanceStatus::Draft
            || (self.concert == edited.concert
                && self.venue == edited.venue
                && self.seat_map_version == edited.seat_map_version)
    }
}

#[cfg(test)]
mod tests {
    use super::PerformanceStatus::{Cancelled, Draft, Postponed, Published};

    #[test]
    fn a_cancelled_performance_stays_cancelled_and_a_public_one_public() {
        let all = [Draft, Published, Postponed, Cancelled];
        let allowed: Vec<_> =
            all.iter().flat_map(|a| all.iter().filter(|b| a.may_become(**b)).map(|b| (*a, *b))).collect();
        let expected = [
            (Draft, Draft),
            (Draft, Published),
            (Published, Published),
            (Published, Postponed),
            (Published, Cancelled),
            (Postponed, Published),
            (Postponed, Postponed),
            (Postponed, Cancelled),
            (Cancelled, Cancelled),
        ];
        assert_eq!(allowed, expected);
    }
}

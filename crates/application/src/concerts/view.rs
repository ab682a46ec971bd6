//! A concert as people see it on a list.

use crate::port::{ConcertProgramme, ProgrammeEntry};
use frontrow_domain::{Concert, Instant, PerformanceStatus, Points, PublicStatus};
use std::sync::Arc;

/// A concert as people see it on a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConcertView {
    /// What is played.
    pub concert: Arc<Concert>,
    /// The best that can be said of any of its performances: one is on sale, one will be, one is postponed, all are closed,
    /// all are cancelled. Nobody has looked whether seats are left.
    pub status: PublicStatus,
    /// The next performance, and its status; one that is postponed only if there is no other.
    pub next: Option<(ProgrammeEntry, PublicStatus)>,
    /// The lowest and the highest list price of the performances to come.
    pub list_prices: Option<(Points, Points)>,
    /// How many performances are to come: those that can still be sold, or could if they were not postponed.
    pub performances: u32,
    /// The cities of the performances to come, each once, the next first; [`ConcertView::MAX_CITIES`] at most.
    pub cities: Vec<String>,
}

impl ConcertView {
    /// Cities of one concert that are listed: 20.
    pub const MAX_CITIES: usize = 20;

    /// When the next performance starts; the end of time if there is none.
    pub(super) fn date(&self) -> i64 {
        self.next.as_ref().map_or(i64::MAX, |(next, _)| next.bookable.starts_at.micros())
    }

    /// The concert as it is seen now.
    pub(super) fn of(concert: &ConcertProgramme, now: Instant) -> Self {
        let status_of = |entry: &ProgrammeEntry| PublicStatus::by_terms(entry.bookable, &entry.terms, now);
        let is_to_come = |entry: &&ProgrammeEntry| {
            entry.bookable.status != PerformanceStatus::Cancelled && now < entry.bookable.sold_until
        };
        let to_come = || concert.performances.iter().filter(is_to_come);
        // They come by date.
        let next = to_come().min_by_key(|entry| entry.bookable.status != PerformanceStatus::Published);
        let mut cities = Vec::new();
        for city in to_come().filter_map(|entry| entry.venue.address.as_ref()).map(|address| &address.city) {
            if cities.len() < Self::MAX_CITIES && !cities.contains(city) {
                cities.push(city.clone());
            }
        }
        let prices = || to_come().filter_map(|entry| entry.list_prices);
        let (lowest, highest) = (prices().map(|(lowest, _)| lowest).min(), prices().map(|(_, highest)| highest).max());
        let statuses = concert.performances.iter().map(status_of);
        Self {
            concert: Arc::clone(&concert.concert),
            status: statuses.min_by_key(|status| rank(*status)).unwrap_or(PublicStatus::Upcoming),
            next: next.map(|entry| (entry.clone(), status_of(entry))),
            list_prices: lowest.zip(highest),
            performances: u32::try_from(to_come().count()).unwrap_or(u32::MAX),
            cities,
        }
    }
}

/// The better the earlier.
const fn rank(status: PublicStatus) -> u8 {
    match status {
        PublicStatus::OnSale => 0,
        PublicStatus::SoldOut => 1,
        PublicStatus::Upcoming => 2,
        PublicStatus::Postponed => 3,
        PublicStatus::Closed => 4,
        PublicStatus::Cancelled => 5,
    }
}

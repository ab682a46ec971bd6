//! Looking for concerts: with their next date and what they cost, searched, filtered and sorted. Everything is in memory.

mod index;

use crate::port::{Clock, Programme, ProgrammeEntry, ProgrammeReader, TimeZones};
use crate::{Error, Missing, Page, PageRequest};
use frontrow_domain::{Concert, ConcertId, Genre, Invalid, Points, PublicStatus, Violation, folded};
use index::ConcertIndex;
use std::sync::{Arc, Mutex, PoisonError};

/// A concert as people see it on a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConcertView {
    /// The concert.
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
    fn date(&self) -> i64 {
        self.next.as_ref().map_or(i64::MAX, |(next, _)| next.bookable.starts_at.micros())
    }
}

/// The order of a list of concerts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConcertSort {
    /// By the next date; those without one at the end.
    #[default]
    Date,
    /// By the next date, the latest first; those without one at the end.
    DateDescending,
    /// By title, without case and accents.
    Title,
}

/// Where a concert stands in a list. It stays where it is while its own date or title does, whatever becomes of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConcertPosition {
    /// By the next date, in microseconds since 1970.
    Date(i64, ConcertId),
    /// By the next date, the latest first.
    DateDescending(i64, ConcertId),
    /// By the beginning of the title, without case and accents.
    Title(String, ConcertId),
}

impl ConcertPosition {
    /// Bytes of a title that order it: 96, as long as some 30 Korean syllables.
    pub const MAX_TITLE: usize = 96;

    const fn sort(&self) -> ConcertSort {
        match self {
            Self::Date(..) => ConcertSort::Date,
            Self::DateDescending(..) => ConcertSort::DateDescending,
            Self::Title(..) => ConcertSort::Title,
        }
    }
}

/// Which concerts are wanted, in which order. Texts are compared without case and accents. `None` is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConcertQuery {
    /// Each of its words is in the title or the artist.
    pub text: Option<String>,
    /// This is the artist.
    pub artist: Option<String>,
    /// What kind of music it is.
    pub genre: Option<Genre>,
    /// What can be said of it, see [`ConcertView::status`].
    pub status: Option<PublicStatus>,
    /// A performance takes place there.
    pub city: Option<String>,
    /// The performance there is on that day of the venue or later; days since 1970.
    pub from: Option<i64>,
    /// The performance there is on that day of the venue or earlier.
    pub to: Option<i64>,
    /// In which order.
    pub sort: ConcertSort,
}

impl ConcertQuery {
    /// The query with its texts as the index has them.
    fn folded(&self) -> Self {
        let [text, artist, city] = [&self.text, &self.artist, &self.city].map(|text| text.as_deref().map(folded));
        Self { text, artist, city, ..self.clone() }
    }
}

/// Shows concerts.
pub struct BrowseConcerts {
    /// Reads them all.
    pub programme: Arc<dyn ProgrammeReader>,
    /// Says which day it is at a venue.
    pub time_zones: Arc<dyn TimeZones>,
    /// To see what is open.
    pub clock: Arc<dyn Clock>,
    /// What was made of the programme last.
    pub latest: LatestIndex,
}

/// The index that was made last: it is made again when the programme has changed, or a sale has opened or closed, by one
/// of those who ask while the others wait.
#[derive(Default)]
pub struct LatestIndex(Mutex<Option<Arc<ConcertIndex>>>);

impl BrowseConcerts {
    /// One concert.
    pub async fn one(&self, id: ConcertId) -> Result<Arc<ConcertView>, Error> {
        self.index().await?.view(id).ok_or(Error::NotFound(Missing::Concert))
    }

    /// Those that have a public performance and are as they are wanted.
    pub async fn list(
        &self,
        query: &ConcertQuery,
        page: PageRequest<ConcertPosition>,
    ) -> Result<Page<Arc<ConcertView>, ConcertPosition>, Error> {
        if page.after.as_ref().is_some_and(|after| after.sort() != query.sort) {
            let detail = "the next_cursor of the page before, which had another order".to_owned();
            return Err(Invalid(vec![Violation { pointer: "/query/cursor".to_owned(), code: "cursor", detail }]).into());
        }
        let index = self.index().await?;
        let found = index.find(&query.folded(), page.after.as_ref(), page.limit as usize + 1);
        let page = Page::of(found, page.limit, |entry| index.position(query.sort, *entry));
        Ok(page.map(|entry| index.view_at(entry)))
    }

    async fn index(&self) -> Result<Arc<ConcertIndex>, Error> {
        let programme = self.programme.programme().await?;
        Ok(self.latest.of(&programme, &*self.time_zones, &*self.clock))
    }
}

impl LatestIndex {
    fn of(&self, programme: &Arc<Programme>, time_zones: &dyn TimeZones, clock: &dyn Clock) -> Arc<ConcertIndex> {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock.now();
        if let Some(index) = latest.as_ref().filter(|index| index.still_shows(programme, now)) {
            return Arc::clone(index);
        }
        let index = Arc::new(ConcertIndex::new(programme, latest.as_deref(), time_zones, now));
        *latest = Some(Arc::clone(&index));
        index
    }
}

#[cfg(test)]
mod tests;

//! Looking for concerts: with their next date and what they cost, searched, filtered and sorted. Everything is in memory.

mod index;
mod query;
mod view;

pub use query::{ConcertPosition, ConcertQuery, ConcertSort};
pub use view::ConcertView;

use crate::port::{Clock, Programme, ProgrammeReader, TimeZones};
use crate::{Error, Missing, Page, PageRequest};
use frontrow_domain::{ConcertId, Invalid, Violation};
use index::ConcertIndex;
use std::sync::{Arc, Mutex, PoisonError};

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

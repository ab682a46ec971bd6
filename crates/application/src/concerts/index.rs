//! What is made of the programme, so that a search has nothing to work out but what it looks for.

use super::query::{ConcertPosition, ConcertQuery, ConcertSort};
use super::view::ConcertView;
use crate::port::{ConcertProgramme, Programme, ProgrammeEntry, TimeZones};
use frontrow_domain::{ConcertId, Instant, PerformanceStatus, folded};
use std::sync::Arc;

/// All concerts as they are seen at one moment, in every order.
pub struct ConcertIndex {
    programme: Arc<Programme>,
    /// Of each concert of the programme. They change only with the programme.
    terms: Arc<[SearchTerms]>,
    /// Likewise, as they are seen now.
    views: Vec<Arc<ConcertView>>,
    /// Concerts with a public performance, by next date.
    by_date: Vec<usize>,
    /// The same, the latest first.
    by_date_descending: Vec<usize>,
    /// The same, by title.
    by_title: Vec<usize>,
    /// The first and the last moment at which the same programme is seen like this.
    seen: std::ops::Range<Instant>,
}

/// What a concert is found by, without case and accents.
struct SearchTerms {
    title_and_artist: String,
    artist: String,
    /// The beginning of the title.
    title: String,
    dates: Vec<DateAndPlace>,
}

/// Of a performance.
struct DateAndPlace {
    /// Of the venue, since 1970.
    day: i64,
    city: Option<Arc<str>>,
}

impl ConcertIndex {
    /// Of the programme at that moment. What the index before it has made of the same programme is used again.
    pub(super) fn new(
        programme: &Arc<Programme>,
        before: Option<&Self>,
        time_zones: &dyn TimeZones,
        now: Instant,
    ) -> Self {
        let same = before.filter(|before| Arc::ptr_eq(&before.programme, programme));
        let terms = same.map_or_else(
            || programme.concerts.iter().map(|concert| SearchTerms::of(concert, time_zones)).collect(),
            |before| Arc::clone(&before.terms),
        );
        let mut until = Instant::LAST;
        let views = programme.concerts.iter().map(|concert| {
            until = until.min(next_change(concert, now));
            Arc::new(ConcertView::of(concert, now))
        });
        let views: Vec<Arc<ConcertView>> = views.collect();
        let public = || (0..views.len()).filter(|at| !programme.concerts[*at].performances.is_empty());
        let [mut by_date, mut by_date_descending, mut by_title] = [(); 3].map(|()| public().collect::<Vec<usize>>());
        // They come by id, and those that are equal stay so.
        by_date.sort_by_key(|at| views[*at].date());
        by_date_descending.sort_by_key(|at| descending(views[*at].date()));
        by_title.sort_by_key(|at| &*terms[*at].title);
        Self { programme: Arc::clone(programme), by_date, by_date_descending, by_title, terms, views, seen: now..until }
    }

    /// Whether it is what would be made of that programme at that moment.
    pub(super) fn still_shows(&self, programme: &Arc<Programme>, now: Instant) -> bool {
        Arc::ptr_eq(&self.programme, programme) && self.seen.contains(&now)
    }

    /// The concert of that id.
    pub(super) fn view(&self, id: ConcertId) -> Option<Arc<ConcertView>> {
        let at = self.views.binary_search_by_key(&id, |view| view.concert.id).ok()?;
        Some(self.view_at(at))
    }

    pub(super) fn view_at(&self, at: usize) -> Arc<ConcertView> {
        Arc::clone(&self.views[at])
    }

    /// Where a concert stands in that order.
    pub(super) fn position(&self, sort: ConcertSort, at: usize) -> ConcertPosition {
        let (view, title) = (&self.views[at], &self.terms[at].title);
        let (date, id) = (view.date(), view.concert.id);
        match sort {
            ConcertSort::Date => ConcertPosition::Date(date, id),
            ConcertSort::DateDescending => ConcertPosition::DateDescending(date, id),
            ConcertSort::Title => ConcertPosition::Title(title.clone(), id),
        }
    }

    /// The next concerts behind that position that are as they are wanted.
    pub(super) fn find(&self, query: &ConcertQuery, after: Option<&ConcertPosition>, most: usize) -> Vec<usize> {
        let order = match query.sort {
            ConcertSort::Date => &self.by_date,
            ConcertSort::DateDescending => &self.by_date_descending,
            ConcertSort::Title => &self.by_title,
        };
        let begin = after.map_or(0, |after| order.partition_point(|at| !self.is_behind(*at, after)));
        let words: Vec<&str> = query.text.as_deref().unwrap_or_default().split_whitespace().collect();
        let wanted = |at: &usize| self.is_wanted(*at, query, &words);
        order[begin..].iter().copied().filter(wanted).take(most).collect()
    }

    fn is_behind(&self, at: usize, after: &ConcertPosition) -> bool {
        let (view, title) = (&self.views[at], self.terms[at].title.as_str());
        let (date, id) = (view.date(), view.concert.id);
        match after {
            ConcertPosition::Date(other, other_id) => (date, id) > (*other, *other_id),
            ConcertPosition::DateDescending(other, other_id) => {
                (descending(date), id) > (descending(*other), *other_id)
            }
            ConcertPosition::Title(other, other_id) => (title, id) > (other, *other_id),
        }
    }

    fn is_wanted(&self, at: usize, query: &ConcertQuery, words: &[&str]) -> bool {
        let (view, terms) = (&self.views[at], &self.terms[at]);
        query.status.is_none_or(|status| view.status == status)
            && query.genre.is_none_or(|genre| view.concert.genre == Some(genre))
            && query.artist.as_ref().is_none_or(|artist| *artist == terms.artist)
            && words.iter().all(|word| terms.title_and_artist.contains(word))
            && terms.is_on(query)
    }
}

/// The latest first, and those without a date after all others.
const fn descending(date: i64) -> i64 {
    if date == i64::MAX { date } else { date.saturating_neg() }
}

impl SearchTerms {
    fn of(concert: &ConcertProgramme, time_zones: &dyn TimeZones) -> Self {
        let [title, artist] = [&concert.concert.title, &concert.concert.artist].map(|text| folded(text));
        let is_cancelled = |entry: &&ProgrammeEntry| entry.bookable.status == PerformanceStatus::Cancelled;
        let all_are_cancelled = concert.performances.iter().all(|entry| is_cancelled(&entry));
        let counts = |entry: &&ProgrammeEntry| all_are_cancelled || !is_cancelled(entry);
        let dates = concert.performances.iter().filter(counts).map(|entry| DateAndPlace {
            day: time_zones.local_day(&entry.venue.time_zone, entry.bookable.starts_at),
            city: entry.venue.address.as_ref().map(|address| folded(&address.city).into()),
        });
        let end = (0..=title.len().min(ConcertPosition::MAX_TITLE)).rev().find(|end| title.is_char_boundary(*end));
        Self {
            title_and_artist: format!("{title}\n{artist}"),
            artist,
            title: title[..end.unwrap_or(0)].to_owned(),
            dates: dates.collect(),
        }
    }

    /// Whether one of its performances is there, and on those days.
    fn is_on(&self, query: &ConcertQuery) -> bool {
        if (&query.city, query.from, query.to) == (&None, None, None) {
            return true;
        }
        let days = query.from.unwrap_or(i64::MIN)..=query.to.unwrap_or(i64::MAX);
        let is_there = |date: &DateAndPlace| query.city.is_none() || date.city.as_deref() == query.city.as_deref();
        self.dates.iter().any(|date| days.contains(&date.day) && is_there(date))
    }
}

/// The next moment at which something of the concert is seen another way.
fn next_change(concert: &ConcertProgramme, now: Instant) -> Instant {
    let of_entry = |entry: &ProgrammeEntry| {
        let sales = entry.terms.iter().flat_map(|terms| [terms.opens, terms.closes]);
        sales.chain([entry.bookable.sold_until]).filter(|change| now < *change).min()
    };
    concert.performances.iter().filter_map(of_entry).min().unwrap_or(Instant::LAST)
}

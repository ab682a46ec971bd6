//! Answers that are the same for everybody. Each is rendered once, and sent again for as long as what it shows has not
//! changed.

mod answer;
mod availability;

use crate::dto::{PerformanceDto, PricesDto};
use crate::extract::Cursor;
use crate::problem::Problem;
use answer::{Source, json};
use availability::AvailabilityAnswers;
use frontrow_application::port::OnSale;
use frontrow_application::{Page, PerformanceSeats, PerformanceView};
use frontrow_domain::{ConcertId, Instant, PerformanceId};
use parking_lot::Mutex;
use quick_cache::unsync::Cache;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub(crate) use answer::Answer;

/// Answers about one performance in memory, of each kind; beyond that, those that nobody asks for are forgotten. The
/// availability of 50,000 seats takes 9 KB.
const MAX_PERFORMANCES: usize = 1000;
/// Pages of lists in memory: a page of 100 performances takes some 60 KB.
const MAX_PAGES: usize = 100;
/// How long a page is sent again before anybody looks whether its performances have changed, unless something is changed
/// through this server: to look at a hundred of them takes much longer than to send them.
const PAGE_LASTS: Duration = Duration::from_millis(100);

/// What was rendered lately.
pub struct RenderedAnswers {
    availability: AvailabilityAnswers,
    performances: Answers<PerformanceId, PerformanceView>,
    prices: Answers<PerformanceId, Arc<OnSale>>,
    pages: Answers<PageKey, PageOfPerformances>,
    recent_pages: Mutex<Cache<PageKey, RecentPage>>,
    /// How many changes were asked for.
    changes: AtomicU64,
}

impl Default for RenderedAnswers {
    fn default() -> Self {
        Self {
            availability: AvailabilityAnswers::new(MAX_PERFORMANCES),
            performances: Answers::new(MAX_PERFORMANCES),
            prices: Answers::new(MAX_PERFORMANCES),
            pages: Answers::new(MAX_PAGES),
            recent_pages: Mutex::new(Cache::new(MAX_PAGES)),
            changes: AtomicU64::default(),
        }
    }
}

/// Which page of a concert's performances.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct PageKey {
    pub concert: ConcertId,
    pub bookable: bool,
    pub limit: u32,
    pub after: Option<PerformanceId>,
}

/// A page, and when somebody began to look what is on it.
struct RecentPage {
    looked: Look,
    answer: Answer,
}

/// When somebody looks, and how many changes were asked for until then.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    at: Instant,
    changes: u64,
}

/// The performances of a page, rendered, and where the next one begins.
struct PageOfPerformances {
    items: Vec<Answer>,
    next: Option<PerformanceId>,
}

impl RenderedAnswers {
    pub(crate) fn availability(&self, seats: PerformanceSeats) -> Result<Answer, Problem> {
        self.availability.whole(seats)
    }

    /// What has changed since the availability with that tag; all of it, if that is much shorter or the tag is not known here.
    pub(crate) fn availability_since(&self, seats: PerformanceSeats, tag: &str) -> Result<Answer, Problem> {
        self.availability.since(seats, tag)
    }

    /// The same up to the last state that was asked for; `None` if none was.
    pub(crate) fn known_availability_since(&self, id: PerformanceId, tag: &str) -> Option<Answer> {
        self.availability.known_since(id, tag)
    }

    pub(crate) fn performance(&self, view: PerformanceView) -> Result<Answer, Problem> {
        self.performances.get(view.of.on_sale.performance.id, view, |view| json(&PerformanceDto::of(view)))
    }

    pub(crate) fn prices(&self, on_sale: Arc<OnSale>, currency: &str) -> Result<Answer, Problem> {
        let render = |on_sale: &Arc<OnSale>| json(&PricesDto::of(&on_sale.performance.prices, currency));
        self.prices.get(on_sale.performance.id, on_sale, render)
    }

    /// A change was asked for, and has come to its end: whoever looks from now on sees it.
    pub(crate) fn note_change(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn look(&self, now: Instant) -> Look {
        Look { at: now, changes: self.changes.load(Ordering::SeqCst) }
    }

    /// The page as it was sent lately, if nothing was changed here since somebody looked.
    pub(crate) fn recent_page(&self, key: &PageKey, look: Look) -> Option<Answer> {
        let pages = self.recent_pages.lock();
        let page = pages.get(key)?;
        let is_recent = page.looked.at <= look.at && look.at < page.looked.at + PAGE_LASTS;
        (is_recent && page.looked.changes == look.changes).then(|| page.answer.clone())
    }

    /// What was seen on the page by who looked then.
    pub(crate) fn performances(
        &self,
        key: PageKey,
        looked: Look,
        page: Page<PerformanceView, PerformanceId>,
    ) -> Result<Answer, Problem> {
        let items: Result<Vec<Answer>, Problem> = page.items.into_iter().map(|view| self.performance(view)).collect();
        let page = PageOfPerformances { items: items?, next: page.next };
        let answer = self.pages.get(key, page, PageOfPerformances::render)?;
        self.recent_pages.lock().insert(key, RecentPage { looked, answer: answer.clone() });
        Ok(answer)
    }
}

impl PageOfPerformances {
    /// As [`List`](crate::dto::List) is rendered.
    fn render(&self) -> Result<Vec<u8>, Problem> {
        let items: Vec<&[u8]> = self.items.iter().map(|item| &**item.body()).collect();
        let next = json(&self.next.map(|next| next.uuid().encode()))?;
        Ok([&b"{\"items\":["[..], &items.join(&b","[..]), b"],\"next_cursor\":", &next, b"}"].concat())
    }
}

impl Source for PerformanceView {
    fn still_shows(&self, now: &Self) -> bool {
        self.of.still_shows(&now.of) && (self.at..self.until).contains(&now.at)
    }
}

impl Source for PageOfPerformances {
    fn still_shows(&self, now: &Self) -> bool {
        // They are held here, so that nothing else can be where they are.
        let are_same = |(before, now): (&Answer, &Answer)| before.body().as_ptr() == now.body().as_ptr();
        self.next == now.next && self.items.len() == now.items.len() && self.items.iter().zip(&now.items).all(are_same)
    }
}

/// The latest answer by key, and what it was rendered from.
struct Answers<K, S>(Mutex<Cache<K, (S, Answer)>>);

impl<K: Copy + Eq + Hash, S: Source> Answers<K, S> {
    fn new(most: usize) -> Self {
        Self(Mutex::new(Cache::new(most)))
    }

    fn get(&self, key: K, source: S, render: impl FnOnce(&S) -> Result<Vec<u8>, Problem>) -> Result<Answer, Problem> {
        if let Some((from, answer)) = self.0.lock().get(&key)
            && from.still_shows(&source)
        {
            return Ok(answer.clone());
        }
        let body = render(&source)?;
        let answer = Answer::new(body)?;
        self.0.lock().insert(key, (source, answer.clone()));
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontrow_application::port::SeatSnapshot;
    use frontrow_application::testing::{at, on_sale};
    use frontrow_domain::PublicStatus;

    fn view(of: &PerformanceSeats, now: i64, until: i64) -> PerformanceView {
        PerformanceView { of: of.clone(), status: PublicStatus::OnSale, at: at(now), until: at(until) }
    }

    fn seats() -> PerformanceSeats {
        PerformanceSeats { on_sale: Arc::new(on_sale()), seats: Arc::new(SeatSnapshot::default()) }
    }

    #[test]
    fn an_answer_is_rendered_again_when_what_it_shows_has_changed_and_not_before() {
        let rendered = RenderedAnswers::default();
        let seats = seats();
        let body = |view| rendered.performance(view).ok().unwrap().body().clone();
        let first = body(view(&seats, 100, 200));
        assert_eq!(first.as_ptr(), body(view(&seats, 199, 200)).as_ptr());
        assert_ne!(first.as_ptr(), body(view(&seats, 200, 300)).as_ptr(), "a sale has opened or closed");
        let changed = PerformanceSeats { seats: Arc::default(), ..seats.clone() };
        let second = body(view(&changed, 200, 300));
        assert_ne!(second.as_ptr(), first.as_ptr());
        assert_ne!(second.as_ptr(), body(view(&seats, 250, 300)).as_ptr(), "only the latest is kept");
    }

    #[test]
    fn a_page_is_sent_again_for_a_moment_unless_something_is_changed_here() {
        let rendered = RenderedAnswers::default();
        let of = seats();
        let concert = of.on_sale.performance.concert;
        let key = PageKey { concert, bookable: false, limit: 10, after: None };
        let millis = |millis: i64| Instant::from_micros(millis * 1000);
        let page = || Page { items: vec![view(&of, 100, 200)], next: None };
        let looked = rendered.look(millis(100_000));
        let sent = rendered.performances(key, looked, page()).ok().unwrap();
        let recent = |key: PageKey, at| rendered.recent_page(&key, rendered.look(millis(at)));
        for (at, is_recent) in [(99_999, false), (100_000, true), (100_099, true), (100_100, false)] {
            assert_eq!(
                recent(key, at).map(|page| page.body().clone()),
                is_recent.then(|| sent.body().clone()),
                "at {at}"
            );
        }
        assert!(recent(PageKey { bookable: true, ..key }, 100_000).is_none(), "that is another page");

        let looked = rendered.look(millis(100_050));
        rendered.note_change();
        assert!(recent(key, 100_050).is_none(), "whoever made the change sees it");
        rendered.performances(key, looked, page()).ok().unwrap();
        assert!(recent(key, 100_050).is_none(), "who had looked before it may not have seen it");
    }

    #[test]
    fn a_page_is_what_its_list_would_be() {
        let rendered = RenderedAnswers::default();
        let concert = on_sale().performance.concert;
        let key = PageKey { concert, bookable: false, limit: 100, after: None };
        let next = on_sale().performance.id;
        for (items, next) in [(vec![], None), (vec![view(&seats(), 1, 2), view(&seats(), 1, 2)], Some(next))] {
            let dtos = items.iter().map(PerformanceDto::of).collect();
            let list = crate::dto::List { items: dtos, next_cursor: next.map(|next| next.uuid().encode()) };
            let page = Page { items, next };
            let answer = rendered.performances(key, rendered.look(at(1)), page).ok().unwrap();
            assert_eq!(&**answer.body(), serde_json::to_vec(&list).unwrap());
        }
    }
}

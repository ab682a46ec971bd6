//! Answers that are the same for everybody. Each is rendered once, and sent again for as long as what it shows has not
//! changed.

use crate::dto::{AvailabilityDto, PerformanceDto, PricesDto};
use crate::extract::{Cursor, entity_tag, knows};
use crate::problem::{Kind, Problem};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use frontrow_application::port::OnSale;
use frontrow_application::{Page, PerformanceSeats, PerformanceView};
use frontrow_domain::{ConcertId, Instant, PerformanceId};
use parking_lot::Mutex;
use quick_cache::unsync::Cache;
use serde::Serialize;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

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
    availability: Answers<PerformanceId, PerformanceSeats>,
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
            availability: Answers::new(MAX_PERFORMANCES),
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
        let render = |seats: &PerformanceSeats| json(&AvailabilityDto::from(seats.availability()));
        self.availability.get(seats.on_sale.performance.id, seats, render)
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
        let items: Vec<&[u8]> = self.items.iter().map(|item| &*item.body).collect();
        let next = json(&self.next.map(|next| next.uuid().encode()))?;
        Ok([&b"{\"items\":["[..], &items.join(&b","[..]), b"],\"next_cursor\":", &next, b"}"].concat())
    }
}

fn json(shown: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(shown).map_err(|_| Problem::new(Kind::Fault))
}

/// What answers are rendered from.
trait Source {
    /// Whether an answer that was rendered from this is what would be rendered from `now`.
    fn still_shows(&self, now: &Self) -> bool;
}

impl Source for Arc<OnSale> {
    fn still_shows(&self, now: &Self) -> bool {
        Self::ptr_eq(self, now)
    }
}

impl Source for PerformanceSeats {
    fn still_shows(&self, now: &Self) -> bool {
        self.on_sale.still_shows(&now.on_sale) && Arc::ptr_eq(&self.seats, &now.seats)
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
        let are_same = |(before, now): (&Answer, &Answer)| before.body.as_ptr() == now.body.as_ptr();
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
        let tag = HeaderValue::try_from(entity_tag(&body)).map_err(|_| Problem::new(Kind::Fault))?;
        let answer = Answer { tag, body: body.into() };
        self.0.lock().insert(key, (source, answer.clone()));
        Ok(answer)
    }
}

/// A body of JSON with its entity tag.
#[derive(Clone)]
pub(crate) struct Answer {
    body: Bytes,
    tag: HeaderValue,
}

impl Answer {
    /// With its tag; without its body if the client has it.
    pub fn to(&self, request: &HttpRequest) -> HttpResponse {
        let known = knows(request, self.tag.to_str().unwrap_or_default());
        let mut response =
            if known { HttpResponse::NotModified().finish() } else { HttpResponse::Ok().body(self.body.clone()) };
        let headers = response.headers_mut();
        headers.insert(ETAG, self.tag.clone());
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if !known {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        response
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
        let body = |view| rendered.performance(view).ok().unwrap().body;
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
            assert_eq!(recent(key, at).map(|page| page.body), is_recent.then(|| sent.body.clone()), "at {at}");
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
            assert_eq!(&*answer.body, serde_json::to_vec(&list).unwrap());
        }
    }
}

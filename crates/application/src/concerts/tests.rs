use super::*;
use crate::port::{MockProgrammeReader, MockTimeZones};
use crate::testing::{at, clock};
use frontrow_domain::testing::{self, STARTS, performance, price_list, sale, tier, venue};
use frontrow_domain::{
    Concert, Genre, Instant, Performance, PerformanceId, PerformanceStatus, PublicStatus, Sale, SaleId, VenueId,
};
use uuid::Uuid;

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

/// The `n`th concert, called that.
fn concert(n: u128, title: &str, artist: &str) -> Concert {
    testing::concert().id(ConcertId::new(id(n))).title(title).artist(artist).build()
}

/// The `n`th performance, of that concert, on that day, at that price.
fn evening(n: u128, of: u128, day: i64, price: i64) -> Performance {
    performance()
        .id(PerformanceId::new(id(n)))
        .concert(ConcertId::new(id(of)))
        .starts_at(at(day * 86_400 + STARTS))
        .prices(price_list().tiers(vec![tier("R", price), tier("S", price / 2)]).build())
        .build()
}

/// A sale of these performances, open on those days.
fn open(n: u128, performances: &[u128], days: std::ops::Range<i64>) -> Sale {
    sale()
        .id(SaleId::new(id(n)))
        .performances(performances.iter().map(|n| PerformanceId::new(id(*n))).collect())
        .opens(at(days.start * 86_400))
        .closes(at(days.end * 86_400))
        .build()
}

/// The days of venues begin nine hours earlier than those of UTC.
fn browse(programme: Programme, now: i64) -> BrowseConcerts {
    let programme = Arc::new(programme);
    let mut reader = MockProgrammeReader::new();
    reader.expect_programme().returning(move || Ok(Arc::clone(&programme)));
    let mut time_zones = MockTimeZones::new();
    time_zones
        .expect_local_day()
        .returning(|_, at| (at + std::time::Duration::from_hours(9)).micros() / 86_400_000_000);
    BrowseConcerts {
        programme: Arc::new(reader),
        time_zones: Arc::new(time_zones),
        clock: clock(now),
        latest: LatestIndex::default(),
    }
}

/// Concert 1 in Seoul on days 3 and 9, 2 in Busan on day 5, 3 without a date, 4 over, 5 with a draft alone.
fn programme() -> Programme {
    let busan = venue().id(VenueId::new(id(90))).address(testing::address().city("Busán").build()).build();
    let seoul = venue().address(testing::address().build()).build();
    let cancelled = Performance { status: PerformanceStatus::Cancelled, ..evening(13, 3, 6, 10) };
    let draft = Performance { status: PerformanceStatus::Draft, ..evening(15, 5, 6, 10) };
    Programme::of(
        [
            concert(1, "Étoiles", "Beyoncé"),
            concert(2, "Aurora", "The Larks"),
            concert(3, "Never", "The Larks"),
            concert(4, "Zero", "Nobody"),
            concert(5, "Hidden", "Nobody"),
        ],
        [
            evening(11, 1, 9, 300),
            evening(12, 1, 3, 100),
            Performance { venue: busan.id, ..evening(20, 2, 5, 80) },
            cancelled,
            evening(14, 4, 0, 10),
            draft,
        ],
        [seoul, busan],
        [open(31, &[11, 12], 0..8), open(32, &[20], 2..4), Sale { published: false, ..open(33, &[20], 0..9) }],
    )
}

/// The ids on the page of day 1, and where the next one begins.
async fn find(query: ConcertQuery, limit: u32, after: Option<ConcertPosition>) -> (Vec<u128>, Option<ConcertPosition>) {
    let page = browse(programme(), 86_400).list(&query, PageRequest { limit, after }).await.unwrap();
    (page.items.iter().map(|view| view.concert.id.uuid().as_u128()).collect(), page.next)
}

#[tokio::test]
async fn concerts_come_by_date_or_by_title() {
    for (sort, expected) in [
        (ConcertSort::Date, [1, 2, 3, 4]),
        (ConcertSort::DateDescending, [2, 1, 3, 4]),
        (ConcertSort::Title, [2, 1, 3, 4]),
    ] {
        let query = || ConcertQuery { sort, ..ConcertQuery::default() };
        assert_eq!(find(query(), 9, None).await, (expected.to_vec(), None), "{sort:?}");
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let (page, next) = find(query(), 1, after).await;
            found.extend(page);
            after = next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found, expected, "{sort:?}, one by one");
    }
}

#[tokio::test]
async fn what_has_gone_since_the_page_before_is_in_nobodys_way() {
    let gone = ConcertId::new(id(7));
    let date = (at(4 * 86_400)).micros();
    for (sort, after, expected) in [
        (ConcertSort::Date, ConcertPosition::Date(date, gone), vec![2, 3, 4]),
        (ConcertSort::DateDescending, ConcertPosition::DateDescending(date, gone), vec![1, 3, 4]),
        (ConcertSort::Title, ConcertPosition::Title("b".into(), gone), vec![1, 3, 4]),
    ] {
        let query = ConcertQuery { sort, ..ConcertQuery::default() };
        assert_eq!(find(query, 9, Some(after)).await.0, expected, "{sort:?}");
    }
    let query = ConcertQuery::default();
    let of_another = PageRequest { limit: 1, after: Some(ConcertPosition::Title(String::new(), gone)) };
    let refused = browse(programme(), 0).list(&query, of_another).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "a cursor of another order");
}

#[tokio::test]
async fn a_search_finds_what_fits_everything_that_is_asked_for() {
    let some = |text: &str| Some(text.to_owned());
    let query = ConcertQuery::default;
    for (query, expected) in [
        (ConcertQuery { text: some("BEYONCE"), ..query() }, vec![1]),
        (ConcertQuery { text: some("larks  aur"), ..query() }, vec![2]),
        (ConcertQuery { text: some("larks etoiles"), ..query() }, vec![]),
        (ConcertQuery { artist: some("the larks"), ..query() }, vec![2, 3]),
        (ConcertQuery { artist: some("larks"), ..query() }, vec![]),
        (ConcertQuery { city: some("busan"), ..query() }, vec![2]),
        (ConcertQuery { city: some("Seoul"), artist: some("the larks"), ..query() }, vec![3]),
        (ConcertQuery { status: Some(PublicStatus::OnSale), ..query() }, vec![1]),
        (ConcertQuery { status: Some(PublicStatus::Upcoming), ..query() }, vec![2]),
        (ConcertQuery { status: Some(PublicStatus::Cancelled), ..query() }, vec![3]),
        (ConcertQuery { status: Some(PublicStatus::Closed), ..query() }, vec![4]),
        (ConcertQuery { genre: Some(Genre::Jazz), ..query() }, vec![]),
        (ConcertQuery { from: Some(4), to: Some(5), ..query() }, vec![2]),
        (ConcertQuery { from: Some(9), ..query() }, vec![1]),
        (ConcertQuery { to: Some(3), ..query() }, vec![1, 4]),
        (ConcertQuery { from: Some(5), to: Some(4), ..query() }, vec![]),
        (ConcertQuery { from: Some(5), city: some("seoul"), ..query() }, vec![1, 3]),
    ] {
        assert_eq!(find(query.clone(), 9, None).await.0, expected, "{query:?}");
    }
}

#[tokio::test]
async fn a_concert_shows_what_is_to_come_of_it() {
    let view = |now: i64| async move { browse(programme(), now).one(ConcertId::new(id(1))).await.unwrap() };
    let first = view(86_400).await;
    let (next, status) = first.next.as_ref().unwrap();
    assert_eq!((next.id.uuid(), *status, first.status), (id(12), PublicStatus::OnSale, PublicStatus::OnSale));
    let amounts = |view: &ConcertView| view.list_prices.map(|(lowest, highest)| (lowest.amount(), highest.amount()));
    assert_eq!(
        (amounts(&first), first.performances, &first.cities[..]),
        (Some((50, 300)), 2, &["Seoul".to_owned()][..])
    );
    let between = view(4 * 86_400).await;
    assert_eq!((between.next.as_ref().unwrap().0.id.uuid(), amounts(&between)), (id(11), Some((150, 300))));
    let after = view(10 * 86_400).await;
    assert_eq!((after.next.as_ref(), after.list_prices, after.status), (None, None, PublicStatus::Closed));
    let unknown = browse(programme(), 0).one(ConcertId::new(id(99))).await;
    assert_eq!(unknown, Err(Error::NotFound(Missing::Concert)));
}

#[test]
fn an_index_lasts_until_a_sale_opens_or_closes_or_the_programme_changes() {
    let (programme, zones) = (Arc::new(programme()), {
        let mut zones = MockTimeZones::new();
        // Once for each date, however often the index is made.
        zones.expect_local_day().times(5).returning(|_, _| 0);
        zones
    });
    let latest = LatestIndex::default();
    let index = |now: Instant| {
        let mut clock = crate::port::MockClock::new();
        clock.expect_now().return_const(now);
        latest.of(&programme, &zones, &clock)
    };
    let first = index(at(100));
    assert!(Arc::ptr_eq(&first, &index(at(STARTS - 1))));
    let second = index(at(STARTS));
    assert!(!Arc::ptr_eq(&first, &second), "the performance of day 0 is over");
    assert!(Arc::ptr_eq(&second, &index(at(2 * 86_400 - 1))));
    assert!(!Arc::ptr_eq(&second, &index(at(2 * 86_400))), "a sale has opened");
    assert!(!Arc::ptr_eq(&second, &index(at(100))), "the clock was put back");
}

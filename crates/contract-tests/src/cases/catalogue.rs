//! Venues, concerts, performances and sales, one row at a time.

use crate::context::TestContext;
use crate::{CataloguePorts, Failure, Programme};
use frontrow_application::port::{Revision, StoreError, Stored};
use frontrow_domain::waiting_room::{AdmissionTerms, GroupTerms, WaitingRoom};
use frontrow_domain::{
    Area, Concert, ConcertId, Instant, Performance, PerformanceId, PerformanceStatus, Point, Points, PriceList,
    PriceType, Sale, SaleId, SeatMap, SeatRow, SectionDrawing, Tier, Venue, VenueId, testing,
};
use std::sync::Arc;
use std::time::Duration;

/// Saves a row anew, twice over the same revision, and over no revision; `$read` reads it.
macro_rules! check_revisions {
    ($save:expr, $read:expr, $row:expr, $changed:expr) => {
        ensure_eq!($save(&$row, Some(Revision(1))).await, Err(StoreError::Stale), "a row that does not exist");
        $save(&$row, None).await?;
        ensure_eq!($save(&$row, None).await, Err(StoreError::Stale), "a row that exists");
        let first = $read.await?.ok_or_else(|| Failure::new("what was saved is not there"))?;
        $save(&$changed, Some(first.revision)).await?;
        ensure_eq!($save(&$row, Some(first.revision)).await, Err(StoreError::Stale), "a row that has been saved since");
        let second = $read.await?.ok_or_else(|| Failure::new("what was saved is not there"))?;
        ensure!(second.revision != first.revision, "{:?} twice", first.revision);
        $save(&$row, Some(second.revision)).await?;
    };
}

fn venue(context: &TestContext) -> Venue {
    testing::venue()
        .id(VenueId::new(context.id()))
        .name(long_text(200))
        .time_zone("America/Argentina/ComodRivadavia")
        .address(testing::address().street(vec![long_text(100); 4]).city(long_text(100)).build())
        .build()
}

fn concert(context: &TestContext) -> Concert {
    Concert {
        id: ConcertId::new(context.id()),
        title: long_text(200),
        artist: "ß漢字 🎻 ' \" \\ % _ ;--".to_owned(),
        description: Some(format!("{}\n\n{}", long_text(1998), long_text(2000))),
        image: Some(format!("https://images.example/{}", "x".repeat(477))),
        age_limit: Some(99),
        ..testing::concert_in_full()
    }
}

/// That many characters, most of them not ASCII.
fn long_text(characters: usize) -> String {
    "Ω漢é🎫".chars().cycle().take(characters).collect()
}

fn seat_map(venue: &Venue) -> SeatMap {
    // Sixteen characters each, of three and of four bytes in UTF-8.
    let (section, row) = ("가나다라마바사아자차카타파하1층", "𐊀".repeat(SeatMap::MAX_NAME));
    let row = SeatRow {
        accessible: [1, 500].into(),
        companion: [2].into(),
        blocked: [3, 4].into(),
        xs: (0..500).collect(),
        ys: vec![-100_000; 500],
        view_angles: vec![-180; 500],
        ..testing::seat_row(&row, 500)
    };
    let mut sections = vec![testing::seated(section, [row]), testing::standing("가구역", 1000, "STANDING")];
    let corner = Point { x: 100_000, y: -100_000 };
    let outline = vec![corner; SectionDrawing::MAX_CORNERS];
    sections[1].drawing = Some(SectionDrawing { outline, angle: 359, ..SectionDrawing::at(corner) });
    let stage = Area { x: -1, y: 2, width: 3, depth: 4 };
    testing::seat_map().venue(venue.id).version(7).sections(sections).stage(stage).build()
}

fn performance(context: &TestContext) -> Result<Performance, Failure> {
    let most = Points::new(PriceList::MAX_PRICE)?;
    let tier = |n: usize| Tier { code: format!("T{n}"), name: long_text(100), list_price: most };
    let kind = |n: usize| PriceType { code: format!("type{n}"), name: long_text(100), discount_percent: 100 };
    let Performance { concert, venue, seat_map_version, starts_at, .. } = context.programme.performances[0];
    Ok(Performance {
        id: PerformanceId::new(context.id()),
        concert,
        venue,
        seat_map_version,
        starts_at,
        prices: testing::price_list()
            .tiers((1..=PriceList::MAX_ENTRIES).map(tier).collect())
            .types((1..=PriceList::MAX_ENTRIES).map(kind).collect())
            .fee(most)
            .tax_basis_points(10_000)
            .build(),
        ..testing::performance_in_full()
    })
}

fn sale(context: &TestContext) -> Sale {
    testing::sale()
        .id(SaleId::new(context.id()))
        .name(long_text(100))
        .performances((0..Sale::MAX_PERFORMANCES).map(|_| PerformanceId::new(context.id())).collect())
        .opens(Instant::from_micros(i64::MIN))
        .closes(Instant::from_micros(i64::MAX))
        .pay_until(Instant::from_micros(1))
        .cancel_until(Instant::from_micros(-1))
        .limit_per_person(Sale::MAX_LIMIT_PER_PERSON)
        .hold_duration(Sale::LONGEST_HOLD)
        .waiting_room(waiting_room())
        .published(false)
        .build()
}

fn waiting_room() -> WaitingRoom {
    let code: String = (b'!'..=b'~').cycle().take(WaitingRoom::MAX_CODE).map(char::from).collect();
    let group = |code| GroupTerms { name: long_text(100), weight: WaitingRoom::MAX_WEIGHT, code };
    testing::waiting_room()
        .lobby_opens(Instant::from_micros(i64::MIN))
        .capacity(WaitingRoom::MAX_CAPACITY)
        .rate(WaitingRoom::MAX_RATE)
        .burst(WaitingRoom::MAX_CAPACITY)
        .session(WaitingRoom::LONGEST_SESSION)
        .groups(vec![group(None), group(Some(code)), group(None), group(Some("x".into()))])
        .draw(true)
        .strict(true)
        .terms(AdmissionTerms { leave_on_payment: true })
        .build()
}

pub(super) async fn a_save_names_the_revision_that_was_read(context: Arc<TestContext>) -> Result<(), Failure> {
    let CataloguePorts { venues, concerts, performances, sales, .. } = context.catalogue()?;
    let row = venue(&context);
    let changed = Venue { name: "Other".into(), ..row.clone() };
    check_revisions!(|v, read| venues.save_venue(v, read), venues.venue(row.id), row, changed);
    let row = seat_map(&row);
    let changed = SeatMap { sections: row.sections[..1].to_vec(), ..row.clone() };
    check_revisions!(|m, read| venues.save_seat_map(m, read), venues.seat_map(row.venue, 7), row, changed);
    let row = concert(&context);
    let changed = Concert { title: "Other".into(), ..row.clone() };
    check_revisions!(|c, read| concerts.save_concert(c, read), concerts.concert(row.id), row, changed);
    let row = performance(&context)?;
    let sold_until = Some(Programme::OPENS + Performance::LONGEST_SOLD);
    let changed = Performance { starts_at: Programme::OPENS, sold_until, ..row.clone() };
    check_revisions!(|p, r| performances.save_performance(p, r), performances.performance(row.id), row, changed);
    let row = sale(&context);
    let changed = Sale { published: true, ..row.clone() };
    check_revisions!(|s, read| sales.save_sale(s, read), sales.sale(row.id), row, changed);
    Ok(())
}

fn value<T>(stored: Option<Stored<T>>) -> Option<T> {
    stored.map(|stored| stored.value)
}

pub(super) async fn what_is_saved_is_kept_as_it_was(context: Arc<TestContext>) -> Result<(), Failure> {
    let CataloguePorts { venues, concerts, performances, sales, .. } = context.catalogue()?;
    let row = venue(&context);
    ensure_eq!(venues.venue(row.id).await?, None);
    venues.save_venue(&row, None).await?;
    ensure_eq!(value(venues.venue(row.id).await?), Some(row.clone()));
    let map = seat_map(&row);
    ensure_eq!(venues.seat_map(map.venue, map.version).await?, None);
    venues.save_seat_map(&map, None).await?;
    let stored = venues.seat_map(map.venue, map.version).await?;
    ensure_eq!(stored.map(|stored| (stored.map, stored.frozen)), Some((map, false)));
    let row = concert(&context);
    ensure_eq!(concerts.concert(row.id).await?, None);
    concerts.save_concert(&row, None).await?;
    ensure_eq!(value(concerts.concert(row.id).await?), Some(row));
    let row = performance(&context)?;
    ensure_eq!(performances.performance(row.id).await?, None);
    performances.save_performance(&row, None).await?;
    ensure_eq!(value(performances.performance(row.id).await?), Some(row));
    let row = sale(&context);
    ensure_eq!(sales.sale(row.id).await?, None);
    sales.save_sale(&row, None).await?;
    ensure_eq!(value(sales.sale(row.id).await?), Some(row.clone()));
    let fewer = Sale { performances: row.performances.into_iter().take(3).collect(), ..sale(&context) };
    sales.save_sale(&fewer, None).await?;
    ensure_eq!(value(sales.sale(fewer.id).await?), Some(fewer));
    Ok(())
}

pub(super) async fn drafts_are_not_shown(context: Arc<TestContext>) -> Result<(), Failure> {
    let CataloguePorts { concerts, performances, on_sale, programme, .. } = context.catalogue()?;
    let hidden = concert(&context);
    concerts.save_concert(&hidden, None).await?;
    let draft = Performance { concert: hidden.id, ..performance(&context)? };
    performances.save_performance(&draft, None).await?;
    ensure_eq!(on_sale.on_sale(draft.id).await?, None);
    ensure_eq!(on_sale.on_sale(PerformanceId::new(context.id())).await?, None);
    ensure_eq!(on_sale.performances_of(hidden.id).await?, Some(Arc::default()), "no public performances");
    ensure_eq!(on_sale.performances_of(ConcertId::new(context.id())).await?, None, "no such concert");
    let shown = programme.programme().await?;
    let public = shown.concerts.iter().filter(|shown| !shown.performances.is_empty());
    let public: Vec<_> = public.map(|shown| &*shown.concert).collect();
    ensure_eq!(public, [&context.programme.concert]);
    Ok(())
}

pub(super) async fn concerts_and_their_performances_are_listed(context: Arc<TestContext>) -> Result<(), Failure> {
    let CataloguePorts { concerts, performances, on_sale, programme, .. } = context.catalogue()?;
    let mut expected = vec![context.programme.concert.clone()];
    let mut public = Vec::new();
    for n in 0..4 {
        let new = concert(&context);
        concerts.save_concert(&new, None).await?;
        // The last concert has many performances, all others have one.
        for _ in 0..=(n / 3 * 3) {
            // Any status but a draft will do.
            let status = PerformanceStatus::Cancelled;
            let performance = Performance { concert: new.id, status, ..context.programme.performances[0].clone() };
            let performance = Performance { id: PerformanceId::new(context.id()), ..performance };
            performances.save_performance(&performance, None).await?;
            public.push(performance.id);
        }
        expected.push(new);
    }
    let shown = programme.programme().await?;
    let listed: Vec<&Concert> = shown.concerts.iter().map(|shown| &*shown.concert).collect();
    ensure_eq!(listed, expected.iter().collect::<Vec<_>>());
    let counts: Vec<usize> = shown.concerts.iter().map(|shown| shown.performances.len()).collect();
    ensure_eq!(counts, [2, 1, 1, 1, 4]);
    let (busy, theirs) = (expected[4].id, &public[3..]);
    ensure_eq!(on_sale.performances_of(busy).await?.as_deref(), Some(&theirs.to_vec()));
    // Their seats were never made; the auditor does not mind, but nobody shall hold them.
    ensure_eq!(context.fixture.booking.seats.not_free(theirs[0]).await?, Vec::new());
    Ok(())
}

pub(super) async fn a_performance_shows_its_published_sales_by_opening(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    let CataloguePorts { sales, on_sale, programme: whole, .. } = context.catalogue()?;
    let second = Duration::from_secs(1);
    let with = |opens, published| {
        let performances = [context.performance()].into();
        Sale { opens, published, performances, ..Sale { id: SaleId::new(context.id()), ..context.wide.clone() } }
    };
    let late = with(Programme::OPENS + second, true);
    let early = with(Programme::OPENS - second, true);
    let hidden = with(Programme::OPENS, false);
    for sale in [&late, &early, &hidden] {
        sales.save_sale(sale, None).await?;
    }
    let shown = on_sale.on_sale(context.performance()).await?.ok_or_else(|| Failure::new("it is public"))?;
    let programme = &context.programme;
    ensure_eq!((&shown.performance, &shown.venue), (&programme.performances[0], &programme.venue));
    ensure_eq!(*shown.layout, programme.map.layout()?);
    let mut opening_together: Vec<SaleId> = shown.sales[1..4].iter().map(|sale| sale.id).collect();
    opening_together.sort();
    ensure_eq!(opening_together, [context.wide.id, context.narrow.id, context.gated.id]);
    ensure_eq!((shown.sales.len(), &shown.sales[0], &shown.sales[4]), (5, &early, &late));
    let listed = whole.programme().await?;
    let entry = listed
        .concerts
        .iter()
        .flat_map(|concert| &concert.performances)
        .find(|entry| entry.id == context.performance());
    let entry = entry.ok_or_else(|| Failure::new("it is listed"))?;
    let mut terms: Vec<_> = shown.sales.iter().map(|sale| sale.terms_for(&shown.performance)).collect();
    terms.sort_by_key(|terms| (terms.opens, terms.sale));
    ensure_eq!((&entry.terms, &*entry.venue), (&terms, &shown.venue));
    ensure_eq!((entry.bookable, entry.doors_at), (shown.performance.bookable(), shown.performance.doors_at));
    Ok(())
}

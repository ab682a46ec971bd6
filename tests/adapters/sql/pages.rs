//! What pages read is in memory: for a second, nothing of it asks the database anything.

use crate::setup::{Setup, concert, performance, setup};
use frontrow_adapters::IanaTimeZones;
use frontrow_adapters::SeatSnapshotCache;
use frontrow_adapters::sql::SqlReaders;
use frontrow_application::port::{OnSaleReader, ProgrammeReader};
use frontrow_application::{
    BrowseConcerts, BrowsePerformances, ConcertQuery, ConcertSort, Error, LatestIndex, ListSeats, PageRequest,
    SeatFilter, ShowAvailability, ShowSeatMap,
};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The use cases that pages read by, on one database.
struct Pages {
    concerts: BrowseConcerts,
    performances: BrowsePerformances,
    availability: Arc<ShowAvailability>,
    seats: ListSeats,
    seat_map: ShowSeatMap,
}

impl Pages {
    fn of(setup: &Setup) -> Self {
        let on_sale: Arc<dyn OnSaleReader> = Arc::new(setup.catalogue.browsed());
        let readers = Arc::new(SqlReaders::new(setup.database.clone()));
        let snapshots = Arc::new(SeatSnapshotCache::new(readers, setup.clock.clone()));
        let availability = Arc::new(ShowAvailability { on_sale: on_sale.clone(), snapshots });
        Self {
            concerts: BrowseConcerts {
                programme: setup.catalogue.clone(),
                time_zones: Arc::new(IanaTimeZones),
                clock: setup.clock.clone(),
                latest: LatestIndex::default(),
            },
            performances: BrowsePerformances {
                on_sale: on_sale.clone(),
                seats: availability.clone(),
                clock: setup.clock.clone(),
            },
            seats: ListSeats { availability: availability.clone() },
            availability,
            seat_map: ShowSeatMap { on_sale },
        }
    }

    /// Every page, with what `expand` adds, which is a performance, a concert and a venue.
    async fn read(&self) -> Result<String, Error> {
        let (id, page) = (performance().id, || PageRequest::new(20, None).unwrap());
        let wanted = ConcertQuery { text: Some("a".into()), sort: ConcertSort::Title, ..ConcertQuery::default() };
        let read = (
            self.concerts.list(&ConcertQuery::default(), PageRequest::new(20, None).unwrap()).await?,
            self.concerts.list(&wanted, PageRequest::new(20, None).unwrap()).await?,
            self.concerts.one(concert(1).id).await?,
            self.performances.list(concert(1).id, false, page()).await?,
            self.performances.one(id).await?,
            self.performances.on_sale(id).await?.performance.prices.clone(),
            self.availability.run(id).await?.availability(),
            self.seats.run(id, &SeatFilter::default(), PageRequest::new(20, None).unwrap()).await?,
            self.seat_map.run(id, 1).await?.map().drawing(),
        );
        Ok(format!("{read:?}"))
    }
}

/// Every table that pages could ask, under another name: then any statement fails.
async fn hide_tables(setup: &Setup) {
    for table in ["concert", "venue", "performance", "seat_map", "sale", "sale_performance", "seat", "reservation"] {
        setup.tamper(&format!("ALTER TABLE {table} RENAME TO hidden_{table}")).await;
    }
}

#[tokio::test]
async fn pages_that_were_read_within_a_second_cost_no_statement() {
    let setup = setup().await;
    setup.on_sale().await;
    let pages = Pages::of(&setup);
    let before = pages.read().await.unwrap();
    hide_tables(&setup).await;
    setup.clock.forward(Duration::from_micros(999_999));
    for _ in 0..3 {
        assert_eq!(pages.read().await.unwrap().len(), before.len());
    }
    setup.clock.forward(Duration::from_micros(1));
    assert!(pages.read().await.is_err(), "after a second it looks again, and finds that there is nothing");
}

/// What is read for lists, if nothing has changed: the counts, and not one concert. A row that was changed behind everybody's
/// back, without a revision, is not seen.
#[tokio::test]
async fn a_programme_that_has_not_changed_is_not_read_again() {
    let setup = setup().await;
    setup.on_sale().await;
    let before = setup.catalogue.programme().await.unwrap();
    setup.tamper("UPDATE concert SET title = 'Other'").await;
    setup.clock.forward(Duration::from_secs(1));
    assert!(Arc::ptr_eq(&before, &setup.catalogue.programme().await.unwrap()));
    setup.tamper("UPDATE concert SET revision = revision + 1").await;
    setup.clock.forward(Duration::from_secs(1));
    let after = setup.catalogue.programme().await.unwrap();
    assert_eq!(after.concerts[0].concert.title, "Other");
}

/// The figures of ADR 44: run it with `--ignored --nocapture`.
#[tokio::test]
#[ignore = "a measurement"]
#[expect(clippy::disallowed_methods, reason = "how long it takes is what is measured")]
async fn what_20000_concerts_cost() {
    let setup = setup().await;
    setup.on_sale().await;
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)";
    for statement in [
        format!(
            "{numbers} INSERT INTO concert (id, title, artist, revision, description) \
             SELECT randomblob(16), title || ' ' || i, artist, 1, printf('%.500c', 'x') FROM concert, n"
        ),
        "INSERT INTO performance (id, concert_id, venue_id, seat_map_version, starts_at, status, prices, revision) \
         SELECT randomblob(16), c.id, p.venue_id, 1, p.starts_at + abs(random() % 30000000000000), 'published', p.prices, 1 \
         FROM concert c, performance p, (SELECT 1 UNION ALL SELECT 2)"
            .to_owned(),
        "INSERT INTO sale (id, name, opens, closes, pay_until, cancel_until, limit_per_person, hold_duration, published, \
         revision) SELECT c.id, s.name, s.opens, s.closes, s.pay_until, s.cancel_until, 4, s.hold_duration, 1, 1 \
         FROM concert c, sale s"
            .to_owned(),
        "INSERT INTO sale_performance (sale_id, performance_id) SELECT concert_id, id FROM performance".to_owned(),
    ] {
        setup.tamper(&statement).await;
    }
    let pages = Pages::of(&setup);
    let memory = resident();
    let timed = async |what: &str, query: &ConcertQuery| {
        let begun = Instant::now();
        // Who asks first may be told to come back.
        let found = loop {
            if let Ok(page) = pages.concerts.list(query, PageRequest::new(20, None).unwrap()).await {
                break page.items.len();
            }
        };
        println!("{what}: {found} found in {:?}", begun.elapsed());
    };
    let all = ConcertQuery::default();
    timed("the first list", &all).await;
    println!("memory: {} MB more", (resident() - memory) / 1_000_000);
    timed("the next list", &all).await;
    timed("a search that finds nothing", &ConcertQuery { text: Some("zzz".into()), ..all.clone() }).await;
    setup.clock.forward(Duration::from_secs(1));
    timed("a second later", &all).await;
    setup.tamper("UPDATE concert SET revision = revision + 1").await;
    setup.clock.forward(Duration::from_secs(1));
    timed("after an edit", &all).await;
}

/// Bytes of memory of this process.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

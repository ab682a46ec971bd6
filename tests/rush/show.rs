//! The show of 50 seats, its sale with a waiting room, and everybody who wants to go.

use crate::crowd::{AdmissionLog, Person, settle};
use crate::driver::{Client, Server};
use anyhow::Result;
use frontrow_domain::waiting_room::{AdmissionTerms, GroupTerms, WaitingRoom};
use frontrow_domain::{
    Concert, ConcertId, Instant, Performance, PerformanceId, PerformanceStatus, Points, PriceList, PriceType, Sale,
    SaleId, SeatMap, SeatRow, Section, SectionShape, Tier, Venue, VenueId,
};
use frontrow_server::house::House;
use frontrow_server::keys::Keys;
use frontrow_server::settings::{Given, Settings};
use std::path::Path;
use std::time::Duration;
use uuid::Uuid;

/// 5 rows of 10.
pub const SEATS: usize = 50;
/// Every seat's tier, and what it costs.
pub const TIER: &str = "R";
const PRICE: i64 = 100_000;
/// Enough for any two seats.
const POINTS: i64 = 1_000_000;
const DAY: Duration = Duration::from_hours(24);
/// What nobody pays comes back before long: a show is no place to wait for it.
const HOLD: Duration = Duration::from_secs(8);

/// When the sale opens.
#[derive(Clone, Copy)]
pub struct Opening {
    /// How long the lobby is open before.
    pub lobby: Duration,
}

/// What is on sale.
pub struct Show {
    pub performance: Uuid,
    pub sale: Uuid,
    opens: tokio::time::Instant,
}

/// Makes a database with the show and with so many people, in that directory, where the server will find it.
pub async fn prepare(directory: &Path, people: usize, opening: Opening) -> Result<(Show, Vec<Person>)> {
    let mut given = Given { directory: directory.to_owned(), ..Given::default() };
    let at = |name: &str| directory.join(name).display().to_string();
    given.flags.0.insert("database_url", format!("sqlite://{}", at("frontrow.sqlite")));
    given.flags.0.insert("keys_file", at("keys.json"));
    let settings = Settings::load(&given)?;
    let house = House::open(&settings, &Keys::load_or_create(&settings.keys_file)?).await?;
    let password = house.ports.passwords.hash("correct horse battery".to_owned()).await?;
    let people = settle(&house, &password, people, POINTS).await?;
    let show = put_on(&house, opening).await?;
    house.close().await;
    Ok((show, people))
}

impl Show {
    pub fn opens_at(&self) -> tokio::time::Instant {
        self.opens
    }

    /// Where everybody can see how the line stands.
    pub fn line(&self, server: &Server) -> (Client, String) {
        (Client::new(server.address, None), format!("/v1/sales/{}/queue", self.sale))
    }

    pub async fn admission_log(&self, server: &Server) -> Result<AdmissionLog> {
        AdmissionLog::read(&mut Client::new(server.address, None), self.sale).await
    }
}

async fn put_on(house: &House, opening: Opening) -> Result<Show> {
    let (ports, all) = (&house.ports, &house.use_cases);
    let now = ports.clock.now();
    let id = || ports.ids.id();
    let venue = Venue { id: VenueId::new(id()), name: "The Lantern".to_owned(), time_zone: "Asia/Seoul".to_owned() };
    let concert =
        Concert { id: ConcertId::new(id()), title: "Small Hours".to_owned(), artist: "The Night Owls".to_owned() };
    let performance = performance(PerformanceId::new(id()), &concert, &venue, now + 30 * DAY)?;
    let opens = now + opening.lobby;
    let sale = sale(SaleId::new(id()), performance.id, opens, now);
    all.manage_venues.put(&venue).await?;
    all.manage_venues.put_seat_map(&hall(venue.id)).await?;
    all.manage_concerts.put(&concert).await?;
    all.manage_performances.put(&performance).await?;
    all.manage_performances.publish(performance.id).await?;
    all.manage_sales.put(&sale).await?;
    all.manage_sales.publish(sale.id, false).await?;
    let opens = tokio::time::Instant::now() + opens.since(ports.clock.now());
    Ok(Show { performance: performance.id.uuid(), sale: sale.id.uuid(), opens })
}

fn hall(venue: VenueId) -> SeatMap {
    let row = |n: u32| SeatRow { name: n.to_string(), seats: 10, tier: TIER.to_owned(), ..SeatRow::default() };
    let rows = (1..=5).map(row).collect();
    SeatMap {
        venue,
        version: 1,
        sections: vec![Section { name: "A".to_owned(), shape: SectionShape::Seated { rows } }],
    }
}

fn performance(id: PerformanceId, concert: &Concert, venue: &Venue, starts_at: Instant) -> Result<Performance> {
    Ok(Performance {
        id,
        concert: concert.id,
        venue: venue.id,
        seat_map_version: 1,
        starts_at,
        sold_until: None,
        status: PerformanceStatus::Draft,
        prices: PriceList {
            tiers: vec![Tier { code: TIER.to_owned(), name: "Front".to_owned(), list_price: Points::new(PRICE)? }],
            types: vec![PriceType { code: "adult".to_owned(), name: "Adult".to_owned(), discount_percent: 0 }],
            fee: Points::ZERO,
            tax_basis_points: 0,
        },
    })
}

fn sale(id: SaleId, performance: PerformanceId, opens: Instant, now: Instant) -> Sale {
    Sale {
        id,
        name: "General sale".to_owned(),
        performances: [performance].into(),
        opens,
        closes: now + 20 * DAY,
        pay_until: now + 20 * DAY,
        cancel_until: now + 10 * DAY,
        limit_per_person: 2,
        hold_duration: HOLD,
        waiting_room: Some(WaitingRoom {
            lobby_opens: now,
            capacity: 12,
            rate: 600,
            burst: 12,
            session: Duration::from_mins(5),
            groups: vec![GroupTerms { name: "General".to_owned(), weight: 1, code: None }],
            draw: true,
            strict: false,
            terms: AdmissionTerms { leave_on_payment: true },
        }),
        published: false,
    }
}

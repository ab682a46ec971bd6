//! The show of 50 seats, its sale with a waiting room, and everybody who wants to go.

use crate::crowd::{AdmissionLog, Person, settle};
use crate::driver::{Client, Server};
use anyhow::Result;
use frontrow_application::ActingOperator;
use frontrow_domain::waiting_room::AdmissionTerms;
use frontrow_domain::{
    Concert, ConcertId, Instant, Performance, PerformanceId, PerformanceStatus, Sale, SaleId, SeatMap, Venue, VenueId,
    testing,
};
use frontrow_server::application::Application;
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
    let application = Application::open(&settings, &Keys::load_or_create(&settings.keys_file)?).await?;
    let password = application.ports.passwords.hash("correct horse battery".to_owned()).await?;
    let people = settle(&application, &password, people, POINTS).await?;
    let show = put_on(&application, opening).await?;
    application.close().await;
    Ok((show, people))
}

impl Show {
    pub fn opens_at(&self) -> tokio::time::Instant {
        self.opens
    }

    /// Where everybody can see how the queue stands.
    pub fn queue(&self, server: &Server) -> (Client, String) {
        (Client::new(server.address, None), format!("/v1/sales/{}/queue", self.sale))
    }

    pub async fn admission_log(&self, server: &Server) -> Result<AdmissionLog> {
        AdmissionLog::read(&mut Client::new(server.address, None), self.sale).await
    }
}

async fn put_on(application: &Application, opening: Opening) -> Result<Show> {
    let (ports, all) = (&application.ports, &application.use_cases);
    let now = ports.clock.now();
    let id = || ports.ids.id();
    let venue = testing::venue().id(VenueId::new(id())).name("The Lantern").build();
    let concert = testing::concert().id(ConcertId::new(id())).title("Small Hours").artist("The Night Owls").build();
    let performance = performance(PerformanceId::new(id()), &concert, &venue, now + 30 * DAY);
    let opens = now + opening.lobby;
    let sale = sale(SaleId::new(id()), performance.id, opens, now);
    let by = ActingOperator::at_the_console();
    all.manage_venues.put(by, &venue, None).await?;
    all.manage_venues.put_seat_map(by, &hall(venue.id), None).await?;
    all.manage_concerts.put(by, &concert, None).await?;
    all.manage_performances.put(by, &performance, None).await?;
    all.manage_performances.publish(by, performance.id).await?;
    all.manage_sales.put(by, &sale, None, false).await?;
    all.manage_sales.publish(by, sale.id, false).await?;
    let opens = tokio::time::Instant::now() + opens.since(ports.clock.now());
    Ok(Show { performance: performance.id.uuid(), sale: sale.id.uuid(), opens })
}

fn hall(venue: VenueId) -> SeatMap {
    let rows = (1..=5).map(|n: u32| testing::seat_row(&n.to_string(), 10));
    testing::seat_map().venue(venue).sections(vec![testing::seated("A", rows)]).build()
}

fn performance(id: PerformanceId, concert: &Concert, venue: &Venue, starts_at: Instant) -> Performance {
    let prices = testing::price_list()
        .tiers(vec![testing::tier(TIER, PRICE)])
        .types(vec![testing::price_type("adult", 0)])
        .build();
    testing::performance()
        .id(id)
        .concert(concert.id)
        .venue(venue.id)
        .starts_at(starts_at)
        .status(PerformanceStatus::Draft)
        .prices(prices)
        .build()
}

fn sale(id: SaleId, performance: PerformanceId, opens: Instant, now: Instant) -> Sale {
    let room = testing::waiting_room()
        .lobby_opens(now)
        .capacity(12)
        .rate(600)
        .burst(12)
        .session(Duration::from_mins(5))
        .draw(true)
        .terms(AdmissionTerms { leave_on_payment: true })
        .build();
    testing::sale()
        .id(id)
        .performances([performance].into())
        .opens(opens)
        .closes(now + 20 * DAY)
        .pay_until(now + 20 * DAY)
        .cancel_until(now + 10 * DAY)
        .limit_per_person(2)
        .hold_duration(HOLD)
        .waiting_room(room)
        .published(false)
        .build()
}

//! What is on in every world.

use crate::{AccountPorts, CataloguePorts, Failure};
use frontrow_application::port::{Credentials, Revision};
use frontrow_domain::waiting_room::WaitingRoom;
use frontrow_domain::{
    Catalogue, Concert, ConcertId, Email, Instant, Performance, PerformanceId, PerformanceStatus, Sale, SaleId,
    SeatKey, SeatMap, SeatNumber, User, UserId, Venue, VenueId, testing,
};
use std::collections::BTreeSet;
use std::time::Duration;
use uuid::Uuid;

/// One venue of 200 seats (none blocked), a concert with two public performances there, three published sales of both
/// performances, and users.
#[derive(Clone, Debug)]
pub struct Programme {
    /// The building it takes place in.
    pub venue: Venue,
    /// Its seats.
    pub map: SeatMap,
    /// What is played.
    pub concert: Concert,
    /// Its two performances.
    pub performances: [Performance; 2],
    /// On what terms: 50 seats per person, 4, and 4 behind a waiting room.
    pub sales: [Sale; 3],
    /// Who may come.
    pub users: Vec<User>,
}

impl Programme {
    /// Seats of each performance.
    pub const SEATS: u32 = 200;
    /// What a seat costs, in points.
    pub const PRICE: i64 = 1000;
    /// How many users there are.
    pub const USERS: u32 = 66;
    /// When the sales open.
    pub const OPENS: Instant = Instant::from_micros(1_800_000_000_000_000);

    pub(crate) fn new() -> Result<Self, Failure> {
        let venue = testing::venue().id(VenueId::new(id(1))).build();
        let concert = testing::concert().id(ConcertId::new(id(2))).build();
        let performances = [performance(&venue, &concert, 3), performance(&venue, &concert, 4)];
        let map = map(&venue);
        let gated =
            Sale { waiting_room: Some(waiting_room()), ..sale(&performances, 7, Sale::DEFAULT_LIMIT_PER_PERSON) };
        let sales = [
            sale(&performances, 5, Sale::MAX_LIMIT_PER_PERSON),
            sale(&performances, 6, Sale::DEFAULT_LIMIT_PER_PERSON),
            gated,
        ];
        let users = (0..Self::USERS).map(user).collect::<Result<_, _>>()?;
        Ok(Self { venue, map, concert, performances, sales, users })
    }

    /// Puts everything on, through the repositories.
    pub async fn put_on(&self, catalogue: &CataloguePorts, accounts: &AccountPorts) -> Result<(), Failure> {
        for user in &self.users {
            let credentials = Credentials { user: user.clone(), password_hash: "none".into() };
            accounts.accounts.add(&credentials, Self::OPENS).await?;
        }
        catalogue.venues.save_venue(&self.venue, None).await?;
        catalogue.venues.save_seat_map(&self.map, None).await?;
        catalogue.concerts.save_concert(&self.concert, None).await?;
        for performance in &self.performances {
            publish(catalogue, performance, Self::SEATS, &BTreeSet::new()).await?;
        }
        for sale in &self.sales {
            catalogue.sales.save_sale(sale, None).await?;
        }
        Ok(())
    }

    /// All seats of all performances, for stores without a catalogue.
    pub fn seats(&self) -> impl Iterator<Item = SeatKey> {
        let numbers = || (1..=Self::SEATS).filter_map(SeatNumber::new);
        let performances = self.performances.iter().map(|performance| performance.id);
        performances.flat_map(move |performance| numbers().map(move |number| SeatKey { performance, number }))
    }

    /// Everything that the books may point to, for auditors of stores without a catalogue.
    pub fn ids(&self) -> Catalogue {
        Catalogue {
            performances: self.performances.iter().map(|performance| performance.id).collect(),
            sales: self.sales.iter().map(|sale| sale.id).collect(),
            users: self.users.iter().map(|user| user.id).collect(),
            settled: BTreeSet::new(),
        }
    }
}

/// Saves a new performance as a draft and publishes it; its seat map is there.
pub(crate) async fn publish(
    catalogue: &CataloguePorts,
    performance: &Performance,
    seats: u32,
    blocked: &BTreeSet<SeatNumber>,
) -> Result<(), Failure> {
    let draft = Performance { status: PerformanceStatus::Draft, ..performance.clone() };
    catalogue.performances.save_performance(&draft, None).await?;
    let (read, map) = revisions(catalogue, performance).await?;
    Ok(catalogue.performances.publish(performance, read, map, seats, blocked).await?)
}

/// Of the performance and of its seat map.
pub(crate) async fn revisions(
    catalogue: &CataloguePorts,
    performance: &Performance,
) -> Result<(Revision, Revision), Failure> {
    let stored = catalogue.performances.performance(performance.id).await?;
    let map = catalogue.venues.seat_map(performance.venue, performance.seat_map_version).await?;
    match (stored, map) {
        (Some(stored), Some(map)) => Ok((stored.revision, map.revision)),
        _ => Err(Failure::new("what was saved is not there")),
    }
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + n)
}

fn map(venue: &Venue) -> SeatMap {
    let rows = (1..=10).map(|n: u32| testing::seat_row(&n.to_string(), 20));
    testing::seat_map().venue(venue.id).sections(vec![testing::seated("A", rows)]).build()
}

fn performance(venue: &Venue, concert: &Concert, n: u128) -> Performance {
    let prices = testing::price_list()
        .tiers(vec![testing::tier("R", Programme::PRICE)])
        .types(vec![testing::price_type("adult", 0)])
        .tax_basis_points(1000)
        .build();
    testing::performance()
        .id(PerformanceId::new(id(n)))
        .concert(concert.id)
        .venue(venue.id)
        .starts_at(Programme::OPENS + Duration::from_hours(48))
        .prices(prices)
        .build()
}

fn sale(performances: &[Performance], n: u128, limit_per_person: u32) -> Sale {
    let opens = Programme::OPENS;
    testing::sale()
        .id(SaleId::new(id(n)))
        .performances(performances.iter().map(|performance| performance.id).collect())
        .opens(opens)
        .closes(opens + Duration::from_hours(12))
        .pay_until(opens + Duration::from_hours(13))
        .cancel_until(opens + Duration::from_hours(24))
        .limit_per_person(limit_per_person)
        .build()
}

/// Ten at a time, and more a minute than anybody asks for.
fn waiting_room() -> WaitingRoom {
    testing::waiting_room().lobby_opens(Programme::OPENS - Duration::from_hours(1)).rate(60_000).burst(1000).build()
}

fn user(n: u32) -> Result<User, Failure> {
    let email: Email = format!("user{n}@example.com").parse()?;
    Ok(testing::user().id(UserId::new(id(1000 + u128::from(n)))).email(email).name(format!("User {n}")).build())
}

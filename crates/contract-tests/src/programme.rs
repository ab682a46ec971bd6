//! What is on in every world.

use crate::{AccountPorts, CataloguePorts, Failure};
use frontrow_application::port::{Credentials, Revision};
use frontrow_domain::waiting_room::{AdmissionTerms, GroupTerms, WaitingRoom};
use frontrow_domain::{
    Catalogue, Concert, ConcertId, Email, Instant, Performance, PerformanceId, PerformanceStatus, Points, PriceList,
    PriceType, Role, Sale, SaleId, SeatKey, SeatMap, SeatNumber, SeatRow, Section, SectionShape, Tier, User, UserId,
    Venue, VenueId,
};
use std::collections::BTreeSet;
use std::time::Duration;
use uuid::Uuid;

/// One venue of 200 seats (none blocked), a concert with two public performances there, three published sales of both
/// performances, and users.
#[derive(Clone, Debug)]
pub struct Programme {
    /// Where.
    pub venue: Venue,
    /// Its seats.
    pub map: SeatMap,
    /// What is played.
    pub concert: Concert,
    /// When.
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
        let venue = Venue { id: VenueId::new(id(1)), name: "Hall".into(), time_zone: "Asia/Seoul".into() };
        let concert = Concert { id: ConcertId::new(id(2)), title: "Evening".into(), artist: "Quartet".into() };
        let performances = [performance(&venue, &concert, 3)?, performance(&venue, &concert, 4)?];
        let map = map(&venue);
        let gated = Sale { waiting_room: Some(waiting_room()), ..sale(&performances, 7, Sale::DEFAULT_LIMIT) };
        let sales = [sale(&performances, 5, Sale::MOST_SEATS), sale(&performances, 6, Sale::DEFAULT_LIMIT), gated];
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
    let row = |n: u32| SeatRow { name: n.to_string(), seats: 20, tier: "R".into(), ..SeatRow::default() };
    let section = Section { name: "A".into(), shape: SectionShape::Seated { rows: (1..=10).map(row).collect() } };
    SeatMap { venue: venue.id, version: 1, sections: vec![section] }
}

fn performance(venue: &Venue, concert: &Concert, n: u128) -> Result<Performance, Failure> {
    let prices = PriceList {
        tiers: vec![Tier { code: "R".into(), name: "Royal".into(), list_price: Points::new(Programme::PRICE)? }],
        types: vec![PriceType { code: "adult".into(), name: "Adult".into(), discount_percent: 0 }],
        fee: Points::ZERO,
        tax_basis_points: 1000,
    };
    Ok(Performance {
        id: PerformanceId::new(id(n)),
        concert: concert.id,
        venue: venue.id,
        seat_map_version: 1,
        starts_at: Programme::OPENS + Duration::from_hours(48),
        sold_until: None,
        status: PerformanceStatus::Published,
        prices,
    })
}

fn sale(performances: &[Performance], n: u128, limit_per_person: u32) -> Sale {
    let opens = Programme::OPENS;
    Sale {
        id: SaleId::new(id(n)),
        name: "General sale".into(),
        performances: performances.iter().map(|performance| performance.id).collect(),
        opens,
        closes: opens + Duration::from_hours(12),
        pay_until: opens + Duration::from_hours(13),
        cancel_until: opens + Duration::from_hours(24),
        limit_per_person,
        hold_duration: Sale::DEFAULT_HOLD,
        waiting_room: None,
        published: true,
    }
}

/// Ten at a time, and more a minute than anybody asks for.
fn waiting_room() -> WaitingRoom {
    WaitingRoom {
        lobby_opens: Programme::OPENS - Duration::from_hours(1),
        capacity: 10,
        rate: 60_000,
        burst: 1000,
        session: Duration::from_mins(10),
        groups: vec![GroupTerms { name: "Everybody".into(), weight: 1, code: None }],
        draw: false,
        strict: false,
        terms: AdmissionTerms::default(),
    }
}

fn user(n: u32) -> Result<User, Failure> {
    let email: Email = format!("user{n}@example.com").parse()?;
    Ok(User { id: UserId::new(id(1000 + u128::from(n))), email, name: format!("User {n}"), role: Role::Customer })
}

//! What is on in the first world: two halls, six concerts, and a sale of each kind.

use crate::chance::Chance;
use crate::error::MockError;
use frontrow_application::port::IdSource;
use frontrow_application::{ActingOperator, Error, UseCases};
use frontrow_domain::waiting_room::{AdmissionTerms, GroupTerms, WaitingRoom};
use frontrow_domain::{
    Address, Concert, ConcertId, Genre, Instant, Performance, PerformanceId, PerformanceStatus, Points, PriceList,
    PriceType, Sale, SaleId, SeatMap, SeatRow, Section, Tier, Venue, VenueId,
};
use std::time::Duration;

/// The first world is made as of that long before it begins, so that something can have lapsed by then.
pub const HISTORY: Duration = Duration::from_hours(1);
/// How long after the beginning the sale opens that is upcoming.
pub const OPENS_IN: Duration = Duration::from_mins(10);
const DAY: Duration = Duration::from_hours(24);

/// A venue with its seats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hall {
    /// The building.
    pub venue: Venue,
    /// Its one seat map.
    pub map: SeatMap,
}

/// One concert, its dates, and the sale of all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Show {
    /// The concert.
    pub concert: Concert,
    /// Its dates, the soonest first.
    pub performances: Vec<Performance>,
    /// Their one sale.
    pub sale: Sale,
    /// What there is to know about it.
    pub about: &'static str,
}

/// Everything that is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programme {
    /// 50 seats.
    pub lantern: Hall,
    /// 5,000 seats.
    pub riverside: Hall,
    /// In the small hall, on sale, without a queue.
    pub small_hours: Show,
    /// In the large hall, on sale, without a queue.
    pub open_air: Show,
    /// In the large hall, behind a waiting room.
    pub northern_lights: Show,
    /// In the large hall, on sale soon; its lobby is open.
    pub first_light: Show,
    /// In the small hall, sold out.
    pub last_dance: Show,
    /// In the large hall, cancelled.
    pub stormy_weather: Show,
}

impl Programme {
    /// The same for the same seed, on dates that count from when the world begins.
    pub fn new(chance: Chance, begins: Instant) -> Result<Self, MockError> {
        let ids = chance.ids("programme");
        let (lantern, riverside) = (lantern(&ids), riverside(&ids));
        let show = |hall: &Hall, names, days: &[u32], about| Show::new(&ids, hall, names, days, begins, about);
        let mut programme = Self {
            small_hours: show(&lantern, ["Small Hours", "The Night Owls"], &[8, 9], "on sale, no queue")?,
            open_air: show(&riverside, ["Open Air", "Skyline"], &[12], "on sale, no queue")?,
            northern_lights: show(
                &riverside,
                ["Northern Lights", "Paper Boats"],
                &[15, 16],
                "on sale behind a waiting room",
            )?,
            first_light: show(
                &riverside,
                ["First Light", "Morning Choir"],
                &[40],
                "upcoming: its sale opens 10 minutes after the start, its lobby is open",
            )?,
            last_dance: show(&lantern, ["Last Dance", "The Slow Trains"], &[20], "sold out")?,
            stormy_weather: show(&riverside, ["Stormy Weather", "Harbour Lights"], &[25], "cancelled")?,
            lantern,
            riverside,
        };
        programme.first_light.sale.opens = begins + OPENS_IN;
        for show in [&mut programme.northern_lights, &mut programme.first_light] {
            show.sale.waiting_room = Some(waiting_room(begins));
        }
        Ok(programme)
    }

    /// Every show, in the order of their ids.
    pub fn shows(&self) -> [&Show; 6] {
        let Self { small_hours, open_air, northern_lights, first_light, last_dance, stormy_weather, .. } = self;
        [small_hours, open_air, northern_lights, first_light, last_dance, stormy_weather]
    }

    /// The hall that a show is in.
    pub fn hall(&self, show: &Show) -> &Hall {
        let is_there = |hall: &&Hall| show.performances.iter().any(|performance| performance.venue == hall.venue.id);
        [&self.lantern, &self.riverside].into_iter().find(is_there).unwrap_or(&self.riverside)
    }

    /// Puts everything on, and publishes it.
    pub async fn put_on(&self, use_cases: &UseCases, by: ActingOperator) -> Result<(), Error> {
        for hall in [&self.lantern, &self.riverside] {
            use_cases.manage_venues.put(by, &hall.venue, None).await?;
            use_cases.manage_venues.put_seat_map(by, &hall.map, None).await?;
        }
        for Show { concert, performances, sale, .. } in self.shows() {
            use_cases.manage_concerts.put(by, concert, None).await?;
            for performance in performances {
                use_cases.manage_performances.put(by, performance, None).await?;
                use_cases.manage_performances.publish(by, performance.id).await?;
            }
            use_cases.manage_sales.put(by, sale, None, false).await?;
            use_cases.manage_sales.publish(by, sale.id, false).await?;
        }
        Ok(())
    }

    /// Cancels what is cancelled, once somebody has paid for it.
    pub async fn cancel(&self, use_cases: &UseCases, by: ActingOperator) -> Result<(), Error> {
        for performance in &self.stormy_weather.performances {
            use_cases.manage_performances.become_status(by, performance.id, PerformanceStatus::Cancelled).await?;
        }
        Ok(())
    }
}

impl Show {
    fn new(
        ids: &dyn IdSource,
        hall: &Hall,
        [title, artist]: [&str; 2],
        days: &[u32],
        begins: Instant,
        about: &'static str,
    ) -> Result<Self, MockError> {
        let picture = title.to_lowercase().replace(' ', "-");
        let concert = Concert {
            description: Some(format!("An evening with {artist}.\n\nThe show lasts two hours, with an interval.")),
            image: Some(format!("https://images.example/{picture}.jpg")),
            genre: Some(Genre::Pop),
            age_limit: Some(8),
            ..Concert::new(ConcertId::new(ids.id()), title, artist)
        };
        let performance = |days: &u32| -> Result<Performance, MockError> {
            let (id, starts_at) = (PerformanceId::new(ids.id()), evening(begins, *days));
            let doors_at = Some(starts_at - Duration::from_hours(1));
            let draft = Performance::draft(id, concert.id, hall.venue.id, hall.map.version, starts_at, prices()?);
            Ok(Performance { doors_at, ..draft })
        };
        let performances: Vec<_> = days.iter().map(performance).collect::<Result<_, _>>()?;
        let closes = performances.iter().map(|performance| performance.starts_at).min().unwrap_or(begins);
        let sale = Sale {
            id: SaleId::new(ids.id()),
            name: "General sale".to_owned(),
            performances: performances.iter().map(|performance| performance.id).collect(),
            opens: begins - 2 * HISTORY,
            closes,
            pay_until: closes,
            cancel_until: closes - DAY,
            limit_per_person: 10,
            hold_duration: Sale::DEFAULT_HOLD,
            waiting_room: None,
            published: false,
        };
        Ok(Self { concert, performances, sale, about })
    }
}

/// 19:00 in Seoul, that many days after an instant.
fn evening(from: Instant, days: u32) -> Instant {
    let since_midnight = from.since(Instant::default()).as_micros() % DAY.as_micros();
    let midnight = from - Duration::from_micros(u64::try_from(since_midnight).unwrap_or_default());
    midnight + DAY * days + Duration::from_hours(10)
}

/// So small that you can watch it work.
fn waiting_room(begins: Instant) -> WaitingRoom {
    WaitingRoom {
        lobby_opens: begins - 3 * HISTORY,
        capacity: 100,
        rate: 120,
        burst: 10,
        session: Duration::from_mins(15),
        groups: vec![GroupTerms { name: "General".to_owned(), weight: 1, code: None }],
        draw: false,
        strict: false,
        terms: AdmissionTerms::default(),
    }
}

/// 50 seats: one section of 5 rows of 10.
fn lantern(ids: &dyn IdSource) -> Hall {
    let rows = (1..=5).map(|number| row(number, 10, if number <= 2 { "R" } else { "S" })).collect();
    hall(ids, "The Lantern", vec![seated("A", rows)])
}

/// 5,000: 1,000 standing, and 4 sections of 20 rows of 50.
fn riverside(ids: &dyn IdSource) -> Hall {
    let tier = |number| {
        if number <= 5 {
            "R"
        } else if number <= 15 {
            "S"
        } else {
            "A"
        }
    };
    let section = |name| seated(name, (1..=20).map(|number| row(number, 50, tier(number))).collect());
    let floor = Section::standing("FLOOR", 1_000, "FLOOR");
    hall(ids, "Riverside Hall", [floor].into_iter().chain(["A", "B", "C", "D"].map(section)).collect())
}

fn hall(ids: &dyn IdSource, name: &str, sections: Vec<Section>) -> Hall {
    let address = Address {
        street: vec!["61 Yeouigongwon-ro".to_owned()],
        postal_code: Some("07241".to_owned()),
        city: "Seoul".to_owned(),
        country: "KR".to_owned(),
    };
    let venue = Venue { address: Some(address), ..Venue::new(VenueId::new(ids.id()), name, "Asia/Seoul") };
    Hall { map: SeatMap::new(venue.id, 1, sections), venue }
}

/// The last row has two wheelchair spaces with a companion seat beside each.
fn seated(name: &str, mut rows: Vec<SeatRow>) -> Section {
    if let Some(last) = rows.last_mut() {
        last.accessible = [1, 3].into();
        last.companion = [2, 4].into();
    }
    Section::seated(name, rows)
}

fn row(number: u32, seats: u32, tier: &str) -> SeatRow {
    SeatRow { name: number.to_string(), seats, tier: tier.to_owned(), ..SeatRow::default() }
}

fn prices() -> Result<PriceList, MockError> {
    let tier = |code: &str, name: &str, price| -> Result<Tier, MockError> {
        Ok(Tier { code: code.to_owned(), name: name.to_owned(), list_price: Points::new(price)? })
    };
    let price_type = |code: &str, name: &str, discount_percent| PriceType {
        code: code.to_owned(),
        name: name.to_owned(),
        discount_percent,
    };
    Ok(PriceList {
        tiers: vec![
            tier("R", "Front", 154_000)?,
            tier("S", "Middle", 121_000)?,
            tier("A", "Back", 88_000)?,
            tier("FLOOR", "Standing", 132_000)?,
        ],
        types: vec![price_type("adult", "Adult", 0), price_type("child", "Child", 50)],
        fee: Points::new(2_000)?,
        tax_basis_points: 1_000,
    })
}

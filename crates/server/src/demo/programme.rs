//! The demo's catalogue: concerts, performances, prices and sales, with dates relative to now.

use super::halls::{Hall, club, stadium, theatre};
use frontrow_application::port::IdSource;
use frontrow_domain::waiting_room::{AdmissionTerms, GroupTerms, WaitingRoom};
use frontrow_domain::{
    Concert, ConcertId, Genre, Instant, OutOfRange, Performance, PerformanceId, Points, PriceList, PriceType, Sale,
    SaleId, Tier,
};
use std::time::Duration;

const DAY: Duration = Duration::from_hours(24);

/// One concert in one hall.
pub struct Engagement {
    pub hall: Hall,
    pub concert: Concert,
    pub performances: Vec<Performance>,
    pub sales: Vec<Sale>,
}

/// Three open sales, the first of them with a waiting room, and one that opens in a week.
pub fn programme(ids: &dyn IdSource, now: Instant) -> Result<Vec<Engagement>, OutOfRange> {
    let soon = |days: &[u32]| days.iter().map(|days| evening(now, *days)).collect::<Vec<_>>();
    let mut club = engagement(
        ids,
        club(ids),
        Concert {
            genre: Some(Genre::Jazz),
            age_limit: Some(19),
            ..concert(
                ids,
                ["Small Hours", "The Night Owls"],
                "A late set in a small room: ballads, brushes and a double bass.",
            )
        },
        &[(now, soon(&[8, 9])), (now + 7 * DAY, soon(&[60]))],
    )?;
    for sale in &mut club.sales {
        sale.waiting_room = Some(waiting_room(now));
    }
    let northern_lights = Concert {
        genre: Some(Genre::Folk),
        age_limit: Some(8),
        ..concert(ids, ["Northern Lights", "Paper Boats"], "Songs about weather, water and the way home.")
    };
    let one_night_only = Concert {
        genre: Some(Genre::Rock),
        ..concert(ids, ["One Night Only", "Skyline"], "The whole first album, and everything that came after it.")
    };
    Ok(vec![
        club,
        engagement(ids, theatre(ids), northern_lights, &[(now, soon(&[15, 16]))])?,
        engagement(ids, stadium(ids), one_night_only, &[(now, soon(&[30]))])?,
    ])
}

/// With a description of two paragraphs, and a picture.
fn concert(ids: &dyn IdSource, [title, artist]: [&str; 2], about: &str) -> Concert {
    let file = title.to_lowercase().replace(' ', "-");
    Concert {
        description: Some(format!("{about}\n\nThe show lasts two hours, with an interval.")),
        image: Some(format!("https://images.example/{file}.jpg")),
        ..Concert::new(ConcertId::new(ids.id()), title, artist)
    }
}

/// `sales` has for each sale its opening, and the beginnings of the performances that it sells.
fn engagement(
    ids: &dyn IdSource,
    hall: Hall,
    concert: Concert,
    sales: &[(Instant, Vec<Instant>)],
) -> Result<Engagement, OutOfRange> {
    let mut engagement = Engagement { hall, concert, performances: Vec::new(), sales: Vec::new() };
    for (opens, begins) in sales {
        let performances: Vec<_> =
            begins.iter().map(|at| engagement.performance(ids, *at)).collect::<Result<_, _>>()?;
        engagement.sales.push(sale(ids, *opens, &performances));
        engagement.performances.extend(performances);
    }
    Ok(engagement)
}

impl Engagement {
    fn performance(&self, ids: &dyn IdSource, starts_at: Instant) -> Result<Performance, OutOfRange> {
        let (id, venue, version) = (PerformanceId::new(ids.id()), self.hall.venue.id, self.hall.map.version);
        let doors_at = Some(starts_at - Duration::from_hours(1));
        Ok(Performance { doors_at, ..Performance::draft(id, self.concert.id, venue, version, starts_at, prices()?) })
    }
}

/// 19:00 in Seoul, that many days from now.
fn evening(now: Instant, days: u32) -> Instant {
    let since_midnight = now.since(Instant::default()).as_micros() % DAY.as_micros();
    let midnight = now - Duration::from_micros(u64::try_from(since_midnight).unwrap_or_default());
    midnight + DAY * days + Duration::from_hours(10)
}

/// Sold until the first performance begins; cancellations are possible until a day before.
fn sale(ids: &dyn IdSource, opens: Instant, performances: &[Performance]) -> Sale {
    let closes = performances.iter().map(|performance| performance.starts_at).min().unwrap_or(opens);
    Sale {
        id: SaleId::new(ids.id()),
        name: "General sale".to_owned(),
        performances: performances.iter().map(|performance| performance.id).collect(),
        opens,
        closes,
        pay_until: closes,
        cancel_until: closes - DAY,
        limit_per_person: Sale::DEFAULT_LIMIT_PER_PERSON,
        hold_duration: Sale::DEFAULT_HOLD,
        waiting_room: None,
        published: false,
    }
}

/// So small that you can watch it work.
fn waiting_room(now: Instant) -> WaitingRoom {
    WaitingRoom {
        lobby_opens: now,
        capacity: 10,
        rate: 600,
        burst: 10,
        session: Duration::from_mins(15),
        groups: vec![GroupTerms { name: "General".to_owned(), weight: 1, code: None }],
        draw: false,
        strict: false,
        terms: AdmissionTerms::default(),
    }
}

fn prices() -> Result<PriceList, OutOfRange> {
    let tier = |code: &str, name: &str, price| {
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

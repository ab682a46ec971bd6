//! Parts of a small programme to try things with: the mock's first world and the server's demo are put together from them.

mod halls;

pub use halls::{Hall, club, stadium, theatre};

use frontrow_application::port::IdSource;
use frontrow_domain::waiting_room::{AdmissionTerms, GroupTerms, WaitingRoom};
use frontrow_domain::{
    Concert, ConcertId, Instant, OutOfRange, Performance, PerformanceId, Points, PriceList, PriceType, Sale, SaleId,
    Tier,
};
use std::time::Duration;

const DAY: Duration = Duration::from_hours(24);

/// With a picture, and a description of two paragraphs.
pub fn concert(ids: &dyn IdSource, [title, artist]: [&str; 2], about: &str) -> Concert {
    let file = title.to_lowercase().replace(' ', "-");
    Concert {
        description: Some(format!("{about}\n\nThe show lasts two hours, with an interval.")),
        image: Some(format!("https://images.example/{file}.jpg")),
        ..Concert::new(ConcertId::new(ids.id()), title, artist)
    }
}

/// Doors open an hour before it starts.
pub fn performance(
    ids: &dyn IdSource,
    concert: ConcertId,
    hall: &Hall,
    starts_at: Instant,
) -> Result<Performance, OutOfRange> {
    let id = PerformanceId::new(ids.id());
    let doors_at = Some(starts_at - Duration::from_hours(1));
    let draft = Performance::draft(id, concert, hall.venue.id, hall.map.version, starts_at, prices()?);
    Ok(Performance { doors_at, ..draft })
}

/// 19:00 in Seoul, that many days after an instant.
pub fn evening(from: Instant, days: u32) -> Instant {
    let since_midnight = from.since(Instant::default()).as_micros() % DAY.as_micros();
    let midnight = from - Duration::from_micros(u64::try_from(since_midnight).unwrap_or_default());
    midnight + DAY * days + Duration::from_hours(10)
}

/// Sold until the first performance begins; cancellations are possible until a day before.
pub fn sale(ids: &dyn IdSource, opens: Instant, performances: &[Performance]) -> Sale {
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

/// Lets `rate` people a minute in, ten at once, until `capacity` are in: so few that you can watch it work.
pub fn waiting_room(lobby_opens: Instant, capacity: u32, rate: u32) -> WaitingRoom {
    WaitingRoom {
        lobby_opens,
        capacity,
        rate,
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

//! What the demo puts on: concerts, performances, prices and sales, with dates that follow the clock.

use super::halls::{Hall, club, stadium, theatre};
use frontrow_application::port::IdSource;
use frontrow_domain::{
    Concert, ConcertId, Instant, OutOfRange, Performance, PerformanceId, PerformanceStatus, Points, PriceList,
    PriceType, Sale, SaleId, Tier,
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

/// Everything that is on: three sales that are open, and one that opens in a week.
pub fn programme(ids: &dyn IdSource, now: Instant) -> Result<Vec<Engagement>, OutOfRange> {
    let mut small = engagement(ids, now, club(ids), ["Small Hours", "The Night Owls"], &[8, 9, 60])?;
    let last = small.performances.last().map(|performance| performance.id);
    small.sales[0].performances.retain(|id| Some(*id) != last);
    let later = small.performances.iter().filter(|performance| Some(performance.id) == last);
    small.sales.extend(later.map(|performance| sale(ids, "Late show", now + 7 * DAY, &[performance])));
    Ok(vec![
        small,
        engagement(ids, now, theatre(ids), ["Northern Lights", "Paper Boats"], &[15, 16])?,
        engagement(ids, now, stadium(ids), ["One Night Only", "Skyline"], &[30])?,
    ])
}

fn engagement(
    ids: &dyn IdSource,
    now: Instant,
    hall: Hall,
    [title, artist]: [&str; 2],
    in_days: &[u32],
) -> Result<Engagement, OutOfRange> {
    let concert = Concert { id: ConcertId::new(ids.id()), title: title.to_owned(), artist: artist.to_owned() };
    let prices = prices()?;
    let performance = |days: &u32| Performance {
        id: PerformanceId::new(ids.id()),
        concert: concert.id,
        venue: hall.venue.id,
        seat_map_version: hall.map.version,
        starts_at: evening(now, *days),
        status: PerformanceStatus::Draft,
        prices: prices.clone(),
    };
    let performances: Vec<_> = in_days.iter().map(performance).collect();
    let sales = vec![sale(ids, "General sale", now, &performances.iter().collect::<Vec<_>>())];
    Ok(Engagement { hall, concert, performances, sales })
}

/// 19:00 in Seoul, that many days on.
fn evening(now: Instant, days: u32) -> Instant {
    let since_midnight = now.since(Instant::default()).as_micros() % DAY.as_micros();
    let midnight = now - Duration::from_micros(u64::try_from(since_midnight).unwrap_or_default());
    midnight + DAY * days + Duration::from_hours(10)
}

fn sale(ids: &dyn IdSource, name: &str, opens: Instant, performances: &[&Performance]) -> Sale {
    let starts = || performances.iter().map(|performance| performance.starts_at);
    let closes = starts().max().unwrap_or(opens);
    Sale {
        id: SaleId::new(ids.id()),
        name: name.to_owned(),
        performances: performances.iter().map(|performance| performance.id).collect(),
        opens,
        closes,
        pay_until: closes,
        cancel_until: starts().min().unwrap_or(opens) - DAY,
        limit_per_person: Sale::DEFAULT_LIMIT,
        hold_duration: Sale::DEFAULT_HOLD,
        published: false,
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

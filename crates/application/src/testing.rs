//! Fixtures of the unit tests.

use crate::port::OnSale;
use crate::{RequestKey, SeatChoice};
use frontrow_domain::{
    CommandKey, Instant, Performance, PerformanceId, PerformanceStatus, Points, PriceList, PriceType, Sale, SaleId,
    Seat, SeatKey, SeatMap, SeatNumber, SeatRow, SeatState, Section, SectionShape, Tier, UserId, Venue, VenueId,
    Version,
};
use std::sync::Arc;
use uuid::Uuid;

/// That many seconds after the epoch.
pub fn at(seconds: i64) -> Instant {
    Instant::from_micros(seconds * 1_000_000)
}

pub fn user(n: u128) -> UserId {
    UserId::new(Uuid::from_u128(1000 + n))
}

pub fn seat_map() -> SeatMap {
    let row = SeatRow { name: "1".into(), seats: 10, tier: "R".into(), ..SeatRow::default() };
    let section = Section { name: "A".into(), shape: SectionShape::Seated { rows: vec![row] } };
    SeatMap { venue: VenueId::new(Uuid::from_u128(2)), version: 1, sections: vec![section] }
}

pub fn performance() -> Performance {
    Performance {
        id: PerformanceId::new(Uuid::from_u128(1)),
        concert: frontrow_domain::ConcertId::new(Uuid::from_u128(3)),
        venue: seat_map().venue,
        seat_map_version: 1,
        starts_at: at(10_000),
        status: PerformanceStatus::Published,
        prices: PriceList {
            tiers: vec![Tier { code: "R".into(), name: "Royal".into(), list_price: Points::new(1000).unwrap() }],
            types: vec![PriceType { code: "adult".into(), name: "Adult".into(), discount_percent: 0 }],
            fee: Points::ZERO,
            tax_basis_points: 0,
        },
    }
}

pub fn sale(n: u128) -> Sale {
    Sale {
        id: SaleId::new(Uuid::from_u128(10 + n)),
        name: "General sale".into(),
        performances: [performance().id].into(),
        opens: at(10),
        closes: at(1000),
        pay_until: at(1300),
        cancel_until: at(2000),
        limit_per_person: 4,
        hold_duration: Sale::DEFAULT_HOLD,
        published: true,
    }
}

/// Ten seats, `A-1-1` to `A-1-10`, 1000 points each, one open sale.
pub fn on_sale() -> OnSale {
    OnSale {
        performance: performance(),
        venue: Venue { id: seat_map().venue, name: "Hall".into(), time_zone: "Asia/Seoul".into() },
        layout: Arc::new(seat_map().layout().unwrap()),
        sales: vec![sale(0)],
    }
}

pub fn seat(number: u32, state: SeatState) -> Seat {
    let key = SeatKey { performance: performance().id, number: SeatNumber::new(number).unwrap() };
    Seat { key, state, version: Version::FIRST }
}

pub fn request_key(user: UserId) -> RequestKey {
    RequestKey { key: CommandKey::new(user, "tap-1").unwrap(), body_hash: [7; 32] }
}

pub fn choice(label: &str) -> SeatChoice {
    SeatChoice { label: label.parse().unwrap(), price_type: None }
}

//! Rows of the catalogue with something in every field: what a store is given has to come back.
//!
//! They are written without `..`, so that a new field is named here and the tests of every store have it, too.

use super::{STARTS, address, at, concert, price_list, venue};
use crate::{Concert, ConcertId, Genre, Performance, PerformanceId, PerformanceStatus, Venue, VenueId};
use uuid::Uuid;

/// A concert with something in every field.
pub fn concert_in_full() -> Concert {
    Concert {
        id: ConcertId::new(Uuid::from_u128(3)),
        title: "Evening".into(),
        artist: "Quartet".into(),
        description: Some("Four seasons.\n\nWith an interval.".into()),
        image: Some("https://images.example/evening.jpg".into()),
        genre: Some(Genre::Classical),
        age_limit: Some(8),
    }
}

/// A venue with something in every field.
pub fn venue_in_full() -> Venue {
    Venue {
        id: VenueId::new(Uuid::from_u128(2)),
        name: "Hall".into(),
        time_zone: "Asia/Seoul".into(),
        address: Some(address().build()),
    }
}

/// A draft of a performance with something in every field.
pub fn performance_in_full() -> Performance {
    Performance {
        id: PerformanceId::new(Uuid::from_u128(1)),
        concert: concert().build().id,
        venue: venue().build().id,
        seat_map_version: 1,
        starts_at: at(STARTS),
        doors_at: Some(at(STARTS - 5)),
        sold_until: Some(at(STARTS + 7)),
        give_back_until: Some(at(STARTS + 9)),
        status: PerformanceStatus::Draft,
        prices: price_list().build(),
    }
}

//! Venues of 50, 5,000 and 50,000 seats.

use frontrow_application::port::IdSource;
use frontrow_domain::{Address, SeatMap, SeatRow, Section, Venue, VenueId};

/// A venue with its seats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hall {
    /// The building.
    pub venue: Venue,
    /// Its one seat map.
    pub map: SeatMap,
}

/// 50 seats: one section of 5 rows of 10.
pub fn club(ids: &dyn IdSource) -> Hall {
    let rows = (1..=5).map(|number| row(number, 10, if number <= 2 { "R" } else { "S" })).collect();
    hall(ids, "The Lantern", address("20 Eoulmadang-ro", "04066"), vec![seated("A", rows)])
}

/// 5,000: 1,000 standing, and 4 sections of 20 rows of 50.
pub fn theatre(ids: &dyn IdSource) -> Hall {
    let section = |name| seated(name, (1..=20).map(|number| row(number, 50, tier(number, 20))).collect());
    let sections = [standing(1_000)].into_iter().chain(["A", "B", "C", "D"].map(section));
    hall(ids, "Riverside Hall", address("61 Yeouigongwon-ro", "07241"), sections.collect())
}

/// 50,000: 10,000 standing, and 20 sections of 40 rows of 50.
pub fn stadium(ids: &dyn IdSource) -> Hall {
    let section =
        |name: char| seated(&name.to_string(), (1..=40).map(|number| row(number, 50, tier(number, 40))).collect());
    let address = address("240 Worldcup-ro", "03929");
    hall(ids, "Skyline Stadium", address, [standing(10_000)].into_iter().chain(('A'..='T').map(section)).collect())
}

fn hall(ids: &dyn IdSource, name: &str, address: Address, sections: Vec<Section>) -> Hall {
    let venue = Venue { address: Some(address), ..Venue::new(VenueId::new(ids.id()), name, "Asia/Seoul") };
    Hall { map: SeatMap::new(venue.id, 1, sections), venue }
}

fn address(street: &str, postal_code: &str) -> Address {
    Address {
        street: vec![street.to_owned()],
        postal_code: Some(postal_code.to_owned()),
        city: "Seoul".to_owned(),
        country: "KR".to_owned(),
    }
}

fn standing(spots: u32) -> Section {
    Section::standing("FLOOR", spots, "FLOOR")
}

/// The last row has two wheelchair spaces with a companion seat beside each; in the row before it, the mixing desk takes
/// two seats.
fn seated(name: &str, mut rows: Vec<SeatRow>) -> Section {
    if let [.., before, last] = &mut rows[..] {
        last.accessible = [1, 3].into();
        last.companion = [2, 4].into();
        before.blocked = [before.seats / 2, before.seats / 2 + 1].into();
    }
    Section::seated(name, rows)
}

fn row(number: u32, seats: u32, tier: &str) -> SeatRow {
    SeatRow { name: number.to_string(), seats, tier: tier.to_owned(), ..SeatRow::default() }
}

fn tier(row: u32, rows: u32) -> &'static str {
    match row * 4 / rows {
        0 => "R",
        1 | 2 => "S",
        _ => "A",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontrow_domain::PositionKind;
    use uuid::Uuid;

    struct Ids;

    impl IdSource for Ids {
        fn id(&self) -> Uuid {
            Uuid::nil()
        }

        fn secret(&self) -> [u8; 32] {
            [0; 32]
        }
    }

    #[test]
    fn the_halls_have_50_and_5000_and_50000_seats_of_every_kind() {
        for (hall, seats) in [(club(&Ids), 50), (theatre(&Ids), 5_000), (stadium(&Ids), 50_000)] {
            hall.venue.check().unwrap();
            let layout = hall.map.layout().unwrap();
            assert_eq!(layout.seat_count(), seats);
            let has = |kind| layout.positions().any(|(_, position)| position.kind == kind);
            assert!(has(PositionKind::Accessible) && has(PositionKind::Companion));
            assert_eq!(has(PositionKind::Standing), seats > 50);
            assert!(layout.positions().any(|(_, position)| position.blocked));
        }
    }
}

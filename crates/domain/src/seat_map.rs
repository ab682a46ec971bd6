//! Where people sit: a venue's seat map, and the numbered layout that a performance is sold by.

use crate::VenueId;
use crate::flaw::{Flaws, Invalid, is_code};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use thiserror::Error;

/// A seat's number within a performance: 1 to n in seat-map order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct SeatNumber(u32);

impl SeatNumber {
    /// The first seat of every performance.
    pub const FIRST: Self = Self(1);

    /// `None` for 0 and for more seats than a map may have.
    pub const fn new(number: u32) -> Option<Self> {
        if number == 0 || number > SeatMap::MOST_SEATS { None } else { Some(Self(number)) }
    }

    /// The number itself, from 1.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The place in a list of all seats, from 0.
    pub const fn index(self) -> usize {
        self.0 as usize - 1
    }
}

impl TryFrom<u32> for SeatNumber {
    type Error = &'static str;

    fn try_from(number: u32) -> Result<Self, Self::Error> {
        Self::new(number).ok_or("a seat number is 1 to 100000")
    }
}

impl From<SeatNumber> for u32 {
    fn from(number: SeatNumber) -> Self {
        number.0
    }
}

/// What is printed on a ticket: `section-row-number` (`A-1-12`), or `section-number` (`FLOOR-12`) where people stand.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeatLabel {
    /// The section's name, such as `A`.
    pub section: String,
    /// The row's name; absent in a standing section.
    pub row: Option<String>,
    /// The seat's number within its row, or the place's within its standing section.
    pub number: u32,
}

/// The text is not a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a label is SECTION-ROW-NUMBER such as A-1-12, or SECTION-NUMBER such as FLOOR-12 where people stand")]
pub struct NotALabel;

impl SeatLabel {
    /// No label is longer, in bytes.
    pub const MOST_BYTES: usize = 2 * SeatMap::MOST_NAME + 8;
}

impl FromStr for SeatLabel {
    type Err = NotALabel;

    fn from_str(text: &str) -> Result<Self, NotALabel> {
        let parts: Vec<&str> = text.split('-').collect();
        let (section, row, number) = match parts[..] {
            [section, number] => (section, None, number),
            [section, row, number] => (section, Some(row), number),
            _ => return Err(NotALabel),
        };
        let named = |name: &str| is_code(name, SeatMap::MOST_NAME);
        // A leading zero or plus sign would give one seat two labels.
        let plain = is_code(number, 6) && !number.starts_with('0');
        if !named(section) || !row.is_none_or(named) || !plain {
            return Err(NotALabel);
        }
        let number = number.parse().map_err(|_| NotALabel)?;
        Ok(Self { section: section.to_owned(), row: row.map(str::to_owned), number })
    }
}

impl fmt::Display for SeatLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.row {
            Some(row) => write!(f, "{}-{row}-{}", self.section, self.number),
            None => write!(f, "{}-{}", self.section, self.number),
        }
    }
}

/// The seats of a venue, in one version. A version is frozen when a performance that uses it is published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatMap {
    /// The venue.
    pub venue: VenueId,
    /// From 1.
    pub version: u32,
    /// From the front to the back.
    pub sections: Vec<Section>,
}

/// A part of the venue with a name of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Such as `A`; unique within the map.
    pub name: String,
    /// Rows of seats, or places to stand.
    pub shape: SectionShape,
}

/// How a section is filled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SectionShape {
    /// Rows of seats, from the front to the back.
    Seated {
        /// The rows.
        rows: Vec<SeatRow>,
    },
    /// Numbered places without adjacency.
    Standing {
        /// How many.
        places: u32,
        /// The price tier's code.
        tier: String,
    },
}

/// A row of seats, numbered from 1 upwards, left to right.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatRow {
    /// Such as `1`; unique within the section.
    pub name: String,
    /// How many seats the row has.
    pub seats: u32,
    /// The price tier's code.
    pub tier: String,
    /// Seats for people with a wheelchair or other needs.
    #[serde(default)]
    pub accessible: BTreeSet<u32>,
    /// Seats beside accessible ones, for who comes along.
    #[serde(default)]
    pub companion: BTreeSet<u32>,
    /// Seats that are not sold.
    #[serde(default)]
    pub blocked: BTreeSet<u32>,
}

impl SeatMap {
    /// Seats of one map.
    pub const MOST_SEATS: u32 = 100_000;
    /// Characters of a section's or row's name.
    pub const MOST_NAME: usize = 8;
    /// Sections of one map.
    pub const MOST_SECTIONS: usize = 200;
    /// Rows of one section.
    pub const MOST_ROWS: usize = 500;
    /// Seats of one row.
    pub const MOST_ROW_SEATS: u32 = 500;
    /// Characters of a tier's code.
    pub const MOST_TIER: usize = 8;

    /// Numbers the seats, or says everything that is wrong with the map.
    pub fn layout(&self) -> Result<Layout, Invalid> {
        self.check()?;
        let mut places = Vec::new();
        for section in &self.sections {
            match &section.shape {
                SectionShape::Seated { rows } => rows.iter().for_each(|row| row.place(&section.name, &mut places)),
                SectionShape::Standing { places: count, tier } => {
                    places.extend((1..=*count).map(|number| Place {
                        label: SeatLabel { section: section.name.clone(), row: None, number },
                        tier: tier.clone(),
                        kind: PlaceKind::Standing,
                        blocked: false,
                    }));
                }
            }
        }
        Ok(Layout::new(places))
    }

    fn check(&self) -> Result<(), Invalid> {
        let mut flaws = Flaws::default();
        flaws.unless(self.version > 0, "/version", "range", "1 or more");
        let count = self.sections.len();
        flaws.unless((1..=Self::MOST_SECTIONS).contains(&count), "/sections", "range", "1 to 200 sections");
        let mut names = BTreeSet::new();
        let mut seats = 0_u64;
        for (index, section) in self.sections.iter().enumerate() {
            let at = format!("/sections/{index}");
            flaws.check_code(&section.name, Self::MOST_NAME, &format!("{at}/name"));
            flaws.unless(names.insert(&section.name), &format!("{at}/name"), "duplicate", "a name of its own");
            seats += section.check(&at, &mut flaws);
        }
        let fits = (1..=u64::from(Self::MOST_SEATS)).contains(&seats);
        flaws.unless(fits, "/sections", "range", "1 to 100000 seats in all");
        flaws.into_result()
    }
}

impl Section {
    fn check(&self, at: &str, flaws: &mut Flaws) -> u64 {
        match &self.shape {
            SectionShape::Standing { places, tier } => {
                let fits = (1..=SeatMap::MOST_SEATS).contains(places);
                flaws.unless(fits, &format!("{at}/places"), "range", "1 to 100000 places");
                flaws.check_code(tier, SeatMap::MOST_TIER, &format!("{at}/tier"));
                u64::from(*places)
            }
            SectionShape::Seated { rows } => {
                let fits = (1..=SeatMap::MOST_ROWS).contains(&rows.len());
                flaws.unless(fits, &format!("{at}/rows"), "range", "1 to 500 rows");
                let mut names = BTreeSet::new();
                for (index, row) in rows.iter().enumerate() {
                    let at = format!("{at}/rows/{index}");
                    flaws.unless(names.insert(&row.name), &format!("{at}/name"), "duplicate", "a name of its own");
                    row.check(&at, flaws);
                }
                rows.iter().map(|row| u64::from(row.seats)).sum()
            }
        }
    }
}

impl SeatRow {
    fn check(&self, at: &str, flaws: &mut Flaws) {
        flaws.check_code(&self.name, SeatMap::MOST_NAME, &format!("{at}/name"));
        flaws.check_code(&self.tier, SeatMap::MOST_TIER, &format!("{at}/tier"));
        let fits = (1..=SeatMap::MOST_ROW_SEATS).contains(&self.seats);
        flaws.unless(fits, &format!("{at}/seats"), "range", "1 to 500 seats");
        for (name, list) in
            [("accessible", &self.accessible), ("companion", &self.companion), ("blocked", &self.blocked)]
        {
            let inside = list.iter().all(|number| (1..=self.seats).contains(number));
            flaws.unless(inside, &format!("{at}/{name}"), "range", "numbers of seats of this row");
        }
        let apart = self.accessible.is_disjoint(&self.companion);
        flaws.unless(apart, &format!("{at}/companion"), "duplicate", "no seat that is accessible itself");
    }

    fn place(&self, section: &str, places: &mut Vec<Place>) {
        places.extend((1..=self.seats).map(|number| Place {
            label: SeatLabel { section: section.to_owned(), row: Some(self.name.clone()), number },
            tier: self.tier.clone(),
            kind: match number {
                n if self.accessible.contains(&n) => PlaceKind::Accessible,
                n if self.companion.contains(&n) => PlaceKind::Companion,
                _ => PlaceKind::Standard,
            },
            blocked: self.blocked.contains(&number),
        }));
    }
}

/// What a place is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceKind {
    /// A seat like most.
    Standard,
    /// For people with a wheelchair or other needs.
    Accessible,
    /// Beside an accessible one.
    Companion,
    /// A place to stand, without neighbours.
    Standing,
}

/// One numbered place of a layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What the ticket says.
    pub label: SeatLabel,
    /// The price tier's code.
    pub tier: String,
    /// What it is for.
    pub kind: PlaceKind,
    /// Not sold.
    pub blocked: bool,
}

/// A row of seats, or the places where people stand, within a layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Seat n is n-1.
    pub seats: Range<usize>,
    /// Whether they are places to stand, without neighbours.
    pub standing: bool,
}

/// A seat map with its seats numbered 1 to n.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    places: Vec<Place>,
    rows: Vec<Span>,
    by_label: HashMap<SeatLabel, SeatNumber>,
}

impl Layout {
    fn new(places: Vec<Place>) -> Self {
        let numbered = places.iter().zip(1..).filter_map(|(place, n)| Some((place.label.clone(), SeatNumber::new(n)?)));
        let by_label = numbered.collect();
        Self { rows: rows(&places), places, by_label }
    }

    /// Its rows, from the front to the back.
    pub fn rows(&self) -> &[Span] {
        &self.rows
    }

    /// The tier of a row's seats.
    pub fn tier(&self, row: &Span) -> &str {
        &self.places[row.seats.start].tier
    }

    /// What the seat at that index, from 0, is for.
    pub(crate) fn kind(&self, index: usize) -> PlaceKind {
        self.places[index].kind
    }

    /// How many seats there are.
    pub fn seat_count(&self) -> u32 {
        u32::try_from(self.places.len()).unwrap_or(u32::MAX)
    }

    /// The seat of that label.
    pub fn number(&self, label: &SeatLabel) -> Option<SeatNumber> {
        self.by_label.get(label).copied()
    }

    /// What is at that number.
    pub fn place(&self, number: SeatNumber) -> Option<&Place> {
        self.places.get(number.index())
    }

    /// All places, by number.
    pub fn places(&self) -> impl Iterator<Item = (SeatNumber, &Place)> {
        self.places.iter().zip(1..).filter_map(|(place, n)| Some((SeatNumber::new(n)?, place)))
    }

    /// How many seats each tier has.
    pub fn tiers(&self) -> BTreeMap<&str, u32> {
        let mut tiers = BTreeMap::new();
        for place in &self.places {
            *tiers.entry(place.tier.as_str()).or_default() += 1;
        }
        tiers
    }
}

fn rows(places: &[Place]) -> Vec<Span> {
    let same_row = |a: &Place, b: &Place| a.label.section == b.label.section && a.label.row == b.label.row;
    let rows = places.chunk_by(same_row).scan(0, |end, row| {
        let start = std::mem::replace(end, *end + row.len());
        Some(Span { seats: start..*end, standing: row[0].kind == PlaceKind::Standing })
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row(name: &str, seats: u32) -> SeatRow {
        SeatRow { name: name.into(), seats, tier: "R".into(), ..SeatRow::default() }
    }

    fn map(sections: Vec<Section>) -> SeatMap {
        SeatMap { venue: VenueId::new(uuid::Uuid::nil()), version: 1, sections }
    }

    fn seated(name: &str, rows: Vec<SeatRow>) -> Section {
        Section { name: name.into(), shape: SectionShape::Seated { rows } }
    }

    fn standing(name: &str, places: u32) -> Section {
        Section { name: name.into(), shape: SectionShape::Standing { places, tier: "S".into() } }
    }

    #[test]
    fn seats_are_numbered_in_map_order() {
        let first = SeatRow { accessible: [1].into(), companion: [2].into(), blocked: [3].into(), ..row("1", 3) };
        let layout = map(vec![seated("A", vec![first, row("2", 2)]), standing("FLOOR", 2)]).layout().unwrap();
        let seats: Vec<_> = layout.places().map(|(n, p)| (n.get(), p.label.to_string(), p.kind, p.blocked)).collect();
        let expected = [
            (1, "A-1-1", PlaceKind::Accessible, false),
            (2, "A-1-2", PlaceKind::Companion, false),
            (3, "A-1-3", PlaceKind::Standard, true),
            (4, "A-2-1", PlaceKind::Standard, false),
            (5, "A-2-2", PlaceKind::Standard, false),
            (6, "FLOOR-1", PlaceKind::Standing, false),
            (7, "FLOOR-2", PlaceKind::Standing, false),
        ];
        assert_eq!(seats, expected.map(|(n, label, kind, blocked)| (n, label.to_owned(), kind, blocked)));
        assert_eq!(layout.tiers(), [("R", 5), ("S", 2)].into());
        assert_eq!(layout.number(&"A-2-1".parse().unwrap()), SeatNumber::new(4));
        assert_eq!(layout.number(&"A-1-4".parse().unwrap()), None);
    }

    #[test]
    fn a_map_says_everything_that_is_wrong_with_it() {
        let bad = SeatRow { companion: [1].into(), accessible: [1, 9].into(), ..row("1", 2) };
        let Err(Invalid(flaws)) = map(vec![seated("A", vec![bad, row("1", 0)]), standing("A", 0)]).layout() else {
            panic!("the map is wrong");
        };
        let found: Vec<_> = flaws.iter().map(|flaw| (flaw.pointer.as_str(), flaw.code)).collect();
        let expected = [
            ("/sections/0/rows/0/accessible", "range"),
            ("/sections/0/rows/0/companion", "duplicate"),
            ("/sections/0/rows/1/name", "duplicate"),
            ("/sections/0/rows/1/seats", "range"),
            ("/sections/1/name", "duplicate"),
            ("/sections/1/places", "range"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_map_has_at_most_100000_seats() {
        assert_eq!(map(vec![standing("A", 100_000)]).layout().unwrap().seat_count(), 100_000);
        assert!(map(vec![standing("A", 100_000), standing("B", 1)]).layout().is_err());
        assert!(map(vec![]).layout().is_err());
    }

    proptest! {
        #[test]
        fn a_label_that_parses_prints_as_it_was(text in "[A-Z0-9a-z-]{0,12}") {
            if let Ok(label) = text.parse::<SeatLabel>() {
                prop_assert_eq!(label.to_string(), text);
            }
        }
    }

    #[test]
    fn what_is_not_a_label_is_refused() {
        for text in ["", "A", "A-", "-1", "A-1-", "A-1-012", "A-1-+1", "A-1-2-3", "A-1-x", "ABCDEFGHI-1-1", "A 1-1-1"] {
            assert_eq!(text.parse::<SeatLabel>(), Err(NotALabel), "{text}");
        }
    }
}

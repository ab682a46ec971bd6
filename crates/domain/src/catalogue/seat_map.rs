//! Where people sit: a venue's seat map, and the numbered layout that a performance is sold by.

use super::seat_name;
use super::{Area, SeatNumber, SectionDrawing};
use crate::id::VenueId;
use crate::text::composed;
use crate::violation::{Invalid, Violations};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The seats of a venue, in one version. A version is frozen when a performance that uses it is published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatMap {
    /// The venue.
    pub venue: VenueId,
    /// Number of the version, from 1.
    pub version: u32,
    /// From the front to the back.
    pub sections: Vec<Section>,
    /// Where the stage is; where it usually is, if nobody has said.
    #[serde(default)]
    pub stage: Option<Area>,
}

/// A part of the venue with a name of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Such as `A` or `1층`: see [`seat_name`](fn@crate::seat_name). Unique within the map.
    pub name: String,
    /// Rows of seats, or standing spots.
    pub shape: SectionShape,
    /// How it is drawn; it is worked out, if nobody has said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawing: Option<SectionDrawing>,
}

impl Section {
    /// A section with rows of seats.
    pub fn seated(name: impl Into<String>, rows: Vec<SeatRow>) -> Self {
        Self { name: name.into(), shape: SectionShape::Seated { rows }, drawing: None }
    }

    /// A section without seats.
    pub fn standing(name: impl Into<String>, spots: u32, tier: impl Into<String>) -> Self {
        Self { name: name.into(), shape: SectionShape::Standing { spots, tier: tier.into() }, drawing: None }
    }
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
    /// Numbered spots without neighbours.
    Standing {
        /// How many spots there are.
        spots: u32,
        /// The price tier's code.
        tier: String,
    },
}

/// A row of seats, numbered from 1 upwards, left to right.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatRow {
    /// Such as `1` or `가`: see [`seat_name`](fn@crate::seat_name). Unique within the section.
    pub name: String,
    /// How many seats the row has.
    pub seats: u32,
    /// The price tier's code.
    pub tier: String,
    /// Seats for people with a wheelchair or other needs.
    #[serde(default)]
    pub accessible: BTreeSet<u32>,
    /// Seats beside accessible ones, for whoever comes along.
    #[serde(default)]
    pub companion: BTreeSet<u32>,
    /// Seats that are not sold.
    #[serde(default)]
    pub blocked: BTreeSet<u32>,
    /// Where each seat is, from left to right, in centimetres: see [`Point::x`](super::Point). Empty, as `ys` is: in a
    /// straight line, as the section's drawing says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub xs: Vec<i32>,
    /// Likewise: see [`Point::y`](super::Point).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ys: Vec<i32>,
    /// From which side each seat sees the stage, in degrees: 0 from the middle, more from the right. Empty: nobody has said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub view_angles: Vec<i16>,
}

impl SeatMap {
    /// Seats of one map: 100,000.
    pub const MAX_SEATS: u32 = SeatNumber::MAX;
    /// Characters of the name of a section or row: 16.
    pub const MAX_NAME: usize = seat_name::LONGEST;
    /// Sections of one map: 200.
    pub const MAX_SECTIONS: usize = 200;
    /// Rows of one section: 500.
    pub const MAX_ROWS: usize = 500;
    /// Seats of one row: 500.
    pub const MAX_ROW_SEATS: u32 = 500;
    /// The last version of a venue's map: 2,147,483,647. Databases keep it in 31 bits.
    pub const LAST_VERSION: u32 = 0x7fff_ffff;
    /// Characters of a tier's code: 8.
    pub const MAX_TIER: usize = 8;

    /// A map whose drawing is worked out.
    pub const fn new(venue: VenueId, version: u32, sections: Vec<Section>) -> Self {
        Self { venue, version, sections, stage: None }
    }

    /// The map with the names of its sections and rows in NFC, in which equal names are equal bytes.
    #[must_use]
    pub fn normalized(mut self) -> Self {
        for section in &mut self.sections {
            section.name = composed(&section.name).into_owned();
            if let SectionShape::Seated { rows } = &mut section.shape {
                for row in rows {
                    row.name = composed(&row.name).into_owned();
                }
            }
        }
        self
    }

    /// Says everything that is wrong with the map.
    pub(super) fn check(&self) -> Result<(), Invalid> {
        let mut flaws = Violations::default();
        flaws.unless(self.version > 0, "/version", "range", "1 or more");
        if let Some(stage) = self.stage {
            stage.check("/stage", &mut flaws);
        }
        let count = self.sections.len();
        flaws.check_range(count, 1..=Self::MAX_SECTIONS, "sections", "/sections");
        let mut names = BTreeSet::new();
        let mut seats = 0_u64;
        for (index, section) in self.sections.iter().enumerate() {
            let at = format!("/sections/{index}");
            flaws.check_seat_name(&section.name, &format!("{at}/name"));
            flaws.unless(
                names.insert(composed(&section.name)),
                &format!("{at}/name"),
                "duplicate",
                "a name of its own",
            );
            if let Some(drawing) = &section.drawing {
                drawing.check(&format!("{at}/drawing"), &mut flaws);
            }
            seats += section.check(&at, &mut flaws);
        }
        flaws.check_range(seats, 1..=u64::from(Self::MAX_SEATS), "seats in all", "/sections");
        flaws.into_result()
    }
}

impl Section {
    fn check(&self, at: &str, flaws: &mut Violations) -> u64 {
        match &self.shape {
            SectionShape::Standing { spots, tier } => {
                flaws.check_range(*spots, 1..=SeatMap::MAX_SEATS, "spots", &format!("{at}/spots"));
                flaws.check_code(tier, SeatMap::MAX_TIER, &format!("{at}/tier"));
                u64::from(*spots)
            }
            SectionShape::Seated { rows } => {
                flaws.check_range(rows.len(), 1..=SeatMap::MAX_ROWS, "rows", &format!("{at}/rows"));
                let mut names = BTreeSet::new();
                for (index, row) in rows.iter().enumerate() {
                    let at = format!("{at}/rows/{index}");
                    flaws.unless(
                        names.insert(composed(&row.name)),
                        &format!("{at}/name"),
                        "duplicate",
                        "a name of its own",
                    );
                    row.check(&at, flaws);
                }
                rows.iter().map(|row| u64::from(row.seats)).sum()
            }
        }
    }
}

impl SeatRow {
    fn check(&self, at: &str, flaws: &mut Violations) {
        flaws.check_seat_name(&self.name, &format!("{at}/name"));
        flaws.check_code(&self.tier, SeatMap::MAX_TIER, &format!("{at}/tier"));
        flaws.check_range(self.seats, 1..=SeatMap::MAX_ROW_SEATS, "seats", &format!("{at}/seats"));
        for (name, list) in
            [("accessible", &self.accessible), ("companion", &self.companion), ("blocked", &self.blocked)]
        {
            let inside = list.iter().all(|number| (1..=self.seats).contains(number));
            flaws.unless(inside, &format!("{at}/{name}"), "range", "numbers of seats of this row");
        }
        self.check_places(at, flaws);
        let apart = self.accessible.is_disjoint(&self.companion);
        flaws.unless(apart, &format!("{at}/companion"), "duplicate", "no seat that is accessible itself");
    }

    fn check_places(&self, at: &str, flaws: &mut Violations) {
        let most = SectionDrawing::MAX_COORDINATE;
        let is_place = |place: &i32| (-most..=most).contains(place);
        let seats = self.seats as usize;
        for (name, list, other) in [("xs", &self.xs, &self.ys), ("ys", &self.ys, &self.xs)] {
            let fine = (list.is_empty() && other.is_empty()) || (list.len() == seats && list.iter().all(is_place));
            let detail = format!("-{most} to {most} for each seat, or left out as the other is");
            flaws.unless(fine, &format!("{at}/{name}"), "range", &detail);
        }
        let angles = &self.view_angles;
        let is_angle = |angle: &i16| (-180..=180).contains(angle);
        let fine = angles.is_empty() || (angles.len() == seats && angles.iter().all(is_angle));
        flaws.unless(fine, &format!("{at}/view_angles"), "range", "-180 to 180 for each seat, or left out");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NotALabel, PositionKind, SeatLabel};
    use proptest::prelude::*;

    fn row(name: &str, seats: u32) -> SeatRow {
        SeatRow { name: name.into(), seats, tier: "R".into(), ..SeatRow::default() }
    }

    fn map(sections: Vec<Section>) -> SeatMap {
        SeatMap::new(VenueId::new(uuid::Uuid::nil()), 1, sections)
    }

    fn seated(name: &str, rows: Vec<SeatRow>) -> Section {
        Section::seated(name, rows)
    }

    fn standing(name: &str, spots: u32) -> Section {
        Section::standing(name, spots, "S")
    }

    #[test]
    fn seats_are_numbered_in_map_order() {
        let first = SeatRow { accessible: [1].into(), companion: [2].into(), blocked: [3].into(), ..row("1", 3) };
        let layout = map(vec![seated("A", vec![first, row("2", 2)]), standing("FLOOR", 2)]).layout().unwrap();
        let seats: Vec<_> =
            layout.positions().map(|(n, p)| (n.get(), p.label.to_string(), p.kind, p.blocked)).collect();
        let expected = [
            (1, "A-1-1", PositionKind::Accessible, false),
            (2, "A-1-2", PositionKind::Companion, false),
            (3, "A-1-3", PositionKind::Standard, true),
            (4, "A-2-1", PositionKind::Standard, false),
            (5, "A-2-2", PositionKind::Standard, false),
            (6, "FLOOR-1", PositionKind::Standing, false),
            (7, "FLOOR-2", PositionKind::Standing, false),
        ];
        assert_eq!(seats, expected.map(|(n, label, kind, blocked)| (n, label.to_owned(), kind, blocked)));
        let tiers: Vec<_> = layout.tiers().iter().map(|(tier, seats)| (tier.as_str(), seats.len())).collect();
        assert_eq!(tiers, [("R", 5), ("S", 2)]);
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
            ("/sections/1/spots", "range"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_drawing_says_everything_that_is_wrong_with_it() {
        let far = super::super::Point { x: 100_001, y: -100_001 };
        let drawing =
            SectionDrawing { origin: far, angle: 360, row_spacing: 19, seat_spacing: 501, outline: vec![far; 2] };
        let fine = SeatRow { xs: vec![1, 2], ys: vec![1, 2], view_angles: vec![-180, 180], ..row("1", 2) };
        let half = SeatRow { xs: vec![1, 2], view_angles: vec![181, 0], ..row("2", 2) };
        let section = Section { drawing: Some(drawing), ..seated("A", vec![fine, half]) };
        let stage = Some(Area { x: 0, y: 0, width: 0, depth: 1 });
        let Err(Invalid(flaws)) = (SeatMap { stage, ..map(vec![section]) }).layout() else { panic!("it is wrong") };
        let found: Vec<_> = flaws.iter().map(|flaw| flaw.pointer.as_str()).collect();
        let drawing = ["origin/x", "origin/y", "angle", "row_spacing", "seat_spacing", "outline", "outline/0/x"];
        let drawing: Vec<String> = drawing.map(|name| format!("/sections/0/drawing/{name}")).into();
        assert_eq!(found[0], "/stage/width");
        assert_eq!(found[1..=7], drawing);
        assert_eq!(found[found.len() - 2..], ["/sections/0/rows/1/ys", "/sections/0/rows/1/view_angles"]);
    }

    #[test]
    fn a_map_has_at_most_100000_seats() {
        assert_eq!(map(vec![standing("A", 100_000)]).layout().unwrap().seat_count(), 100_000);
        assert!(map(vec![standing("A", 100_000), standing("B", 1)]).layout().is_err());
        assert!(map(vec![]).layout().is_err());
    }

    proptest! {
        #[test]
        fn a_label_that_parses_prints_as_it_was(text in "[A-Z0-9a-z가-힣-]{0,12}") {
            if let Ok(label) = text.parse::<SeatLabel>() {
                prop_assert_eq!(label.to_string(), text);
            }
        }
    }

    #[test]
    fn names_are_compared_as_people_read_them() {
        let (composed, apart) = ("1층", "1\u{110e}\u{1173}\u{11bc}");
        let typed_on_a_mac = map(vec![seated(apart, vec![row("가", 2)]), standing("나", 12)]);
        let layout = typed_on_a_mac.layout().unwrap();
        assert_eq!(layout, map(vec![seated(composed, vec![row("가", 2)]), standing("나", 12)]).layout().unwrap());
        assert_eq!(layout.number(&format!("{composed}-가-2").parse().unwrap()), SeatNumber::new(2));
        assert_eq!(layout.number(&format!("{apart}-가-2").parse().unwrap()), SeatNumber::new(2));
        let standing_position: SeatLabel = "나-12".parse().unwrap();
        assert_eq!((standing_position.row.clone(), layout.number(&standing_position)), (None, SeatNumber::new(14)));
        assert_eq!(typed_on_a_mac.normalized().sections[0].name, composed);

        let Err(Invalid(flaws)) = map(vec![standing(composed, 1), standing(apart, 1)]).layout() else {
            panic!("two sections have one name");
        };
        assert_eq!(flaws.iter().map(|flaw| flaw.code).collect::<Vec<_>>(), ["duplicate"]);
    }

    #[test]
    fn what_is_not_a_label_is_refused() {
        for text in [
            "",
            "A",
            "A-",
            "-1",
            "A-1-",
            "A-1-012",
            "A-1-+1",
            "A-1-2-3",
            "A-1-x",
            "A-1-２",
            "ABCDEFGHIJKLMNOPQ-1-1",
            "A 1-1-1",
        ] {
            assert_eq!(text.parse::<SeatLabel>(), Err(NotALabel), "{text}");
        }
    }
}

//! How a seat map is drawn: where the stage is, and every seat.
//!
//! Coordinates are centimetres on a plan seen from above, with the stage at the top: `x` grows to the right, `y` away from the
//! stage. Whatever operators leave out is worked out, the same way every time, so that every map can be drawn.

use crate::violation::Violations;
use serde::{Deserialize, Serialize};

/// A point on the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// To the right.
    pub x: i32,
    /// Away from the stage.
    pub y: i32,
}

/// A rectangle on the plan: the stage, or everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Area {
    /// Its left side.
    pub x: i32,
    /// Its upper side.
    pub y: i32,
    /// How wide it is.
    pub width: i32,
    /// How deep it is.
    pub depth: i32,
}

/// How a section is drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SectionDrawing {
    /// The middle of its first row; where people stand, of its front.
    pub origin: Point,
    /// How far it is turned around its origin, clockwise, in degrees: 0 looks straight to the stage.
    pub angle: u16,
    /// From row to row.
    pub row_spacing: i32,
    /// From seat to seat.
    pub seat_spacing: i32,
    /// The corners of its border. Empty: a rectangle around its seats.
    pub outline: Vec<Point>,
}

/// A seat map as it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawing {
    /// The stage.
    pub stage: Area,
    /// What has room for everything.
    pub bounds: Area,
    /// The sections, in the order of the map.
    pub sections: Vec<DrawnSection>,
}

/// A section as it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawnSection {
    /// The corners of its border.
    pub outline: Vec<Point>,
    /// The first and the last seat of each row; the others are evenly between them, unless the row has coordinates of its
    /// own. None where people stand.
    pub rows: Vec<(Point, Point)>,
}

impl SectionDrawing {
    /// The largest coordinate, and the smallest below zero: a kilometre.
    pub const MAX_COORDINATE: i32 = 100_000;
    /// Rows and seats are this close at most: 20 cm.
    pub const MIN_SPACING: i32 = 20;
    /// Rows and seats are this far apart at most: 5 m.
    pub const MAX_SPACING: i32 = 500;
    /// Corners of an outline: 3 at least.
    pub const MIN_CORNERS: usize = 3;
    /// Corners of an outline: 50 at most.
    pub const MAX_CORNERS: usize = 50;
    /// The largest angle, in degrees.
    pub const MAX_ANGLE: u16 = 359;

    /// From row to row unless the drawing says otherwise: 90 cm.
    pub const ROW_SPACING: i32 = 90;
    /// From seat to seat unless the drawing says otherwise: 55 cm.
    pub const SEAT_SPACING: i32 = 55;

    /// At that place, straight, with the usual distances.
    pub const fn at(origin: Point) -> Self {
        Self { origin, angle: 0, row_spacing: Self::ROW_SPACING, seat_spacing: Self::SEAT_SPACING, outline: Vec::new() }
    }

    pub(super) fn check(&self, at: &str, flaws: &mut Violations) {
        self.origin.check(&format!("{at}/origin"), flaws);
        flaws.check_range(self.angle, 0..=Self::MAX_ANGLE, "degrees", &format!("{at}/angle"));
        for (name, spacing) in [("row_spacing", self.row_spacing), ("seat_spacing", self.seat_spacing)] {
            flaws.check_range(spacing, Self::MIN_SPACING..=Self::MAX_SPACING, "cm", &format!("{at}/{name}"));
        }
        if !self.outline.is_empty() {
            let corners = Self::MIN_CORNERS..=Self::MAX_CORNERS;
            flaws.check_range(self.outline.len(), corners, "corners", &format!("{at}/outline"));
        }
        for (index, corner) in self.outline.iter().enumerate() {
            corner.check(&format!("{at}/outline/{index}"), flaws);
        }
    }

    /// A point of the section, which is that far to the right of its origin and behind it.
    pub(super) fn point(&self, right: f64, back: f64) -> Point {
        let (sin, cos) = f64::from(self.angle).to_radians().sin_cos();
        let (x, y) = (right * cos - back * sin, right * sin + back * cos);
        Point { x: self.origin.x + rounded(x), y: self.origin.y + rounded(y) }
    }
}

impl Point {
    fn check(self, at: &str, flaws: &mut Violations) {
        let most = SectionDrawing::MAX_COORDINATE;
        flaws.check_range(self.x, -most..=most, "cm", &format!("{at}/x"));
        flaws.check_range(self.y, -most..=most, "cm", &format!("{at}/y"));
    }
}

impl Area {
    /// The stage unless the map says otherwise: 12 m wide, and a metre in front of the first row's knees.
    pub(super) const STAGE: Self = Self { x: -600, y: -500, width: 1200, depth: 400 };

    pub(super) fn check(self, at: &str, flaws: &mut Violations) {
        Point { x: self.x, y: self.y }.check(at, flaws);
        let most = SectionDrawing::MAX_COORDINATE;
        flaws.check_range(self.width, 1..=most, "cm", &format!("{at}/width"));
        flaws.check_range(self.depth, 1..=most, "cm", &format!("{at}/depth"));
    }

    /// The smallest area around these points, and that far around them.
    pub(super) fn around(points: impl IntoIterator<Item = Point>, margin: i32) -> Option<Self> {
        let mut points = points.into_iter();
        let first = points.next()?;
        let (mut low, mut high) = (first, first);
        for Point { x, y } in points {
            low = Point { x: low.x.min(x), y: low.y.min(y) };
            high = Point { x: high.x.max(x), y: high.y.max(y) };
        }
        let (x, y) = (low.x - margin, low.y - margin);
        Some(Self { x, y, width: high.x + margin - x, depth: high.y + margin - y })
    }

    pub(super) const fn corners(self) -> [Point; 4] {
        let (right, bottom) = (self.x + self.width, self.y + self.depth);
        [
            Point { x: self.x, y: self.y },
            Point { x: right, y: self.y },
            Point { x: right, y: bottom },
            Point { x: self.x, y: bottom },
        ]
    }
}

/// To the nearest centimetre. No section is wider or deeper than a few kilometres.
#[expect(clippy::cast_possible_truncation, reason = "coordinates are far below the limit of an i32")]
fn rounded(length: f64) -> i32 {
    length.round() as i32
}

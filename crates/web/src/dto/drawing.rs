//! Where the stage is, and where people sit. Coordinates are centimetres on a plan seen from above with the stage at the top.

use frontrow_domain::{Area, Point, SectionDrawing};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A point on the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"x": 0, "y": 300}))]
pub struct PointDto {
    /// To the right, in centimetres.
    #[schema(minimum = -100_000, maximum = 100_000)]
    pub x: i32,
    /// Away from the stage, in centimetres.
    #[schema(minimum = -100_000, maximum = 100_000)]
    pub y: i32,
}

impl From<Point> for PointDto {
    fn from(Point { x, y }: Point) -> Self {
        Self { x, y }
    }
}

impl From<PointDto> for Point {
    fn from(PointDto { x, y }: PointDto) -> Self {
        Self { x, y }
    }
}

/// A rectangle on the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"x": -600, "y": -500, "width": 1200, "depth": 400}))]
pub struct AreaDto {
    /// Its left side, in centimetres.
    #[schema(minimum = -100_000, maximum = 100_000)]
    pub x: i32,
    /// Its upper side, in centimetres.
    #[schema(minimum = -100_000, maximum = 100_000)]
    pub y: i32,
    /// How wide it is, in centimetres.
    #[schema(minimum = 1, maximum = 100_000)]
    pub width: i32,
    /// How deep it is, in centimetres.
    #[schema(minimum = 1, maximum = 100_000)]
    pub depth: i32,
}

impl From<Area> for AreaDto {
    fn from(Area { x, y, width, depth }: Area) -> Self {
        Self { x, y, width, depth }
    }
}

impl From<AreaDto> for Area {
    fn from(AreaDto { x, y, width, depth }: AreaDto) -> Self {
        Self { x, y, width, depth }
    }
}

/// How a section is drawn, as an operator puts it.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"origin": {"x": 0, "y": 300}, "angle": 0, "row_spacing": 90, "seat_spacing": 55}))]
pub struct DrawingBody {
    /// The middle of its first row; where people stand, of its front.
    #[serde(deserialize_with = "crate::extract::object")]
    pub origin: PointDto,
    /// How far it is turned around its origin, clockwise, in degrees: 0, if left out, looks straight to the stage.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 359)]
    pub angle: u16,
    /// From row to row, in centimetres: 90 if left out.
    #[serde(default = "row_spacing")]
    #[schema(minimum = 20, maximum = 500)]
    pub row_spacing: i32,
    /// From seat to seat, in centimetres: 55 if left out.
    #[serde(default = "seat_spacing")]
    #[schema(minimum = 20, maximum = 500)]
    pub seat_spacing: i32,
    /// The corners of its border: 3 to 50. Left out, or empty, it is a rectangle around its seats.
    #[serde(default, deserialize_with = "crate::extract::objects")]
    #[schema(max_items = 50)]
    pub outline: Vec<PointDto>,
}

const fn row_spacing() -> i32 {
    SectionDrawing::ROW_SPACING
}

const fn seat_spacing() -> i32 {
    SectionDrawing::SEAT_SPACING
}

impl From<SectionDrawing> for DrawingBody {
    fn from(drawing: SectionDrawing) -> Self {
        let SectionDrawing { origin, angle, row_spacing, seat_spacing, outline } = drawing;
        let outline = outline.into_iter().map(Into::into).collect();
        Self { origin: origin.into(), angle, row_spacing, seat_spacing, outline }
    }
}

impl From<DrawingBody> for SectionDrawing {
    fn from(drawing: DrawingBody) -> Self {
        let DrawingBody { origin, angle, row_spacing, seat_spacing, outline } = drawing;
        let outline = outline.into_iter().map(Into::into).collect();
        Self { origin: origin.into(), angle, row_spacing, seat_spacing, outline }
    }
}

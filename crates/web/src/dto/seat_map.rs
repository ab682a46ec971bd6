//! A seat map as everybody sees it: how its seats are numbered, and where they are.

use super::{AreaDto, PointDto};
use frontrow_domain::{DrawnSection, Layout, Point, SeatRow, SectionShape};
use serde::Serialize;
use utoipa::ToSchema;

/// Where the seats are. The address carries the version, so the answer never changes.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"version": 1, "seat_count": 10, "stage": {"x": -600, "y": -500, "width": 1200, "depth": 400},
    "bounds": {"x": -600, "y": -500, "width": 1200, "depth": 845}, "sections": [{"name": "A", "kind": "seated", "first": 1,
    "outline": [{"x": -275, "y": 255}, {"x": 275, "y": 255}, {"x": 275, "y": 345}, {"x": -275, "y": 345}],
    "rows": [{"name": "1", "first": 1, "seats": 10, "tier": "R", "accessible": [1], "companion": [2], "blocked": [],
    "from": {"x": -248, "y": 300}, "to": {"x": 248, "y": 300}}]}]}))]
pub struct SeatMapDto {
    /// Version of the seat map.
    pub version: u32,
    /// How many seats there are.
    pub seat_count: u32,
    /// Where the stage is.
    pub stage: AreaDto,
    /// What has room for everything: the stage and all sections.
    pub bounds: AreaDto,
    /// The sections, from the front to the back.
    pub sections: Vec<SectionDto>,
}

/// How a section is filled.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SectionKindDto {
    /// With rows of seats.
    Seated,
    /// With numbered spots, where people stand.
    Standing,
}

/// A part of the venue.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SectionDto {
    /// Name of the section, the first part of its seats' labels.
    pub name: String,
    /// How it is filled.
    pub kind: SectionKindDto,
    /// The number of its first seat.
    pub first: u32,
    /// The corners of its border.
    pub outline: Vec<PointDto>,
    /// Rows, if it is seated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub rows: Vec<RowDto>,
    /// How many spots, if people stand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spots: Option<u32>,
    /// Code of the spots' tier, if people stand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
}

/// A row of seats.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RowDto {
    /// Name of the row, the second part of its seats' labels.
    pub name: String,
    /// The number of its first seat.
    pub first: u32,
    /// How many seats it has.
    pub seats: u32,
    /// Code of its seats' tier.
    pub tier: String,
    /// Positions of the accessible seats in the row.
    pub accessible: Vec<u32>,
    /// Positions of the companion seats in the row.
    pub companion: Vec<u32>,
    /// Positions in the row of the seats that are not sold.
    pub blocked: Vec<u32>,
    /// Where its first seat is.
    pub from: PointDto,
    /// Where its last seat is. The others are evenly between the two, unless there are `xs` and `ys`.
    pub to: PointDto,
    /// Where each seat is to the right, if they are not in a line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub xs: Vec<i32>,
    /// Where each seat is away from the stage, if they are not in a line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub ys: Vec<i32>,
    /// From which side each seat sees the stage, in degrees, if the venue has said so: 0 from the middle, more from the right.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub view_angles: Vec<i16>,
}

impl SeatMapDto {
    /// The layout's map.
    pub fn of(layout: &Layout) -> Self {
        let (map, drawing) = (layout.map(), layout.map().drawing());
        let mut first = 1;
        let sections = map.sections.iter().zip(drawing.sections).map(|(section, drawn)| {
            let start = first;
            let outline = drawn.outline.iter().copied().map(Into::into).collect();
            let (kind, rows, spots, tier) = match &section.shape {
                SectionShape::Standing { spots, tier } => {
                    first += spots;
                    (SectionKindDto::Standing, Vec::new(), Some(*spots), Some(tier.clone()))
                }
                SectionShape::Seated { rows } => {
                    (SectionKindDto::Seated, numbered(rows, &drawn, &mut first), None, None)
                }
            };
            SectionDto { name: section.name.clone(), kind, first: start, outline, rows, spots, tier }
        });
        Self {
            version: map.version,
            seat_count: layout.seat_count(),
            stage: drawing.stage.into(),
            bounds: drawing.bounds.into(),
            sections: sections.collect(),
        }
    }
}

fn numbered(rows: &[SeatRow], drawn: &DrawnSection, first: &mut u32) -> Vec<RowDto> {
    let rows = rows.iter().zip(&drawn.rows).map(|(row, ends)| {
        let start = *first;
        *first += row.seats;
        RowDto::of(row, start, *ends)
    });
    rows.collect()
}

impl RowDto {
    fn of(row: &SeatRow, first: u32, (from, to): (Point, Point)) -> Self {
        let row = row.clone();
        Self {
            name: row.name,
            first,
            seats: row.seats,
            tier: row.tier,
            accessible: row.accessible.into_iter().collect(),
            companion: row.companion.into_iter().collect(),
            blocked: row.blocked.into_iter().collect(),
            from: from.into(),
            to: to.into(),
            xs: row.xs,
            ys: row.ys,
            view_angles: row.view_angles,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontrow_domain::testing::{seat_map, seat_row, seated};

    /// 50,000 seats in 1,000 rows.
    #[test]
    fn a_stadium_is_drawn_in_a_quarter_of_a_megabyte() {
        let rows = || (1..=50).map(|n: u32| seat_row(&n.to_string(), 50));
        let sections = ('A'..='T').map(|name| seated(&name.to_string(), rows())).collect();
        let layout = seat_map().sections(sections).build().layout().unwrap();
        let answer = serde_json::to_vec(&SeatMapDto::of(&layout)).unwrap();
        assert_eq!(layout.seat_count(), 50_000);
        assert!(answer.len() < 250_000, "{}", answer.len());
    }
}

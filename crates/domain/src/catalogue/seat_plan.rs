//! Works out where every seat of a map is: as operators have drawn it, and what they have left out, always in the same way.

use super::{Area, Drawing, DrawnSection, Point, SeatMap, SeatRow, Section, SectionDrawing, SectionShape};

/// How much room there is between sections.
const AISLE: i32 = 200;

impl SeatMap {
    /// Where everything is. Sections without a drawing are laid out in front of the stage, or behind those that have one:
    /// from left to right, in bands from the front to the back, as many in a band as there are bands.
    pub fn drawing(&self) -> Drawing {
        let drawn = self.sections.iter().filter_map(|section| Some(section.draw(section.drawing.as_ref()?)));
        let drawn: Vec<DrawnSection> = drawn.collect();
        let stage = self.stage.unwrap_or(Area::STAGE);
        let front = Area::around(drawn.iter().flat_map(DrawnSection::points).chain(stage.corners()), 0);
        let front = front.map_or(0, |area| area.y + area.depth);
        let mut worked_out = self.worked_out(stage.x + stage.width / 2, front + AISLE).into_iter();
        let mut drawn = drawn.into_iter();
        let sections = self.sections.iter().filter_map(|section| match section.drawing {
            Some(_) => drawn.next(),
            None => worked_out.next().map(|drawing| section.draw(&drawing)),
        });
        let sections: Vec<DrawnSection> = sections.collect();
        let own = self.sections.iter().flat_map(Section::own_points);
        let everything = sections.iter().flat_map(DrawnSection::points).chain(own).chain(stage.corners());
        Drawing { stage, bounds: Area::around(everything, 0).unwrap_or(stage), sections }
    }

    /// The drawings of sections that have none, in front of the stage's middle.
    fn worked_out(&self, middle: i32, front: i32) -> Vec<SectionDrawing> {
        let sections: Vec<&Section> = self.sections.iter().filter(|section| section.drawing.is_none()).collect();
        let in_band = sections.len().isqrt().max(1);
        let (mut drawings, mut front) = (Vec::with_capacity(sections.len()), front);
        for band in sections.chunks(in_band) {
            let sizes: Vec<(i32, i32)> = band.iter().map(|section| section.size()).collect();
            let gaps = AISLE * i32::try_from(band.len() - 1).unwrap_or(0);
            let width = gaps + sizes.iter().map(|(width, _)| width).sum::<i32>();
            let mut left = middle - width / 2;
            for (width, _) in &sizes {
                drawings.push(SectionDrawing::at(Point { x: left + width / 2, y: front }));
                left += width + AISLE;
            }
            front += sizes.iter().map(|(_, depth)| *depth).max().unwrap_or(0) + AISLE;
        }
        drawings
    }
}

impl Section {
    /// How wide and how deep it is with the usual distances.
    fn size(&self) -> (i32, i32) {
        match &self.shape {
            SectionShape::Seated { rows } => {
                let widest = rows.iter().map(|row| row.seats).max().unwrap_or(1);
                (spaced(widest, SectionDrawing::SEAT_SPACING), spaced(count(rows.len()), SectionDrawing::ROW_SPACING))
            }
            SectionShape::Standing { spots, .. } => standing_area(*spots),
        }
    }

    fn draw(&self, drawing: &SectionDrawing) -> DrawnSection {
        match &self.shape {
            SectionShape::Seated { rows } => {
                let ends = |(row, index): (&SeatRow, u32)| row.ends(drawing, index);
                let rows: Vec<(Point, Point)> = rows.iter().zip(0..).map(ends).collect();
                let outline = if drawing.outline.is_empty() { self.border(drawing) } else { drawing.outline.clone() };
                DrawnSection { outline, rows }
            }
            SectionShape::Standing { spots, .. } => {
                let (width, depth) = standing_area(*spots);
                let (half, depth) = (f64::from(width) / 2.0, f64::from(depth));
                let corners = [(-half, 0.0), (half, 0.0), (half, depth), (-half, depth)];
                let border = || corners.map(|(right, back)| drawing.point(right, back)).to_vec();
                let outline = if drawing.outline.is_empty() { border() } else { drawing.outline.clone() };
                DrawnSection { outline, rows: Vec::new() }
            }
        }
    }

    /// A rectangle around all seats of a section with rows.
    fn border(&self, drawing: &SectionDrawing) -> Vec<Point> {
        let own: Vec<Point> = self.own_points().collect();
        if let Some(area) = Area::around(own, drawing.seat_spacing / 2) {
            return area.corners().to_vec();
        }
        let SectionShape::Seated { rows } = &self.shape else { return Vec::new() };
        let widest = rows.iter().map(|row| row.seats).max().unwrap_or(1);
        let half = f64::from(spaced(widest, drawing.seat_spacing)) / 2.0;
        let front = -f64::from(drawing.row_spacing) / 2.0;
        let back = front + f64::from(spaced(count(rows.len()), drawing.row_spacing));
        let corners = [(-half, front), (half, front), (half, back), (-half, back)];
        corners.map(|(right, back)| drawing.point(right, back)).to_vec()
    }

    /// The seats whose places operators have said.
    fn own_points(&self) -> impl Iterator<Item = Point> {
        let rows = match &self.shape {
            SectionShape::Seated { rows } => &rows[..],
            SectionShape::Standing { .. } => &[],
        };
        rows.iter().flat_map(|row| row.xs.iter().zip(&row.ys).map(|(x, y)| Point { x: *x, y: *y }))
    }
}

impl SeatRow {
    /// The first and the last seat.
    fn ends(&self, drawing: &SectionDrawing, index: u32) -> (Point, Point) {
        let own = |end: fn(&[i32]) -> Option<&i32>| Some(Point { x: *end(&self.xs)?, y: *end(&self.ys)? });
        if let Some(ends) = own(<[i32]>::first).zip(own(<[i32]>::last)) {
            return ends;
        }
        let half = f64::from(spaced(self.seats.saturating_sub(1), drawing.seat_spacing)) / 2.0;
        let back = f64::from(spaced(index, drawing.row_spacing));
        (drawing.point(-half, back), drawing.point(half, back))
    }
}

impl DrawnSection {
    fn points(&self) -> impl Iterator<Item = Point> {
        self.outline.iter().copied().chain(self.rows.iter().flat_map(|(first, last)| [*first, *last]))
    }
}

fn spaced(count: u32, spacing: i32) -> i32 {
    spacing.saturating_mul(i32::try_from(count).unwrap_or(i32::MAX))
}

fn count(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}

/// Twice as wide as deep, with half a square metre for each.
fn standing_area(spots: u32) -> (i32, i32) {
    let depth = i32::try_from((spots * 2_500).isqrt()).unwrap_or(i32::MAX);
    (depth * 2, depth)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{seat_map, seat_row, seated, standing};

    const fn point(x: i32, y: i32) -> Point {
        Point { x, y }
    }

    #[test]
    fn a_map_without_a_drawing_is_laid_out_in_front_of_the_stage() {
        let map = seat_map().sections(vec![standing("F", 8, "R"), seated("A", [seat_row("1", 3), seat_row("2", 2)])]);
        let drawing = map.build().drawing();
        assert_eq!(drawing.stage, Area::STAGE);
        // 8 people on 4 square metres, and behind them the rows.
        assert_eq!(drawing.sections[0].outline, [point(-141, 100), point(141, 100), point(141, 241), point(-141, 241)]);
        assert_eq!(drawing.sections[0].rows, []);
        let rows = [(point(-55, 441), point(55, 441)), (point(-28, 531), point(28, 531))];
        assert_eq!(drawing.sections[1].rows, rows);
        let border = [point(-83, 396), point(83, 396), point(83, 576), point(-83, 576)];
        assert_eq!(drawing.sections[1].outline, border);
        assert_eq!(drawing.bounds, Area { x: -600, y: -500, width: 1200, depth: 1076 });
    }

    #[test]
    fn many_sections_stand_side_by_side() {
        let section = |n: u32| seated(&n.to_string(), [seat_row("1", 10)]);
        let drawing = seat_map().sections((0..9).map(section).collect()).build().drawing();
        let first: Vec<Point> = drawing.sections.iter().map(|section| section.rows[0].0).collect();
        assert!(first[..3].windows(2).all(|two| two[0].x < two[1].x && two[0].y == two[1].y), "{first:?}");
        assert!(first.chunks(3).collect::<Vec<_>>().windows(2).all(|two| two[0][0].y < two[1][0].y), "{first:?}");
        assert_eq!(-first[0].x, drawing.sections[2].rows[0].1.x, "in the middle");
    }

    #[test]
    fn a_section_stands_where_and_as_it_is_drawn() {
        let mut left = seated("L", [seat_row("1", 3), seat_row("2", 3)]);
        let drawing = SectionDrawing { angle: 270, ..SectionDrawing::at(point(-2000, 500)) };
        left.drawing = Some(drawing.clone());
        let mut floor = standing("F", 8, "R");
        let corners = vec![point(0, 0), point(100, 0), point(0, 100)];
        floor.drawing = Some(SectionDrawing { outline: corners.clone(), ..SectionDrawing::at(point(0, 0)) });
        let map = seat_map().sections(vec![left, floor, seated("B", [seat_row("1", 1)])]).build();
        let drawn = map.drawing();
        let rows = [(point(-2000, 555), point(-2000, 445)), (point(-1910, 555), point(-1910, 445))];
        assert_eq!(drawn.sections[0].rows, rows, "turned by three quarters");
        assert_eq!(drawn.sections[1].outline, corners);
        assert!(drawn.sections[2].rows[0].0.y > 583, "behind those that are drawn: {drawn:?}");
        assert_eq!(map.drawing(), drawn, "the same every time");
    }

    #[test]
    fn seats_may_have_places_of_their_own() {
        let row = SeatRow { xs: vec![0, 60, 125], ys: vec![10, 0, 10], ..seat_row("1", 3) };
        let drawn = seat_map().sections(vec![seated("A", [row])]).build().drawing();
        assert_eq!(drawn.sections[0].rows, [(point(0, 10), point(125, 10))]);
        assert_eq!(drawn.sections[0].outline[0], point(-27, -27));
    }

    #[test]
    fn the_largest_maps_can_be_drawn() {
        let rows = |_| (0..500).map(|n: u32| seat_row(&n.to_string(), 1));
        let wide = (0..200).map(|n: u32| seated(&n.to_string(), [seat_row("1", 500)])).collect();
        let deep = (0..200).map(|n: u32| seated(&n.to_string(), rows(n))).collect();
        for sections in [wide, deep, vec![standing("F", 100_000, "R")]] {
            let map = seat_map().sections(sections).build();
            assert_eq!(map.layout().unwrap().seat_count(), 100_000);
            let Area { width, depth, .. } = map.drawing().bounds;
            assert!(width < 1_000_000 && depth < 1_000_000, "{width} {depth}");
        }
    }
}

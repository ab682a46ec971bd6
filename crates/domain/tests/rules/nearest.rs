//! Which seats are nearest to those that somebody could not have.

use frontrow_domain::*;

fn row(name: u32, seats: u32, tier: &str) -> SeatRow {
    SeatRow { name: name.to_string(), seats, tier: tier.into(), ..SeatRow::default() }
}

fn layout(shapes: Vec<SectionShape>) -> Layout {
    let section = |(shape, n): (SectionShape, u32)| Section { name: format!("S{n}"), shape, drawing: None };
    let sections = shapes.into_iter().zip(1..).map(section).collect();
    testing::seat_map().sections(sections).build().layout().unwrap()
}

fn seated(rows: Vec<SeatRow>) -> Layout {
    layout(vec![SectionShape::Seated { rows }])
}

/// `-` can be had, anything else can't.
fn nearest(layout: &Layout, seats: &str, asked: &[u32]) -> Vec<Vec<u32>> {
    let known = seats.chars().filter(|c| *c != ' ').zip(1..).filter(|(c, _)| *c != '-');
    let taken: SeatSet = known.filter_map(|(_, number)| SeatNumber::new(number)).collect();
    let asked: Vec<SeatNumber> = asked.iter().filter_map(|number| SeatNumber::new(*number)).collect();
    let blocks = SeatsSeen { layout, taken: &taken }.nearest(&asked, 3);
    blocks.into_iter().map(|block| block.into_iter().map(SeatNumber::get).collect()).collect()
}

#[test]
fn the_same_row_comes_first_then_those_beside_it() {
    let hall = seated(vec![row(1, 6, "R"), row(2, 6, "R"), row(3, 6, "R")]);
    assert_eq!(nearest(&hall, "------ --xx-- ------", &[9, 10]), [[7, 8], [11, 12], [3, 4]]);
    assert_eq!(nearest(&hall, "------ xxxxxx ------", &[9, 10]), [[3, 4], [15, 16], [1, 2]]);
}

#[test]
fn as_many_of_the_same_tier_or_none() {
    let hall = seated(vec![row(1, 4, "R"), row(2, 4, "S"), row(3, 4, "R")]);
    assert_eq!(nearest(&hall, "xx-x ---- ----", &[1, 2]), [[9, 10], [11, 12]]);
    assert_eq!(nearest(&hall, "xx-x ---- x-x-", &[1, 2]), Vec::<Vec<u32>>::new());
    assert_eq!(nearest(&hall, "---- xxxx ----", &[4, 5]), Vec::<Vec<u32>>::new(), "two tiers");
    assert_eq!(nearest(&hall, "", &[40]), Vec::<Vec<u32>>::new(), "no such seat");
}

#[test]
fn seats_for_people_with_needs_are_named_to_those_who_asked_for_one() {
    let kept = SeatRow { accessible: [1, 7].into(), companion: [2, 8].into(), ..row(1, 10, "R") };
    let hall = seated(vec![kept]);
    assert_eq!(nearest(&hall, "----xx----", &[5, 6]), [[3, 4], [9, 10]]);
    assert_eq!(nearest(&hall, "xx--------", &[1, 2]), [[7, 8]]);
}

#[test]
fn standing_spots_need_not_be_beside_each_other() {
    let field = layout(vec![SectionShape::Standing { spots: 8, tier: "R".into() }]);
    assert_eq!(nearest(&field, "-x-xx-x-", &[4, 5]), [[3, 6], [1, 8]]);
}

//! Which seats are the best.

use frontrow_domain::*;
use proptest::prelude::*;

const MAX: usize = 120;

fn row(name: u32, seats: u32) -> SeatRow {
    SeatRow { name: name.to_string(), seats, tier: "R".into(), ..SeatRow::default() }
}

fn layout(shapes: Vec<SectionShape>) -> Layout {
    let section = |(shape, n): (SectionShape, u32)| Section { name: format!("S{n}"), shape, drawing: None };
    let sections = shapes.into_iter().zip(1..).map(section).collect();
    testing::seat_map().sections(sections).build().layout().unwrap()
}

fn seated(rows: Vec<SeatRow>) -> Layout {
    layout(vec![SectionShape::Seated { rows }])
}

fn wish(count: u32) -> Wish {
    Wish { count, tier: "R".into(), accessible: false }
}

/// Taken seats from what all look like: `-` can be had, anything else can't.
fn taken(seats: &str) -> SeatSet {
    let free: Vec<bool> = seats.chars().filter(|c| *c != ' ').map(|c| c == '-').collect();
    all_but(&free)
}

/// Seats of which these are free, from the first on.
fn all_but(free: &[bool]) -> SeatSet {
    free.iter().zip(1..).filter(|(free, _)| !**free).filter_map(|(_, number)| SeatNumber::new(number)).collect()
}

fn best(layout: &Layout, seats: &str, wish: &Wish) -> Vec<Vec<u32>> {
    let taken = taken(seats);
    let blocks = SeatsSeen { layout, taken: &taken }.best(wish, MAX);
    blocks.into_iter().map(|block| block.into_iter().map(SeatNumber::get).collect()).collect()
}

#[test]
fn the_best_is_nearest_the_front() {
    let hall = seated(vec![row(1, 4), row(2, 4)]);
    assert_eq!(best(&hall, "---- ----", &wish(2)), [[1, 2], [3, 4], [5, 6], [7, 8]]);
    assert_eq!(best(&hall, "x--x ----", &wish(2)), [[2, 3], [5, 6], [7, 8]]);
    assert_eq!(best(&hall, "---- ----", &wish(3)), [[1, 2, 3], [5, 6, 7]], "each leaves one alone");
}

#[test]
fn rows_are_not_beside_each_other() {
    let hall = seated(vec![row(1, 3), row(2, 3)]);
    assert_eq!(best(&hall, "xx- -xx", &wish(2)), Vec::<Vec<u32>>::new());
    assert_eq!(SeatsSeen { layout: &hall, taken: &taken("xx- -xx") }.left(&wish(2)), 2);
}

#[test]
fn nobody_is_left_alone_where_it_can_be_helped() {
    let hall = seated(vec![row(1, 5), row(2, 5)]);
    assert_eq!(best(&hall, "---xx ----x", &wish(2)), [vec![6, 7], vec![8, 9], vec![1, 2]], "three in front leave one");
    assert_eq!(best(&hall, "---xx ---xx", &wish(2)), [[1, 2], [6, 7]], "it can't be helped");
    assert_eq!(best(&hall, "x-xxx --xxx", &wish(1)), [[2], [6], [7]], "whoever is alone fills a gap");
}

#[test]
fn other_tiers_are_for_others() {
    let other = SeatRow { tier: "S".into(), ..row(1, 4) };
    let hall = seated(vec![other, row(2, 4)]);
    assert_eq!(best(&hall, "---- ----", &wish(2)), [[5, 6], [7, 8]]);
    assert_eq!(best(&hall, "---- ----", &Wish { tier: "T".into(), ..wish(2) }), Vec::<Vec<u32>>::new());
}

#[test]
fn accessible_seats_are_for_who_asks_and_companions_sit_beside_them() {
    let first = SeatRow { accessible: [3, 6].into(), companion: [2, 7].into(), ..row(1, 8) };
    let hall = seated(vec![first, row(2, 4)]);
    let everything = "-------- ----";
    assert_eq!(best(&hall, everything, &wish(2)), [[4, 5], [9, 10], [11, 12]]);
    assert_eq!(SeatsSeen { layout: &hall, taken: &taken(everything) }.left(&wish(2)), 8);

    let asks = |count| Wish { accessible: true, ..wish(count) };
    assert_eq!(best(&hall, everything, &asks(1)), [[3], [6]]);
    assert_eq!(best(&hall, everything, &asks(2)), [[2, 3], [6, 7]]);
    assert_eq!(best(&hall, "-x--x--x ----", &asks(2)), [[3, 4], [6, 7]], "nearest the front all the same");
    assert_eq!(best(&hall, "--x--x-- ----", &asks(1)), Vec::<Vec<u32>>::new());
    let left = |seats| SeatsSeen { layout: &hall, taken: &taken(seats) }.left(&asks(2));
    assert_eq!(left("--x--x-- ----"), 0, "no other seat will do");
    assert_eq!(left("--x----- ----"), 11);
}

#[test]
fn where_people_stand_any_spots_will_do() {
    let hall = layout(vec![SectionShape::Standing { spots: 6, tier: "R".into() }]);
    assert_eq!(best(&hall, "-x-x--", &wish(2)), [[1, 3], [5, 6]]);
    assert_eq!(best(&hall, "------", &Wish { accessible: true, ..wish(1) }), Vec::<Vec<u32>>::new());
}

const MIDDLE: u32 = 1 << 31;

fn best_from(layout: &Layout, seats: &str, wish: &Wish, start: u32) -> Vec<Vec<u32>> {
    let taken = taken(seats);
    let blocks = SeatsSeen { layout, taken: &taken }.best_from(wish, MAX, start);
    blocks.into_iter().map(|block| block.into_iter().map(SeatNumber::get).collect()).collect()
}

#[test]
fn whoever_starts_elsewhere_begins_each_row_there() {
    let hall = seated(vec![row(1, 6), row(2, 6)]);
    let from_the_middle = |seats, count| best_from(&hall, seats, &wish(count), MIDDLE);
    assert_eq!(from_the_middle("------ ------", 2), [[5, 6], [1, 2], [3, 4], [11, 12], [7, 8], [9, 10]]);
    assert_eq!(
        from_the_middle("----xx ------", 2),
        [[1, 2], [3, 4], [11, 12], [7, 8], [9, 10]],
        "the front comes first"
    );
    assert_eq!(from_the_middle("------ xxxxxx", 1)[..2], [[4], [1]], "5 would leave 6 alone");
    assert_eq!(from_the_middle("xx---- xxxxxx", 1)[0], [3], "4 would leave 3 alone");
    let hall = layout(vec![SectionShape::Standing { spots: 7, tier: "R".into() }]);
    assert_eq!(best_from(&hall, "-------", &wish(2), MIDDLE), [[4, 5], [6, 7], [1, 2]]);
    assert_eq!(best_from(&hall, "-------", &wish(3), MIDDLE), [[4, 5, 6], [1, 2, 7]]);
}

#[test]
fn those_who_start_close_to_each_other_do_so_in_few_rows() {
    let hall = seated((1..=20).map(|n| row(n, 40)).collect());
    let taken = SeatSet::default();
    let firsts = |start| -> Vec<u32> {
        let blocks = SeatsSeen { layout: &hall, taken: &taken }.best_from(&wish(2), 800, start);
        blocks.chunks(20).map(|row| row[0][0].get()).collect()
    };
    let (one, other) = (firsts(1_000_000_007), firsts(1_000_500_009));
    let same = one.iter().zip(&other).filter(|(one, other)| one == other).count();
    assert!(same < 5, "{one:?} {other:?}");
}

#[test]
fn no_more_is_planned_than_wanted() {
    let hall = seated((1..=20).map(|n| row(n, 40)).collect());
    let taken = SeatSet::default();
    let hall = SeatsSeen { layout: &hall, taken: &taken };
    for count in [1, 2, 7, 40] {
        let seats = hall.best(&wish(count), MAX).iter().map(Vec::len).sum::<usize>();
        assert_eq!(seats, MAX / count as usize * count as usize);
    }
}

fn halls() -> impl Strategy<Value = (Layout, Vec<bool>)> {
    let row = (1..12_u32, prop::collection::btree_set(1..12_u32, 0..3), prop::collection::btree_set(1..12_u32, 0..3));
    prop::collection::vec(row, 1..6).prop_flat_map(|rows| {
        let make = |(name, (seats, accessible, companion)): (usize, (u32, _, _))| {
            let within = |set: std::collections::BTreeSet<u32>| set.into_iter().filter(|n| *n <= seats).collect();
            let accessible: std::collections::BTreeSet<u32> = within(accessible);
            let companion: std::collections::BTreeSet<u32> = within(companion);
            let companion = companion.difference(&accessible).copied().collect();
            let name = u32::try_from(name).unwrap() + 1;
            SeatRow { accessible, companion, ..self::row(name, seats) }
        };
        let layout = seated(rows.into_iter().enumerate().map(make).collect());
        let free = prop::collection::vec(prop::bool::weighted(0.7), layout.seat_count() as usize);
        (Just(layout), free)
    })
}

/// How many single seats a block leaves.
fn left_alone(layout: &Layout, free: &[bool], block: &Block) -> usize {
    let row = layout.rows().iter().find(|row| row.seats.contains(&block[0].index())).unwrap();
    let fits = |seat: usize| {
        let number = SeatNumber::new(u32::try_from(seat).unwrap() + 1).unwrap();
        row.seats.contains(&seat) && free[seat] && layout.position(number).unwrap().kind == PositionKind::Standard
    };
    let (first, end) = (block[0].index(), block[0].index() + block.len());
    let before = (row.seats.start..first).rev().take_while(|seat| fits(*seat)).count();
    let after = (end..row.seats.end).take_while(|seat| fits(*seat)).count();
    usize::from(before == 1) + usize::from(after == 1)
}

proptest! {
    #[test]
    fn a_plan_is_of_whole_blocks_of_free_seats_side_by_side_each_once(
        (layout, free) in halls(), count in 1..5_u32, accessible in any::<bool>(),
    ) {
        let wish = Wish { accessible, ..wish(count) };
        let blocks = SeatsSeen { layout: &layout, taken: &all_but(&free) }.best(&wish, MAX);
        let mut seen = std::collections::BTreeSet::new();
        for block in &blocks {
            prop_assert_eq!(block.len(), count as usize);
            prop_assert!(block.iter().all(|seat| free[seat.index()] && seen.insert(*seat)));
            prop_assert!(block.windows(2).all(|pair| pair[0].get() + 1 == pair[1].get()));
            let positions: Vec<&SeatPosition> = block.iter().map(|seat| layout.position(*seat).unwrap()).collect();
            prop_assert!(positions.iter().all(|position| position.label.row == positions[0].label.row));
            let asked_for = positions.iter().filter(|position| position.kind == PositionKind::Accessible).count();
            prop_assert_eq!(asked_for > 0, accessible);
            prop_assert!(accessible || positions.iter().all(|position| position.kind == PositionKind::Standard));
        }
    }

    /// The start changes the order within rows, and nothing else.
    #[test]
    fn wherever_one_starts_seats_are_as_good((layout, free) in halls(), count in 1..5_u32, start in any::<u32>()) {
        let (wish, taken) = (wish(count), all_but(&free));
        let seen = SeatsSeen { layout: &layout, taken: &taken };
        let (best, from) = (seen.best(&wish, MAX), seen.best_from(&wish, MAX, start));
        let row = |block: &Block| layout.position(block[0]).unwrap().label.row.clone();
        prop_assert_eq!(best.iter().map(row).collect::<Vec<_>>(), from.iter().map(row).collect::<Vec<_>>());
        let sorted = |mut blocks: Vec<Block>| {
            blocks.sort();
            blocks
        };
        let alone = |blocks: &[Block]| blocks.first().map(|block| left_alone(&layout, &free, block));
        prop_assert_eq!(alone(&best), alone(&from));
        prop_assert_eq!(sorted(best), sorted(from));
    }

    /// What is called gone is gone: there is a block if any seats side by side would do.
    #[test]
    fn there_is_a_plan_if_there_is_a_block(
        (layout, free) in halls(), count in 1..5_u32, accessible in any::<bool>(),
    ) {
        let wish = Wish { accessible, ..wish(count) };
        let fits = |seat: usize| {
            let kind = layout.position(SeatNumber::new(u32::try_from(seat).unwrap() + 1).unwrap()).unwrap().kind;
            (free[seat] && (accessible || kind == PositionKind::Standard), kind == PositionKind::Accessible)
        };
        let possible = layout.rows().iter().any(|row| {
            let seats: Vec<(bool, bool)> = row.seats.clone().map(fits).collect();
            let good = |w: &[(bool, bool)]| w.iter().all(|s| s.0) && (!accessible || w.iter().any(|s| s.1));
            seats.windows(count as usize).any(good)
        });
        prop_assert_eq!(!SeatsSeen { layout: &layout, taken: &all_but(&free) }.best(&wish, MAX).is_empty(), possible);
    }
}

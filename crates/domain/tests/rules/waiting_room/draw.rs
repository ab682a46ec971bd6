//! The draw: a permutation, a fair one, and one that anybody can check.

use super::test_room::*;
use crate::fixture::{at, sale, user};
use frontrow_domain::waiting_room::*;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;

pub fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn ranks(seed: [u8; 32], group: u8, count: u64) -> Vec<u64> {
    let ranks = Ranks::draw(digest, &seed, Group::new(group).unwrap(), count);
    (1..=count).map(|number| ranks.rank(QueueNumber::new(number).unwrap()).get()).collect()
}

#[test]
fn every_rank_is_drawn_once_and_who_came_later_keeps_the_number() {
    for count in [0, 1, 2, 7, 1000] {
        let drawn = ranks([1; 32], 0, count);
        let all: BTreeSet<u64> = drawn.iter().copied().collect();
        assert_eq!(all, (1..=count).collect());
        let later = Ranks::draw(digest, &[1; 32], Group::FIRST, count).rank(QueueNumber::new(count + 1).unwrap());
        assert_eq!(later, Rank::new(count + 1));
    }
    assert_eq!(Ranks::default().rank(QueueNumber::new(5).unwrap()), Rank::new(5));
}

#[test]
fn ranks_are_the_order_of_the_hashes() {
    let seed = [9; 32];
    let mut lots: Vec<([u8; 32], u64)> = (1..=100_u64)
        .map(|number| (digest(&[seed.as_slice(), &[2], &number.to_be_bytes()].concat()), number))
        .collect();
    lots.sort_unstable();
    let drawn = ranks(seed, 2, 100);
    for (rank, (_, number)) in (1_u64..).zip(lots) {
        assert_eq!(drawn[usize::try_from(number).unwrap() - 1], rank);
    }
}

#[test]
fn another_seed_or_group_draws_otherwise() {
    let all = [ranks([1; 32], 0, 50), ranks([2; 32], 0, 50), ranks([1; 32], 1, 50)];
    assert!(all[0] != all[1] && all[0] != all[2] && all[1] != all[2]);
    assert_eq!(all[0], ranks([1; 32], 0, 50));
    // Whoever joins last changes nobody's order among the others.
    let (few, more) = (ranks([1; 32], 0, 50), ranks([1; 32], 0, 51));
    let order = |ranks: &[u64]| (0..50).map(|a| (0..50).filter(|b| ranks[*b] < ranks[a]).count()).collect::<Vec<_>>();
    assert_eq!(order(&few), order(&more));
}

/// How far off a count of each of `cells` is from all being as likely, in standard deviations of chi-squared.
fn deviations(counts: &[u64]) -> f64 {
    let all: u64 = counts.iter().sum();
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let (expected, freedom) = (all as f64 / counts.len() as f64, (counts.len() - 1) as f64);
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let chi: f64 = counts.iter().map(|count| (*count as f64 - expected).powi(2) / expected).sum();
    (chi - freedom) / (2.0 * freedom).sqrt()
}

#[test]
fn every_number_has_the_same_chance_of_every_rank() {
    // The seeds are fixed, so that a fair draw can't fail by chance; an unfair one is far beyond any chance.
    const PEOPLE: usize = 10;
    let mut cells = [[0_u64; PEOPLE]; PEOPLE];
    let mut first_two = [0_u64; PEOPLE * (PEOPLE - 1)];
    for round in 0..20_000_u64 {
        let drawn = ranks(digest(&round.to_be_bytes()), 0, PEOPLE as u64);
        for (number, rank) in drawn.iter().enumerate() {
            cells[number][usize::try_from(*rank).unwrap() - 1] += 1;
        }
        let at = |rank| drawn.iter().position(|drawn| *drawn == rank).unwrap();
        let (first, second) = (at(1), at(2));
        first_two[first * (PEOPLE - 1) + second - usize::from(second > first)] += 1;
    }
    for (number, counts) in cells.iter().enumerate() {
        let off = deviations(counts);
        assert!(off.abs() < 4.0, "number {}: {off}, {counts:?}", number + 1);
    }
    let off = deviations(&first_two);
    assert!(off.abs() < 4.0, "pairs: {off}");
    let unfair: Vec<u64> =
        cells[0].iter().enumerate().map(|(rank, count)| count + 400 * u64::from(rank == 0)).collect();
    assert!(deviations(&unfair) > 4.0, "it would be seen");
}

#[test]
fn every_part_of_the_seed_decides() {
    let lists = [[1; 32], [2; 32]];
    let made = seed(digest, &[7; 32], "ab12", &[3, 4], &lists);
    assert_eq!(made, seed(digest, &[7; 32], "ab12", &[3, 4], &lists));
    for other in [
        seed(digest, &[8; 32], "ab12", &[3, 4], &lists),
        seed(digest, &[7; 32], "ab13", &[3, 4], &lists),
        seed(digest, &[7; 32], "", &[3, 4], &lists),
        seed(digest, &[7; 32], "ab12", &[4, 3], &lists),
        seed(digest, &[7; 32], "ab12", &[3, 4], &[lists[1], lists[0]]),
    ] {
        assert_ne!(made, other);
    }
    let by_hand =
        [[7; 32].as_slice(), b"ab12", &3_u64.to_be_bytes(), &4_u64.to_be_bytes(), &[1; 32], &[2; 32]].concat();
    assert_eq!(made, digest(&by_hand));
}

#[test]
fn a_changed_list_is_found() {
    let queue = |n| list_line(digest, sale(1), user(n));
    let list: Vec<[u8; 16]> = (1..=20).map(queue).collect();
    let published = list_digest(digest, &list);
    let mut swapped = list.clone();
    swapped.swap(3, 4);
    let mut replaced = list.clone();
    replaced[7] = queue(99);
    for changed in [&swapped, &replaced, &list[..19].to_vec(), &[list.clone(), vec![queue(21)]].concat()] {
        assert_ne!(list_digest(digest, changed), published);
        let ranks_of = |list: &[[u8; 16]]| {
            let lists = [list_digest(digest, list)];
            ranks(seed(digest, &[7; 32], "ab", &[20], &lists), 0, 20)
        };
        assert_ne!(ranks_of(changed), ranks_of(&list), "it would have drawn otherwise");
    }
    assert_ne!(list_line(digest, sale(1), user(1)), list_line(digest, sale(2), user(1)), "nobody is known elsewhere");
    assert_ne!(commitment(digest, &[7; 32]), commitment(digest, &[8; 32]));
}

/// Open, with five in the lobby, and nothing drawn yet.
fn gathered() -> TestRoom {
    let mut waiting_room = TestRoom::new(WaitingRoom { draw: true, ..room() });
    waiting_room.all_join(1..=5, 0);
    waiting_room.tick();
    waiting_room
}

fn known(waiting_room: &TestRoom) -> DrawState {
    waiting_room.queue().draw.clone().unwrap()
}

fn draw_on(waiting_room: &mut TestRoom, drawing: DrawState) -> bool {
    let next = waiting_room.queue().update(&QueueUpdate::Draw(drawing)).unwrap();
    let changed = next != *waiting_room.queue();
    assert_eq!(changed, next.version != waiting_room.queue().version);
    *waiting_room.queue_mut() = next;
    changed
}

#[test]
fn a_tick_fixes_who_was_in_the_lobby() {
    let mut waiting_room = gathered();
    waiting_room.join(6);
    waiting_room.run(1, &[]);
    assert_eq!((waiting_room.group().drawn, waiting_room.group().issued), (5, 6));
}

#[test]
fn without_a_draw_nobody_is_drawn() {
    let waiting_room = TestRoom::open(room(), 5);
    assert_eq!((waiting_room.group().drawn, waiting_room.queue().draw.clone()), (0, None));
    let drawing = gathered().queue().draw.clone().unwrap();
    assert_eq!(waiting_room.queue().update(&QueueUpdate::Draw(drawing)).as_ref(), Ok(waiting_room.queue()));
}

#[test]
fn a_draw_goes_from_lists_to_value_to_seed_and_ranks_follow() {
    let mut waiting_room = gathered();
    let lists = Some(vec![[1; 32]]);
    let published = DrawState { lists: lists.clone(), ..known(&waiting_room) };
    assert!(draw_on(&mut waiting_room, published.clone()));
    assert!(!draw_on(&mut waiting_room, published.clone()), "that is known");
    assert!(!waiting_room.queue().is_drawn());
    let decided = DrawState { value: Some("ab".into()), seed: Some([5; 32]), ..published };
    assert!(draw_on(&mut waiting_room, decided.clone()));
    assert!(waiting_room.queue().is_drawn());
    waiting_room.tick();
    let ranks = Ranks::draw(digest, &[5; 32], Group::FIRST, 5);
    let status = waiting_room.queue().status_of(&ranks, Group::FIRST, QueueNumber::new(5).unwrap());
    assert_eq!(status, EntryStatus::Called);
}

#[test]
fn what_is_known_of_a_draw_never_changes() {
    let mut waiting_room = gathered();
    let first = known(&waiting_room);
    let no_lists = DrawState { seed: Some([5; 32]), value: Some("ab".into()), ..first.clone() };
    assert!(!draw_on(&mut waiting_room, no_lists), "not before the lists are known");
    let other_secret = DrawState { secret: [8; 32], lists: Some(vec![[1; 32]]), ..first.clone() };
    assert!(!draw_on(&mut waiting_room, other_secret));
    let late_round = DrawState { round: Some("4711".into()), lists: Some(vec![[1; 32]]), ..first.clone() };
    assert!(!draw_on(&mut waiting_room, late_round), "it has to be named in advance");
    let published = DrawState { lists: Some(vec![[1; 32]]), ..first };
    assert!(draw_on(&mut waiting_room, published.clone()));
    let other_lists = DrawState { lists: Some(vec![[2; 32]]), seed: Some([5; 32]), ..published.clone() };
    assert!(!draw_on(&mut waiting_room, other_lists), "a seed of other lists than were published");
    assert!(!draw_on(&mut waiting_room, DrawState { lists: None, ..published.clone() }));
    let decided = DrawState { value: Some("ab".into()), seed: Some([5; 32]), ..published };
    assert!(draw_on(&mut waiting_room, decided.clone()));
    for other in [
        DrawState { seed: Some([6; 32]), ..decided.clone() },
        DrawState { seed: None, ..decided.clone() },
        DrawState { value: Some("cd".into()), ..decided.clone() },
    ] {
        assert!(!draw_on(&mut waiting_room, other));
    }
    assert_eq!(known(&waiting_room), decided);
}

#[test]
fn in_the_lobby_the_round_is_named_once_and_nothing_else() {
    let mut waiting_room = TestRoom::new(WaitingRoom { draw: true, ..room() });
    let first = known(&waiting_room);
    assert!(!draw_on(&mut waiting_room, DrawState { lists: Some(vec![[1; 32]]), ..first.clone() }));
    let named = DrawState { round: Some("4711".into()), ..first };
    assert!(draw_on(&mut waiting_room, named.clone()));
    assert!(!draw_on(&mut waiting_room, DrawState { round: Some("4712".into()), ..named.clone() }));
    assert!(!draw_on(&mut waiting_room, DrawState { round: None, ..named.clone() }));
    waiting_room.tick_at(at(OPENS));
    assert!(draw_on(&mut waiting_room, DrawState { lists: Some(vec![[1; 32]]), ..named }));
}

/// Release: `cargo test --release -p frontrow-domain --test rules a_million_ranks -- --ignored --nocapture`.
#[test]
#[ignore = "for its time, in release"]
#[expect(clippy::disallowed_methods, reason = "it is a measurement")]
fn a_million_ranks() {
    let begun = std::time::Instant::now();
    let ranks = Ranks::draw(digest, &[1; 32], Group::FIRST, 1_000_000);
    println!("1,000,000 ranks in {:?}", begun.elapsed());
    assert!(ranks.rank(QueueNumber::new(1_000_000).unwrap()).get() <= 1_000_000);
}

#[test]
fn lots_that_begin_alike_are_sorted_by_all_that_follows() {
    fn alike(text: &[u8]) -> [u8; 32] {
        let mut lot = [7; 32];
        lot[31] = u8::MAX - text[40];
        lot
    }
    let ranks = Ranks::draw(alike, &[0; 32], Group::FIRST, 200);
    let of = |number| ranks.rank(QueueNumber::new(number).unwrap()).get();
    assert!((1..=200).all(|number| of(number) == 201 - number));
}

/// A lobby of three people whose ranks will be drawn, when its sale has just opened.
fn about_to_open() -> TestRoom {
    let mut waiting_room = TestRoom::new(WaitingRoom { draw: true, ..room() });
    waiting_room.now = at(OPENS - 1);
    waiting_room.all_join(1..=2, 0);
    waiting_room.tick();
    // Since the last tick that knows.
    waiting_room.all_join([3], 0);
    waiting_room.now = at(OPENS);
    waiting_room
}

/// A tick, while nobody knows how many numbers were handed out.
fn tick_uncounted(waiting_room: &mut TestRoom) -> Queue {
    let counted =
        waiting_room.rooms.input(&waiting_room.bookings, waiting_room.sale.id, Stock::Unknown, waiting_room.now);
    let input = TickInput { issued: Vec::new(), ..counted.unwrap() };
    let tick = Tick::plan(waiting_room.queue(), &waiting_room.sale, SESSION, &input, waiting_room.now);
    let locked = waiting_room.lock(&tick, &[]);
    waiting_room.rooms.store(&mut waiting_room.bookings, tick.carry_out(&locked)).unwrap();
    waiting_room.queue().clone()
}

#[test]
fn a_count_that_fails_at_the_opening_does_not_fix_who_takes_part() {
    let mut waiting_room = about_to_open();
    let still = tick_uncounted(&mut waiting_room);
    assert_eq!((still.phase, still.gathered), (Phase::Lobby, false));
    waiting_room.tick();
    let opened = waiting_room.queue();
    assert_eq!((opened.phase, opened.gathered, opened.groups[0].drawn), (Phase::Open, true, 3), "all of them");

    // Nor where an operator opens it.
    let mut waiting_room = about_to_open();
    waiting_room.phase(Phase::Open).unwrap();
    assert!(!tick_uncounted(&mut waiting_room).gathered);
    waiting_room.tick();
    assert_eq!(waiting_room.queue().groups[0].drawn, 3);
}

#[test]
fn a_lobby_that_is_held_back_stays_one_when_the_dates_of_its_sale_move() {
    let mut waiting_room = about_to_open();
    tick_uncounted(&mut waiting_room);
    waiting_room.sale.closes = waiting_room.sale.closes + seconds(60);
    waiting_room.save_sale();
    let held_back = waiting_room.queue();
    assert!(held_back.message.is_some(), "it follows them");
    assert_eq!((held_back.phase, held_back.gathered), (Phase::Lobby, false));
    waiting_room.tick();
    assert_eq!((waiting_room.queue().phase, waiting_room.queue().groups[0].drawn), (Phase::Open, 3));
}

#[test]
fn without_a_draw_a_queue_opens_however_many_have_joined() {
    let mut waiting_room = TestRoom::new(room());
    waiting_room.now = at(OPENS);
    assert_eq!(tick_uncounted(&mut waiting_room).phase, Phase::Open);
}

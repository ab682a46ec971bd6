//! A round of public randomness: named in advance, its value entered once.

use super::draw::digest;
use super::test_room::*;
use crate::fixture::at;
use frontrow_domain::waiting_room::*;

const ROUND: &str = "drand quicknet 1234567";
const VALUE: &str = "00112233445566778899aabbccddeeff";

fn lobby() -> TestRoom {
    TestRoom::new(WaitingRoom { draw: true, ..room() })
}

fn put(waiting_room: &mut TestRoom, drawing: DrawState) {
    *waiting_room.queue_mut() = waiting_room.queue().update(&QueueUpdate::Draw(drawing)).unwrap();
}

/// Opened with two people in the lobby, whose list is published; that round was named, if any.
fn listed(round: Option<&str>) -> TestRoom {
    let mut waiting_room = lobby();
    if let Some(round) = round {
        let named = waiting_room.queue().name_round(round).unwrap();
        put(&mut waiting_room, named);
    }
    waiting_room.all_join(1..=2, 0);
    waiting_room.tick_at(at(OPENS));
    let drawing = waiting_room.queue().draw.clone().unwrap();
    put(&mut waiting_room, DrawState { lists: Some(vec![[1; 32]]), ..drawing });
    waiting_room
}

#[test]
fn a_round_is_named_once_and_only_in_the_lobby() {
    let mut waiting_room = lobby();
    let named = waiting_room.queue().name_round(ROUND).unwrap();
    assert_eq!(named.round.as_deref(), Some(ROUND));
    put(&mut waiting_room, named.clone());
    assert_eq!(waiting_room.queue().draw.as_ref(), Some(&named));
    assert_eq!(waiting_room.queue().name_round(ROUND), Ok(named.clone()), "that is known");
    assert_eq!(waiting_room.queue().name_round("another"), Err(DrawRefusal::OtherRound(ROUND.into())));

    let mut late = lobby();
    late.tick_at(at(OPENS));
    assert_eq!(late.queue().name_round(ROUND), Err(DrawRefusal::TooLate));
    assert_eq!(TestRoom::new(room()).queue().name_round(ROUND), Err(DrawRefusal::NotByLot));
}

#[test]
fn the_name_of_a_round_is_bounded() {
    let longest = "줄".repeat(DrawState::MAX_ROUND);
    assert!(lobby().queue().name_round(&longest).is_ok());
    for flawed in ["", " ", "a\nb", " a", "a\u{7f}", &format!("{longest}x")] {
        assert_eq!(lobby().queue().name_round(flawed), Err(DrawRefusal::InvalidRound), "{flawed:?}");
    }
}

#[test]
fn the_value_of_the_round_decides_and_stays() {
    let mut waiting_room = listed(Some(ROUND));
    assert!(!waiting_room.queue().is_drawn(), "it is waited for");
    let decided = waiting_room.queue().enter_value(digest, VALUE).unwrap();
    let by_hand = seed(digest, &[7; 32], VALUE, &[2], &[[1; 32]]);
    assert_eq!((decided.value.as_deref(), decided.seed), (Some(VALUE), Some(by_hand)));
    put(&mut waiting_room, decided.clone());
    assert!(waiting_room.queue().is_drawn());
    for same in [VALUE.to_owned(), VALUE.to_uppercase()] {
        assert_eq!(waiting_room.queue().enter_value(digest, &same), Ok(decided.clone()));
    }
    let other = VALUE.replace('0', "1");
    assert_eq!(waiting_room.queue().enter_value(digest, &other), Err(DrawRefusal::OtherValue(VALUE.into())));
}

#[test]
fn capital_digits_decide_as_small_ones_do() {
    let waiting_room = listed(Some(ROUND));
    let entered = |value: &str| waiting_room.queue().enter_value(digest, value);
    assert_eq!(entered(&VALUE.to_uppercase()), entered(VALUE));
}

#[test]
fn a_value_is_taken_only_for_a_named_round_whose_lists_are_published() {
    let entered = |waiting_room: &TestRoom| waiting_room.queue().enter_value(digest, VALUE);
    assert_eq!(entered(&listed(None)), Err(DrawRefusal::NoRound));
    assert_eq!(entered(&TestRoom::open(room(), 2)), Err(DrawRefusal::NotByLot));
    let mut waiting_room = lobby();
    let named = waiting_room.queue().name_round(ROUND).unwrap();
    put(&mut waiting_room, named);
    assert_eq!(entered(&waiting_room), Err(DrawRefusal::NotListed));
    waiting_room.tick_at(at(OPENS));
    assert_eq!(entered(&waiting_room), Err(DrawRefusal::NotListed), "gathered, and not published yet");
}

#[test]
fn a_value_is_bounded_hexadecimal_digits() {
    let waiting_room = listed(Some(ROUND));
    for (value, fits) in [
        ("0".repeat(32), true),
        ("f".repeat(1024), true),
        (String::new(), false),
        ("0".repeat(30), false),
        ("0".repeat(33), false),
        ("f".repeat(1026), false),
        ("g".repeat(32), false),
        (format!(" {}", "0".repeat(31)), false),
        ("é".repeat(16), false),
    ] {
        let entered = waiting_room.queue().enter_value(digest, &value);
        assert_eq!(entered.is_ok(), fits, "{value:?}");
        assert!(fits || entered == Err(DrawRefusal::InvalidValue), "{entered:?}");
    }
}

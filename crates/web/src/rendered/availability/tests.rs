use super::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use frontrow_application::port::{OnSale, SeatSnapshot};
use frontrow_application::testing::on_sale;
use frontrow_domain::testing::{seat_map, standing};
use frontrow_domain::{SeatNumber, SeatSet};
use proptest::prelude::*;
use serde_json::Value;

const SEATS: u32 = 2000;

/// A hall of [`SEATS`], in which these are taken.
fn seats(hall: &Arc<OnSale>, taken: &SeatSet) -> PerformanceSeats {
    let seats = SeatSnapshot { taken: taken.clone(), count: taken.len(), any_held: false };
    PerformanceSeats { on_sale: Arc::clone(hall), seats: Arc::new(seats) }
}

fn hall() -> Arc<OnSale> {
    let map = seat_map().sections(vec![standing("FLOOR", SEATS, "R")]).build();
    Arc::new(OnSale { layout: Arc::new(map.layout().unwrap()), ..on_sale() })
}

fn seat(number: u32) -> SeatNumber {
    SeatNumber::new(number).unwrap()
}

fn bitmap(answer: &Value) -> Vec<u8> {
    STANDARD.decode(answer["bitmap"].as_str().unwrap()).unwrap()
}

/// As a client does it: the bitmap and the counts of the answer that the changes lead to.
fn applied(changes: &Value, mut bitmap: Vec<u8>) -> Vec<u8> {
    let mut set = |name: &str, is_free: bool| {
        for number in changes[name].as_array().unwrap() {
            let index = usize::try_from(number.as_u64().unwrap()).unwrap() - 1;
            assert_ne!(bitmap[index / 8] >> (index % 8) & 1 == 1, is_free, "seat {number} was that already");
            bitmap[index / 8] ^= 1 << (index % 8);
        }
    };
    set("taken", false);
    set("freed", true);
    bitmap
}

fn tag(answer: &Answer) -> String {
    answer.tag().trim_matches('"').to_owned()
}

/// A seat's changes, and how often the seats are looked at in between.
fn courses() -> impl Strategy<Value = Vec<Vec<u32>>> {
    // Few seats, so that they come and go; and now and then many at once.
    let few = proptest::collection::vec(1_u32..40, 0..6);
    let many = (1_u32..SEATS, 1_u32..1500).prop_map(|(first, count)| (first..SEATS.min(first + count)).collect());
    proptest::collection::vec(prop_oneof![6 => few, 1 => many], 1..100)
}

proptest! {
    // Each case has some hundred answers.
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn changes_lead_to_exactly_what_the_whole_answer_says(course in courses()) {
        let (answers, hall, mut taken) = (AvailabilityAnswers::new(10), hall(), SeatSet::default());
        let mut earlier: Vec<(Arc<str>, Vec<u8>)> = Vec::new();
        for changed in course {
            for number in changed {
                if !taken.remove(seat(number)) {
                    taken.insert(seat(number));
                }
            }
            let now = seats(&hall, &taken);
            let whole = answers.whole(now.clone()).unwrap();
            let expected: Value = serde_json::from_slice(whole.body()).unwrap();
            prop_assert_eq!(bitmap(&expected), taken.others_of(SEATS));
            // Some of them, others at every state.
            for (known, before) in earlier.iter().rev().skip(earlier.len() % 5).step_by(5) {
                let answer = answers.since(now.clone(), known).unwrap();
                prop_assert_eq!(answer.tag(), whole.tag());
                prop_assert!(answer.body().len() <= whole.body().len().max(SHORT));
                let said: Value = serde_json::from_slice(answer.body()).unwrap();
                if said.get("from").is_none() {
                    prop_assert_eq!(&said, &expected);
                    continue;
                }
                prop_assert_eq!((said["from"].as_str().unwrap(), said["to"].as_str().unwrap()), (known.trim_matches('"'), &*tag(&whole)));
                prop_assert_eq!(applied(&said, before.clone()), bitmap(&expected));
                for count in ["available", "seat_count", "seat_map_version", "tiers"] {
                    prop_assert_eq!(&said[count], &expected[count]);
                }
            }
            earlier.push((Arc::clone(whole.tag()), bitmap(&expected)));
        }
    }
}

/// Whether what has changed since then is still known.
fn is_known(answers: &AvailabilityAnswers, seats: PerformanceSeats, tag: &str) -> bool {
    let answer: Value = serde_json::from_slice(answers.since(seats, tag).unwrap().body()).unwrap();
    answer.get("from").is_some()
}

#[test]
fn so_many_states_are_known_and_no_more() {
    let (answers, hall, mut taken) = (AvailabilityAnswers::new(10), hall(), SeatSet::default());
    let mut tags = vec![answers.whole(seats(&hall, &taken)).unwrap().tag().clone()];
    for number in 1..=66 {
        taken.insert(seat(number));
        tags.push(answers.whole(seats(&hall, &taken)).unwrap().tag().clone());
    }
    let known: Vec<bool> = tags.iter().map(|tag| is_known(&answers, seats(&hall, &taken), tag)).collect();
    assert_eq!(known.iter().filter(|known| **known).count(), MAX_STATES);
    assert!(known[2..66].iter().all(|known| *known) && !known[66], "the latest state has no changes");
    assert!(!is_known(&answers, seats(&hall, &taken), "\"0000000000000000\""));
}

#[test]
fn a_great_change_takes_the_room_of_many_states() {
    let (answers, hall, mut taken) = (AvailabilityAnswers::new(10), hall(), SeatSet::default());
    answers.whole(seats(&hall, &taken)).unwrap();
    for turn in 1..=3 {
        for number in (1..=1500).chain([1500 + turn]) {
            if !taken.remove(seat(number)) {
                taken.insert(seat(number));
            }
        }
        answers.whole(seats(&hall, &taken)).unwrap();
        let states = answers.states(hall.performance.id);
        let states = states.lock();
        let states = states.as_ref().unwrap();
        let known = usize::try_from(turn.min(2)).unwrap();
        assert_eq!((states.steps.len(), states.changes), (known, known * 1501), "after {turn}");
    }
}

#[test]
fn what_is_seen_again_unchanged_is_no_new_state() {
    let (answers, hall, taken) = (AvailabilityAnswers::new(10), hall(), SeatSet::default());
    let first = answers.whole(seats(&hall, &taken)).unwrap();
    let again = answers.whole(seats(&hall, &taken)).unwrap();
    assert_eq!((first.body().as_ptr(), first.tag()), (again.body().as_ptr(), again.tag()));
    assert!(answers.states(hall.performance.id).lock().as_ref().unwrap().steps.is_empty());
}

#[test]
fn another_seat_map_has_other_numbers() {
    let (answers, hall, mut taken) = (AvailabilityAnswers::new(10), hall(), SeatSet::default());
    let first = answers.whole(seats(&hall, &taken)).unwrap();
    taken.insert(seat(1));
    let mut other = OnSale::clone(&hall);
    other.performance.seat_map_version += 1;
    let other = Arc::new(other);
    assert!(!is_known(&answers, seats(&other, &taken), first.tag()));
    taken.insert(seat(2));
    answers.whole(seats(&other, &taken)).unwrap();
    assert!(!is_known(&answers, seats(&other, &taken), first.tag()));
}

#[test]
fn nobody_knows_a_performance_that_nobody_asked_for() {
    let (answers, hall) = (AvailabilityAnswers::new(10), hall());
    assert!(answers.known_since(hall.performance.id, "\"0000000000000000\"").is_none());
    let whole = answers.whole(seats(&hall, &SeatSet::default())).unwrap();
    let known = answers.known_since(hall.performance.id, "\"0000000000000000\"").unwrap();
    assert_eq!(known.body(), whole.body());
}

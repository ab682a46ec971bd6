//! The checks can fail.

use super::*;
use serde_json::json;
use uuid::Uuid;

const TERMS: Terms = Terms { seats: 4, price: 1, limit: 2 };

fn at(seconds: i64) -> Instant {
    Instant::from_micros(seconds * 1_000_000)
}

fn id(n: u128) -> ReservationId {
    ReservationId::new(Uuid::from_u128(n))
}

fn record(customer: usize, asked: Asked, answer: Answer, when: i64) -> Record {
    let known = !matches!(answer, Answer::Refused { .. }) && !matches!(asked, Asked::Release(_));
    let (from, to) = (at(when), at(when + 1));
    Record { customer, key: None, asked, answer, from, to, at: known.then_some(from) }
}

fn held(customer: usize, n: u128, seats: &[usize], when: i64) -> Record {
    let seats: Seats = seats.iter().copied().collect();
    let answer = Answer::Held { id: id(n), seats: seats.clone(), until: at(when + 10) };
    record(customer, Asked::Hold(seats), answer, when)
}

fn done(customer: usize, asked: Asked, when: i64) -> Record {
    record(customer, asked, Answer::Done, when)
}

fn refused(asked: Asked, problem: &str, body: Value, when: i64) -> Record {
    record(9, asked, Answer::Refused { problem: problem.into(), body }, when)
}

fn judge(records: &[Record]) -> Result<Seen> {
    History::of(TERMS, records)?.explain(records)
}

#[test]
fn a_seat_has_one_owner_at_a_time() {
    assert!(judge(&[held(1, 1, &[0], 0), held(2, 2, &[0], 11)]).is_err());
    assert_eq!(judge(&[held(1, 1, &[0], 0), held(2, 2, &[0], 12)]).unwrap().taken_over, 1);
    let released = |when| [held(1, 1, &[0], 0), done(1, Asked::Release(id(1)), 3), held(2, 2, &[0], when)];
    assert!(judge(&released(2)).is_err());
    assert!(judge(&released(3)).is_ok());
    let paid_late = |when| [held(1, 1, &[0], 0), held(2, 2, &[0], 12), done(1, Asked::Pay(id(1)), when)];
    assert!(judge(&paid_late(23)).is_err());
    assert_eq!(judge(&paid_late(24)).unwrap().paid_late, 1);
}

#[test]
fn nobody_has_more_than_the_limit() {
    let two = |when| [held(1, 1, &[0, 1], 0), held(1, 2, &[2], when)];
    assert!(judge(&two(9)).is_err());
    assert!(judge(&two(11)).is_ok(), "it may count no longer");
    let late = |when| [held(1, 1, &[0], 0), held(1, 2, &[2, 3], 12), done(1, Asked::Pay(id(1)), when)];
    assert!(judge(&late(13)).is_err());
    assert!(judge(&late(25)).is_ok());
}

#[test]
fn who_is_refused_seats_is_told_which_were_taken() {
    let taken = |seats: &[usize], named: Value, when| {
        let asked = Asked::Hold(seats.iter().copied().collect());
        judge(&[held(1, 1, &[0], 5), refused(asked, "seats-taken", json!({ "seats": named }), when)])
    };
    assert!(taken(&[0, 1], json!(["A-1-1"]), 5).is_ok());
    assert!(taken(&[0, 1], json!(["A-1-1"]), 3).is_err());
    assert!(taken(&[0, 1], json!(["A-1-1"]), 18).is_err());
    assert!(taken(&[0, 1], json!(["A-1-1", "A-1-2"]), 6).is_err());
    assert!(taken(&[1], json!(["A-1-2"]), 6).is_err());
}

#[test]
fn nobody_is_told_too_early_that_nothing_is_left() {
    let left = |seats: &[usize], problem, count, when| {
        let mut records = vec![refused(Asked::Best(count), problem, json!({}), when)];
        records.extend(seats.iter().map(|seat| held(*seat, *seat as u128, &[*seat], 5)));
        judge(&records)
    };
    assert!(left(&[0, 1, 2, 3], "sold-out", 2, 5).is_ok());
    assert!(left(&[0, 1, 2, 3], "sold-out", 2, 3).is_err());
    assert!(left(&[0, 1, 2, 3], "sold-out", 2, 18).is_err());
    assert!(left(&[1, 2], "sold-out", 2, 6).is_err());
    assert!(left(&[1, 2], "not-together", 2, 6).is_ok());
    assert!(left(&[1], "not-together", 2, 6).is_err());
}

#[test]
fn what_came_free_elsewhere_may_be_known_a_quarter_of_a_second_later() {
    let left = |after| {
        let mut asked = refused(Asked::Best(2), "sold-out", json!({}), 18);
        asked.from = at(17) + Duration::from_millis(after);
        // Seats 0 and 1 can be had from second 17 on, seats 2 and 3 until second 18.
        judge(&[asked, held(1, 1, &[0, 1], 5), held(2, 2, &[2, 3], 18)])
    };
    assert!(left(250).is_ok());
    assert!(left(251).is_err());
}

#[test]
fn a_limit_is_reached_by_what_one_has() {
    let limit = |used: u64, when| {
        let body = json!({"limit": 2, "used": used, "asked": 1});
        let refusal = refused(Asked::Best(1), "limit-reached", body, when);
        judge(&[held(9, 1, &[0, 1], 5), Record { customer: 9, ..refusal }])
    };
    assert!(limit(2, 6).is_ok() && limit(2, 16).is_ok());
    assert!(limit(2, 3).is_err() && limit(2, 18).is_err() && limit(1, 6).is_err());
}

#[test]
fn a_late_payment_is_refused_for_a_reason() {
    let late = |when| {
        let records =
            [held(9, 1, &[0], 0), held(2, 2, &[0], 13), refused(Asked::Pay(id(1)), "hold-lapsed", json!({}), when)];
        judge(&records)
    };
    assert!(late(11).is_err() && late(26).is_err());
    assert_eq!(late(14).unwrap().refused_late, 1);
    assert!(judge(&[held(9, 1, &[0], 0), refused(Asked::Pay(id(1)), "fault", json!({}), 1)]).is_err());
}

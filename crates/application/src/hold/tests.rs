use super::*;
use crate::Outage;
use crate::port::{
    BookingError, Exceeded, Limit, LimitedBy, MockBookingStore, MockIdempotencyRecordReader, MockSeatSnapshots,
    NoCooldown, SeatSnapshot, StoreError,
};
use crate::testing::{
    at, carry_out, clock, digest, execute, free_seats, ids, on_sale, performance, queue, queues, reads, request_key,
    reservation, sale, sale_with_room, seat, seat_number, user,
};
use frontrow_domain::waiting_room::Queue;
use frontrow_domain::{IdempotencyRecord, Performance, PerformanceStatus, Points, SeatState, UserId};
use std::time::Duration;
use uuid::Uuid;

const NOW: i64 = 100;

fn choice(label: &str) -> SeatChoice {
    SeatChoice { label: label.parse().unwrap(), price_type: None }
}

fn request(seats: Vec<SeatChoice>) -> HoldRequest {
    let performance = on_sale().performance.id;
    HoldRequest { performance, sale: None, seats, request: request_key(user(1)) }
}

fn hold(store: MockBookingStore, records: MockIdempotencyRecordReader, on_sale: OnSale) -> HoldSeats {
    HoldSeats {
        store: Arc::new(store),
        idempotency_records: Arc::new(records),
        queues: Arc::default(),
        on_sale: reads(on_sale),
        seats: None,
        cooldown: Arc::new(NoCooldown),
        ids: ids(),
        clock: clock(NOW),
    }
}

/// A store that does what the rules say.
fn store() -> MockBookingStore {
    let mut store = MockBookingStore::new();
    store.expect_execute().returning(|command| carry_out(&command, at(NOW)));
    store
}

/// A store that must not be asked.
fn no_store() -> MockBookingStore {
    MockBookingStore::new()
}

fn no_record() -> MockIdempotencyRecordReader {
    let mut records = MockIdempotencyRecordReader::new();
    records.expect_idempotency_record().returning(|_| Ok(None));
    records
}

fn recorded(request_hash: [u8; 32], outcome: Outcome) -> MockIdempotencyRecordReader {
    let mut records = MockIdempotencyRecordReader::new();
    let record = IdempotencyRecord { key: request_key(user(1)).key().clone(), request_hash, outcome, at: at(50) };
    records
        .expect_idempotency_record()
        .withf(|key| key == request_key(user(1)).key())
        .return_once(move |_| Ok(Some(record)));
    records
}

fn with_status(status: PerformanceStatus) -> OnSale {
    OnSale { performance: Performance { status, ..on_sale().performance }, ..on_sale() }
}

#[tokio::test]
async fn prices_and_terms_come_from_the_servers_own_data() {
    let mut store = MockBookingStore::new();
    store.expect_execute().times(1).returning(|command| {
        let key = request_key(user(1));
        assert_eq!((command.key.as_ref(), command.request_hash), (Some(key.key()), key.hash()));
        let Operation::Hold(hold) = &command.operation else { panic!("{command:?}") };
        assert_eq!((hold.user, &hold.terms), (user(1), &sale(0).terms_for(&performance())));
        carry_out(&command, at(NOW))
    });
    let child = SeatChoice { price_type: Some("child".into()), ..choice("A-1-9") };
    let asked = request(vec![child, choice("A-1-2")]);
    let (held, _) = hold(store, MockIdempotencyRecordReader::new(), on_sale()).run(asked).await.unwrap();
    let line_items: Vec<_> = held
        .line_items
        .iter()
        .map(|line_item| (line_item.seat.get(), line_item.price_type.as_str(), line_item.paid.amount()))
        .collect();
    assert_eq!(line_items, [(2, "adult", 1000), (9, "child", 500)]);
    assert_eq!((held.amount, held.held_until), (Points::new(1500).unwrap(), at(NOW + 300)));
}

#[tokio::test]
async fn every_flaw_of_the_choice_is_named() {
    let senior = SeatChoice { price_type: Some("senior".into()), ..choice("A-1-2") };
    let asked = request(vec![choice("A-1-1"), choice("A-1-1"), choice("B-1-1"), senior]);
    let refused = hold(no_store(), no_record(), on_sale()).run(asked).await;
    let Err(Error::Invalid(Invalid(flaws))) = refused else { panic!("{refused:?}") };
    let found: Vec<_> = flaws.iter().map(|flaw| (flaw.pointer.as_str(), flaw.code)).collect();
    assert_eq!(found, [("/seats/1", "duplicate"), ("/seats/2", "unknown"), ("/seats/3/price_type", "price_type")]);
    assert_eq!(flaws[2].detail, "one of adult, child");
}

#[tokio::test]
async fn a_hold_is_of_1_to_50_seats() {
    for seats in [vec![], vec![choice("A-1-1"); 51]] {
        let refused = hold(no_store(), no_record(), on_sale()).run(request(seats)).await;
        let Err(Error::Invalid(Invalid(flaws))) = refused else { panic!("{refused:?}") };
        assert_eq!((flaws[0].pointer.as_str(), flaws[0].code), ("/seats", "range"));
        assert!(flaws.iter().all(|flaw| flaw.pointer != "/seats/50"), "what is too much is not looked at");
    }
}

/// The sale of a hold that names `named`, if these are the sales.
async fn sale_of(named: Option<u128>, sales: Vec<Sale>) -> Result<SaleId, Error> {
    let asked = HoldRequest { sale: named.map(|n| sale(n).id), ..request(vec![choice("A-1-1")]) };
    let hold = hold(store(), no_record(), OnSale { sales, ..on_sale() });
    hold.run(asked).await.map(|(held, _)| held.sale)
}

#[tokio::test]
async fn a_hold_goes_under_the_sale_it_names_or_the_only_open_one() {
    let later = |n| Sale { opens: at(NOW + 1), ..sale(n) };
    assert_eq!(sale_of(None, vec![sale(0)]).await, Ok(sale(0).id));
    assert_eq!(sale_of(None, vec![later(0), sale(1)]).await, Ok(sale(1).id));
    assert_eq!(sale_of(Some(1), vec![sale(0), sale(1)]).await, Ok(sale(1).id));
    assert_eq!(sale_of(Some(2), vec![sale(0), sale(1)]).await, Err(Error::NotFound(Missing::Sale)));
    assert_eq!(sale_of(None, vec![sale(0), sale(1)]).await, Err(Conflict::SeveralOpenSales.into()));
    assert_eq!(sale_of(None, vec![later(0), later(1)]).await, Err(Conflict::NoOpenSale.into()));
    assert_eq!(sale_of(None, vec![]).await, Err(Conflict::NoOpenSale.into()));
}

#[tokio::test]
async fn the_refusal_of_the_only_sale_says_when_it_opens_or_closed() {
    let (opens, closed) = (at(NOW + 1), at(NOW));
    let later = sale_of(None, vec![Sale { opens, ..sale(0) }]).await;
    assert_eq!(later, Err(Rejection::SaleNotOpen { opens }.into()));
    let over = sale_of(None, vec![Sale { closes: closed, ..sale(0) }]).await;
    assert_eq!(over, Err(Rejection::SaleClosed { closed }.into()));
}

#[tokio::test]
async fn what_does_not_take_place_or_is_not_there_is_not_booked() {
    for status in [PerformanceStatus::Postponed, PerformanceStatus::Cancelled] {
        let hold = hold(no_store(), no_record(), with_status(status));
        assert_eq!(hold.run(request(vec![choice("A-1-1")])).await, Err(Conflict::NotBookable.into()));
    }
    let unknown = HoldRequest { performance: PerformanceId::new(Uuid::nil()), ..request(vec![choice("A-1-1")]) };
    let refused = hold(no_store(), no_record(), on_sale()).run(unknown).await;
    assert_eq!(refused, Err(Error::NotFound(Missing::Performance)));
}

#[tokio::test]
async fn what_was_held_before_is_answered_again_after_the_catalogue_has_changed() {
    let closed = Sale { closes: at(NOW), ..sale(0) };
    let no_sale_open = OnSale { sales: vec![closed.clone(), Sale { id: sale(1).id, ..closed }], ..on_sale() };
    for changed in [with_status(PerformanceStatus::Postponed), no_sale_open] {
        let again = hold(no_store(), recorded(request_key(user(1)).hash(), Outcome::Held(reservation())), changed);
        let (held, _) = again.run(request(vec![choice("A-1-1")])).await.unwrap();
        assert_eq!(held, reservation());
    }
}

#[tokio::test]
async fn a_key_that_stood_for_something_else_is_refused() {
    let other_request = recorded([8; 32], Outcome::Held(reservation()));
    let other_command = recorded(request_key(user(1)).hash(), Outcome::Released(reservation()));
    for records in [other_request, other_command] {
        let hold = hold(no_store(), records, with_status(PerformanceStatus::Postponed));
        assert_eq!(hold.run(request(vec![choice("A-1-1")])).await, Err(Rejection::KeyReused.into()));
    }
}

#[tokio::test]
async fn while_holds_are_stopped_only_what_was_held_before_is_answered() {
    let stopped = |sale: Sale| queues(Queue { holds_stopped: true, sale: sale.id, ..queue() }, sale);
    let refused = Err(Conflict::HoldsStopped.into());
    let asked = || request(vec![choice("A-1-1")]);
    let new = HoldSeats { queues: stopped(sale_with_room(0)), ..hold(no_store(), no_record(), on_sale()) };
    assert_eq!(new.run(asked()).await, refused);
    let named = HoldRequest { sale: Some(sale(0).id), ..asked() };
    assert_eq!(new.run(named).await, refused, "also under the sale's name");
    let records = recorded(request_key(user(1)).hash(), Outcome::Held(reservation()));
    let again = HoldSeats { queues: stopped(sale_with_room(0)), ..hold(store(), records, on_sale()) };
    assert!(again.run(asked()).await.is_ok());
    // Holds that are stopped in another sale.
    let other = HoldSeats { queues: stopped(sale_with_room(1)), ..hold(store(), no_record(), on_sale()) };
    let named = HoldRequest { sale: Some(sale(0).id), ..asked() };
    assert!(other.run(named).await.is_ok());
}

struct Cooling;

impl SeatCooldown for Cooling {
    fn check(&self, _: UserId, _: PerformanceId, seats: &[SeatNumber]) -> Result<(), Exceeded> {
        if seats.contains(&seat_number(1)) { Err(cooling()) } else { Ok(()) }
    }

    fn note_release(&self, _: UserId, _: PerformanceId, _: &[SeatNumber]) {}
}

fn cooling() -> Exceeded {
    let (window, retry_after) = (Duration::from_hours(1), Duration::from_mins(1));
    Exceeded { limit: Limit::Hold, by: LimitedBy::Seats, quota: 3, window, retry_after }
}

#[tokio::test]
async fn seats_that_somebody_has_to_leave_to_others_are_refused_unless_they_were_held_before() {
    let asked = |label: &str| request(vec![choice(label)]);
    let new = HoldSeats { cooldown: Arc::new(Cooling), ..hold(no_store(), no_record(), on_sale()) };
    assert_eq!(new.run(asked("A-1-1")).await, Err(cooling().into()));
    let records = recorded(request_key(user(1)).hash(), Outcome::Held(reservation()));
    let again = HoldSeats { cooldown: Arc::new(Cooling), ..hold(no_store(), records, on_sale()) };
    assert!(again.run(asked("A-1-1")).await.is_ok());
    let other = HoldSeats { cooldown: Arc::new(Cooling), ..hold(store(), no_record(), on_sale()) };
    assert!(other.run(asked("A-1-3")).await.is_ok());
}

#[tokio::test]
async fn the_same_key_with_other_seats_is_refused() {
    let bookings = Arc::new(std::sync::Mutex::new(free_seats()));
    let mut store = MockBookingStore::new();
    store.expect_execute().returning(move |command| execute(&mut bookings.lock().unwrap(), &command, at(NOW)));
    let hold = hold(store, no_record(), on_sale());
    let asked = |label: &str| {
        let key = RequestKey::new(user(1), "tap-1", "hold", label.as_bytes(), digest).unwrap();
        HoldRequest { request: key, ..request(vec![choice(label)]) }
    };
    let first = hold.run(asked("A-1-1")).await;
    assert!(first.is_ok(), "{first:?}");
    assert_eq!(hold.run(asked("A-1-1")).await, first);
    assert_eq!(hold.run(asked("A-1-2")).await, Err(Rejection::KeyReused.into()));
}

#[tokio::test]
async fn seats_in_the_way_are_named_by_their_labels() {
    let (seats, yours) = (vec![seat_number(2), seat_number(10)], vec![seat_number(10)]);
    let labels = |labels: &[&str]| labels.iter().map(|label| label.parse().unwrap()).collect::<Vec<SeatLabel>>();
    let named = labels(&["A-1-2", "A-1-10"]);
    for (rejection, expected) in [
        (Rejection::SeatsUnknown(seats.clone()), TakenSeats { seats: named.clone(), ..TakenSeats::default() }),
        (
            Rejection::SeatsTaken { seats, yours },
            TakenSeats { seats: named, yours: labels(&["A-1-10"]), ..TakenSeats::default() },
        ),
    ] {
        let mut store = MockBookingStore::new();
        store.expect_execute().return_once(move |_| Err(BookingError::Rejected(rejection)));
        let asked = request(vec![choice("A-1-2"), choice("A-1-3"), choice("A-1-10")]);
        let refused = hold(store, MockIdempotencyRecordReader::new(), on_sale()).run(asked).await;
        assert_eq!(refused, Err(Error::SeatsTaken(Box::new(expected))));
    }
}

/// Seat 6 is known to be sold, and seat 2 turns out to be.
#[tokio::test]
async fn the_nearest_seats_that_seem_to_be_left_are_named_and_a_hall_that_cant_be_read_names_none() {
    for readable in [true, false] {
        let mut store = MockBookingStore::new();
        let refusal = Rejection::SeatsTaken { seats: vec![seat_number(2)], yours: vec![] };
        store.expect_execute().return_once(move |_| Err(BookingError::Rejected(refusal)));
        let mut snapshots = MockSeatSnapshots::new();
        let known = SeatSnapshot::of(&[seat(6, SeatState::Sold { to: reservation().id })], at(NOW));
        let answer = if readable {
            Ok(Arc::new(known))
        } else {
            Err(StoreError::Outage(Outage::Busy { retry_after: Duration::ZERO }))
        };
        snapshots.expect_recent().return_once(move |_| answer);
        let hold = hold(store, MockIdempotencyRecordReader::new(), on_sale());
        let hold = HoldSeats { seats: Some(Arc::new(snapshots)), ..hold };
        let refused = hold.run(request(vec![choice("A-1-1"), choice("A-1-2")])).await;
        let Err(Error::SeatsTaken(taken)) = refused else { panic!("{refused:?}") };
        let named: Vec<String> = taken.alternatives.iter().flatten().map(ToString::to_string).collect();
        let expected: &[&str] = if readable { &["A-1-3", "A-1-4", "A-1-7", "A-1-8", "A-1-9", "A-1-10"] } else { &[] };
        assert_eq!(named, expected);
    }
}

//! Fixtures for tests, behind the feature `testing`: rows and mocks that fit together, on the domain's own fixtures.
#![allow(clippy::missing_panics_doc, clippy::panic, clippy::unwrap_used, reason = "fixtures")]

use crate::port::{
    BookingError, MockClock, MockIdSource, MockOnSaleReader, MockQueueSigner, MockReservationReader, OnSale, TokenFlaw,
};
use crate::waiting_room::QueueViews;
use crate::{ActingOperator, RequestKey};
pub use frontrow_domain::testing::{at, seat_number, user_id as user};
use frontrow_domain::waiting_room::{
    DrawState, Group, GroupQueue, Phase, Queue, QueueEntry, QueueNumber, QueueToken, WaitingRoom,
};
use frontrow_domain::{
    AdmissionPeriod, BookingState, Buyer, BuyerKey, Command, Instant, Outcome, Performance, Reservation, Role, Sale,
    SaleId, Seat, SeatKey, SeatMap, SeatState, Stop, UserId, Version, testing,
};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

/// Ten seats, `A-1-1` to `A-1-10`.
pub fn seat_map() -> SeatMap {
    testing::seat_map().build()
}

/// The one performance; it is public.
pub fn performance() -> Performance {
    testing::performance().build()
}

/// The `n`th sale of the performance, open from 10 s to 1000 s.
pub fn sale(n: u128) -> Sale {
    testing::sale().id(SaleId::new(Uuid::from_u128(10 + n))).build()
}

/// Ten seats, `A-1-1` to `A-1-10`, 1000 points each, one open sale.
pub fn on_sale() -> OnSale {
    OnSale {
        performance: performance(),
        venue: testing::venue().build(),
        layout: Arc::new(seat_map().layout().unwrap()),
        sales: vec![sale(0)],
    }
}

/// Seats 1 and 2, held by user 1 in sale 0 until 310 s, 2000 points.
pub fn reservation() -> Reservation {
    let line_item = |number| performance().prices.line_item(seat_number(number), "R", None).unwrap();
    testing::reservation().line_items(vec![line_item(1), line_item(2)]).build()
}

/// A seat of the performance.
pub fn seat(number: u32, state: SeatState) -> Seat {
    let key = SeatKey { performance: performance().id, number: seat_number(number) };
    Seat { key, state, version: Version::FIRST }
}

/// The key of a request of that user, the same every time.
pub fn request_key(user: UserId) -> RequestKey {
    RequestKey::new(user, "tap-1", "test", b"", digest).unwrap()
}

/// Operator `n`.
pub fn operator(n: u128) -> ActingOperator {
    let account = testing::user().id(user(n)).role(Role::Operator).build();
    ActingOperator::from_account(&account).unwrap()
}

/// What the rules make of a command while all ten seats are free.
pub fn carry_out(command: &Command, now: Instant) -> Result<Outcome, BookingError> {
    execute(&mut free_seats(), command, now)
}

/// Ten free seats.
pub fn free_seats() -> BookingState {
    let mut bookings = BookingState::default();
    bookings.open_seats(performance().id, (1..=10).map(seat_number));
    bookings
}

/// What the rules make of a command on those bookings.
pub fn execute(bookings: &mut BookingState, command: &Command, now: Instant) -> Result<Outcome, BookingError> {
    bookings.execute(command, now).map_err(|refused| match refused {
        Stop::Rejected(rejection) => rejection.into(),
        bug => panic!("{bug}"),
    })
}

/// A clock that stands still.
pub fn clock(seconds: i64) -> Arc<MockClock> {
    let mut clock = MockClock::new();
    clock.expect_now().return_const(at(seconds));
    Arc::new(clock)
}

/// The ids 1, 2, 3 and so on; the secret is always the same.
pub fn ids() -> Arc<MockIdSource> {
    let mut ids = MockIdSource::new();
    let next = AtomicU64::new(1);
    ids.expect_id().returning(move || Uuid::from_u128(next.fetch_add(1, Ordering::Relaxed).into()));
    ids.expect_secret().return_const([0xab; 32]);
    Arc::new(ids)
}

/// A catalogue with one performance.
pub fn reads(on_sale: OnSale) -> Arc<MockOnSaleReader> {
    let mut reader = MockOnSaleReader::new();
    let known = Arc::new(on_sale);
    reader.expect_on_sale().returning(move |id| Ok(Some(Arc::clone(&known)).filter(|it| it.performance.id == id)));
    Arc::new(reader)
}

/// The only reservation there is.
pub fn finds(reservation: Reservation) -> Arc<MockReservationReader> {
    let mut reader = MockReservationReader::new();
    reader.expect_reservation().returning(move |id| Ok(Some(reservation.clone()).filter(|known| known.id == id)));
    Arc::new(reader)
}

/// Two groups: whoever comes, and who knows the word `early`.
pub fn room() -> WaitingRoom {
    let groups = vec![testing::group("Everybody", None), testing::group("Presale", Some("early"))];
    testing::waiting_room().groups(groups).build()
}

/// The same sale, with a waiting room.
pub fn sale_with_room(n: u128) -> Sale {
    Sale { waiting_room: Some(room()), ..sale(n) }
}

/// The open queue of sale 0. Of the first group's 30 numbers the first 10 have lapsed, and 11 to 20 are called.
pub fn queue() -> Queue {
    let mut queue = Queue::new(&sale_with_room(0), &room(), [3; 32], at(0));
    queue.groups[0] = GroupQueue { issued: 30, called: 20, lapsed: 10, ..queue.groups[0].clone() };
    Queue { phase: Phase::Open, epoch: 2, gathered: true, ..queue }
}

/// The same queue, whose first three numbers are drawn as far as is said.
pub fn queue_drawn_by(drawing: DrawState) -> Queue {
    let mut queue = Queue { draw: Some(drawing), ..queue() };
    queue.groups[0].drawn = 3;
    queue
}

/// A draw of which nothing but its round is known.
pub fn drawing() -> DrawState {
    DrawState { secret: [3; 32], round: Some("round 7".into()), lists: None, value: None, seed: None }
}

/// In memory, that queue as it was at 100 s.
pub fn queues(queue: Queue, sale: Sale) -> Arc<QueueViews> {
    let queues = QueueViews::new(digest);
    let id = queue.sale;
    queues.replace(queue, Arc::new(sale), at(100));
    queues.draw_ranks(id);
    Arc::new(queues)
}

/// Scatters as well as SHA-256, for a test.
pub fn digest(text: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    for (salt, part) in (0_u8..).zip(digest.chunks_mut(8)) {
        let mut hasher = DefaultHasher::new();
        (salt, text).hash(&mut hasher);
        part.copy_from_slice(&hasher.finish().to_be_bytes());
    }
    digest
}

/// In the first group.
pub fn entry(number: u64) -> QueueEntry {
    QueueEntry { group: Group::FIRST, number: QueueNumber::new(number).unwrap() }
}

/// User 1's, in the queue of sale 0.
pub fn token(number: u64) -> QueueToken {
    let QueueEntry { group, number } = entry(number);
    QueueToken { sale: sale(0).id, epoch: 2, group, number, user: user(1), issued: at(20) }
}

/// Somebody in sale 0, who has never been admitted.
pub fn buyer(n: u128) -> Buyer {
    Buyer::next(BuyerKey { sale: sale(0).id, user: user(n) }, None)
}

/// The same, admitted until then.
pub fn admitted(n: u128, until: i64) -> Buyer {
    Buyer { admission: Some(AdmissionPeriod { until: at(until), max_until: at(900) }), generation: 7, ..buyer(n) }
}

/// Reads `"token"` as that one and nothing else; what it signs is `"signed"`, whatever it is.
pub fn signs(token: QueueToken) -> MockQueueSigner {
    let mut signer = MockQueueSigner::new();
    signer.expect_read_token().returning(move |text| if text == "token" { Ok(token) } else { Err(TokenFlaw::Forged) });
    signer.expect_sign_token().return_const("signed");
    signer.expect_sign_pass().return_const("signed");
    signer
}

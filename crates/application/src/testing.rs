//! Fixtures of the unit tests.

use crate::RequestKey;
use crate::port::{
    BookingError, MockClock, MockIdSource, MockOnSaleReader, MockQueueSigner, MockReservationReader, OnSale, TokenFlaw,
};
use crate::waiting_room::Lines;
use frontrow_domain::waiting_room::{
    AdmissionTerms, Drawing, Group, GroupLine, GroupTerms, Line, Phase, Place, QueueNumber, QueueToken, WaitingRoom,
};
use frontrow_domain::{
    Books, Buyer, BuyerKey, Command, CommandKey, ConcertId, Instant, Outcome, Performance, PerformanceId,
    PerformanceStatus, Points, PriceList, PriceType, Refused, Reservation, ReservationId, ReservationState, Sale,
    SaleId, Seat, SeatKey, SeatMap, SeatNumber, SeatRow, SeatState, Section, SectionShape, Slot, Tier, UserId, Venue,
    VenueId, Version,
};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use uuid::Uuid;

/// That many seconds after the epoch.
pub fn at(seconds: i64) -> Instant {
    Instant::from_micros(seconds * 1_000_000)
}

pub fn user(n: u128) -> UserId {
    UserId::new(Uuid::from_u128(1000 + n))
}

pub fn seat_map() -> SeatMap {
    let row = SeatRow { name: "1".into(), seats: 10, tier: "R".into(), ..SeatRow::default() };
    let section = Section { name: "A".into(), shape: SectionShape::Seated { rows: vec![row] } };
    SeatMap { venue: VenueId::new(Uuid::from_u128(2)), version: 1, sections: vec![section] }
}

pub fn performance() -> Performance {
    Performance {
        id: PerformanceId::new(Uuid::from_u128(1)),
        concert: ConcertId::new(Uuid::from_u128(3)),
        venue: seat_map().venue,
        seat_map_version: 1,
        starts_at: at(10_000),
        sold_until: None,
        status: PerformanceStatus::Published,
        prices: PriceList {
            tiers: vec![Tier { code: "R".into(), name: "Royal".into(), list_price: Points::new(1000).unwrap() }],
            types: vec![
                PriceType { code: "adult".into(), name: "Adult".into(), discount_percent: 0 },
                PriceType { code: "child".into(), name: "Child".into(), discount_percent: 50 },
            ],
            fee: Points::ZERO,
            tax_basis_points: 0,
        },
    }
}

pub fn sale(n: u128) -> Sale {
    Sale {
        id: SaleId::new(Uuid::from_u128(10 + n)),
        name: "General sale".into(),
        performances: [performance().id].into(),
        opens: at(10),
        closes: at(1000),
        pay_until: at(1300),
        cancel_until: at(2000),
        limit_per_person: 4,
        hold_duration: Sale::DEFAULT_HOLD,
        waiting_room: None,
        published: true,
    }
}

/// Ten seats, `A-1-1` to `A-1-10`, 1000 points each, one open sale.
pub fn on_sale() -> OnSale {
    OnSale {
        performance: performance(),
        venue: Venue { id: seat_map().venue, name: "Hall".into(), time_zone: "Asia/Seoul".into() },
        layout: Arc::new(seat_map().layout().unwrap()),
        sales: vec![sale(0)],
    }
}

/// Seats 1 and 2, held by user 1 in sale 0 until 310 s, 2000 points.
pub fn reservation() -> Reservation {
    let line = |number| performance().prices.line(seat_number(number), "R", None).unwrap();
    Reservation {
        id: ReservationId::new(Uuid::from_u128(500)),
        performance: performance().id,
        sale: sale(0).id,
        user: user(1),
        state: ReservationState::Held,
        held_until: at(310),
        late_until: sale(0).pay_until,
        amount: Points::new(2000).unwrap(),
        lines: vec![line(1), line(2)],
        refund_reason: None,
        version: Version::FIRST,
    }
}

pub fn seat_number(number: u32) -> SeatNumber {
    SeatNumber::new(number).unwrap()
}

pub fn seat(number: u32, state: SeatState) -> Seat {
    let key = SeatKey { performance: performance().id, number: seat_number(number) };
    Seat { key, state, version: Version::FIRST }
}

pub fn request_key(user: UserId) -> RequestKey {
    RequestKey { key: CommandKey::new(user, "tap-1").unwrap(), body_hash: [7; 32] }
}

/// What the rules make of a command while all ten seats are free.
pub fn carry_out(command: &Command, now: Instant) -> Result<Outcome, BookingError> {
    let mut books = Books::default();
    books.open_seats(performance().id, (1..=10).map(seat_number));
    books.execute(command, now).map_err(|refused| match refused {
        Refused::Rejected(rejection) => rejection.into(),
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
    let group =
        |name: &str, code: Option<&str>| GroupTerms { name: name.into(), weight: 1, code: code.map(Into::into) };
    WaitingRoom {
        lobby_opens: at(5),
        capacity: 10,
        rate: 60,
        burst: 5,
        session: Duration::from_mins(10),
        groups: vec![group("Everybody", None), group("Presale", Some("early"))],
        draw: false,
        strict: false,
        terms: AdmissionTerms::default(),
    }
}

/// The same sale, with a waiting room.
pub fn sale_with_room(n: u128) -> Sale {
    Sale { waiting_room: Some(room()), ..sale(n) }
}

/// The open line of sale 0. Of the first group's 30 numbers the first 10 have lapsed, and 11 to 20 are called.
pub fn line() -> Line {
    let mut line = Line::new(&sale_with_room(0), &room(), [3; 32], at(0));
    line.groups[0] = GroupLine { issued: 30, called: 20, lapsed: 10, ..line.groups[0].clone() };
    Line { phase: Phase::Open, epoch: 2, gathered: true, ..line }
}

/// The same line, whose first three numbers are drawn as far as is said.
pub fn line_drawn_by(drawing: Drawing) -> Line {
    let mut line = Line { draw: Some(drawing), ..line() };
    line.groups[0].drawn = 3;
    line
}

/// A draw of which nothing but its round is known.
pub fn drawing() -> Drawing {
    Drawing { secret: [3; 32], round: Some("round 7".into()), lists: None, value: None, seed: None }
}

/// In memory, that line as it was at 100 s.
pub fn lines(line: Line, sale: Sale) -> Arc<Lines> {
    let lines = Lines::new(digest);
    lines.put_up_one(line, Arc::new(sale), at(100));
    Arc::new(lines)
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
pub fn place(number: u64) -> Place {
    Place { group: Group::FIRST, number: QueueNumber::new(number).unwrap() }
}

/// User 1's, in the line of sale 0.
pub fn token(number: u64) -> QueueToken {
    let Place { group, number } = place(number);
    QueueToken { sale: sale(0).id, epoch: 2, group, number, user: user(1), issued: at(20) }
}

/// Somebody in sale 0, who has never been admitted.
pub fn buyer(n: u128) -> Buyer {
    Buyer::next(BuyerKey { sale: sale(0).id, user: user(n) }, None)
}

/// The same, admitted until then.
pub fn admitted(n: u128, until: i64) -> Buyer {
    Buyer { slot: Some(Slot { until: at(until), max_until: at(900) }), generation: 7, ..buyer(n) }
}

/// Reads `"token"` as that one and nothing else; what it signs is `"signed"`, whatever it is.
pub fn signs(token: QueueToken) -> MockQueueSigner {
    let mut signer = MockQueueSigner::new();
    signer.expect_read_token().returning(move |text| if text == "token" { Ok(token) } else { Err(TokenFlaw::Forged) });
    signer.expect_sign_token().return_const("signed");
    signer.expect_sign_pass().return_const("signed");
    signer
}

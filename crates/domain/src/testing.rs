//! Fixtures for tests, behind the feature `testing`: builders whose defaults fit together.
//!
//! A test names what it is about and leaves the rest to the builder, so that a new field with a default changes this file
//! and no test:
//!
//! ```
//! use frontrow_domain::testing::sale;
//!
//! let sale = sale().limit_per_person(2).build();
//! ```
//!
//! Unless a test says otherwise, user 1 holds seats 1 and 2 of ten (`A-1-1` to `A-1-10`, 1000 points each) in a published
//! sale, whose performance begins at [`STARTS`]. Instants are seconds after the epoch: see [`at`].
#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a fixture that can't be made is a mistake in this file"
)]

mod batch;
mod full;

pub use batch::one_by_one;
pub use full::{concert_in_full, performance_in_full, venue_in_full};

use crate::waiting_room::published::{PublishedDraw, PublishedGroup, list_text, ranks_text};
use crate::waiting_room::{
    AdmissionTerms, Digest, Group, GroupTerms, QueueEntry, WaitingRoom, commitment, list_digest, seed,
};
use crate::{
    Address, AdmissionEnd, AdmissionPeriod, Area, Bookable, Buyer, BuyerKey, Concert, ConcertId, Email, Genre, Instant,
    LineItem, Payment, PaymentId, PaymentKind, PaymentState, Performance, PerformanceId, PerformanceStatus, Points,
    PriceList, PriceType, RefundReason, Reservation, ReservationId, ReservationState, ReturnedSeats, Role, Sale,
    SaleId, SaleTerms, SeatMap, SeatNumber, SeatRow, Section, Tier, User, UserId, Venue, VenueId, Version,
};
use std::collections::BTreeSet;
use std::time::Duration;
use uuid::Uuid;

/// When the sale opens, in seconds.
pub const OPENS: i64 = 10;
/// When the sale closes, in seconds.
pub const CLOSES: i64 = 1000;
/// Until when holds can be paid late, in seconds.
pub const PAY_UNTIL: i64 = 1300;
/// Until when buyers can cancel, in seconds.
pub const CANCEL_UNTIL: i64 = 2000;
/// When the performance begins, in seconds.
pub const STARTS: i64 = 10_000;

/// That many seconds after the epoch.
pub fn at(seconds: i64) -> Instant {
    Instant::from_micros(seconds * 1_000_000)
}

/// The `n`th user's id.
pub fn user_id(n: u128) -> UserId {
    UserId::new(Uuid::from_u128(1000 + n))
}

/// A seat's number, from 1.
pub fn seat_number(number: u32) -> SeatNumber {
    SeatNumber::new(number).unwrap()
}

/// That many points, from 0.
pub fn points(amount: i64) -> Points {
    Points::new(amount).unwrap()
}

/// A price tier; its name is its code.
pub fn tier(code: &str, list_price: i64) -> Tier {
    Tier { code: code.into(), name: code.into(), list_price: points(list_price) }
}

/// A price type; its name is its code.
pub fn price_type(code: &str, discount_percent: u32) -> PriceType {
    PriceType { code: code.into(), name: code.into(), discount_percent }
}

/// A row of ordinary seats of tier `R`.
pub fn seat_row(name: &str, seats: u32) -> SeatRow {
    SeatRow { name: name.into(), seats, tier: "R".into(), ..SeatRow::default() }
}

/// A section with rows of seats.
pub fn seated(name: &str, rows: impl IntoIterator<Item = SeatRow>) -> Section {
    Section::seated(name, rows.into_iter().collect())
}

/// A section without seats.
pub fn standing(name: &str, spots: u32, tier: &str) -> Section {
    Section::standing(name, spots, tier)
}

/// A group of a waiting room that is as large as any other.
pub fn group(name: &str, code: Option<&str>) -> GroupTerms {
    GroupTerms { name: name.into(), weight: 1, code: code.map(Into::into) }
}

/// A function that begins with the default, a builder with a method for each field, and the value at its end.
macro_rules! builder {
    (
        $(#[$about:meta])*
        $start:ident() -> $Builder:ident of $Made:ident = $default:expr;
        set { $($field:ident: $kind:ty,)* }
        into { $($text:ident: $wanted:ty,)* }
    ) => {
        $(#[$about])*
        pub fn $start() -> $Builder {
            $Builder($default)
        }

        #[doc = concat!("Builds a [`", stringify!($Made), "`]; [`", stringify!($start), "`] begins one.")]
        #[derive(Clone, Debug)]
        #[must_use]
        pub struct $Builder($Made);

        impl $Builder {
            $(
                #[doc = concat!("Sets [`", stringify!($Made), "::", stringify!($field), "`].")]
                pub fn $field(mut self, $field: $kind) -> Self {
                    self.0.$field = $field;
                    self
                }
            )*
            $(
                #[doc = concat!("Sets [`", stringify!($Made), "::", stringify!($text), "`].")]
                pub fn $text(mut self, $text: impl Into<$wanted>) -> Self {
                    self.0.$text = $text.into();
                    self
                }
            )*

            #[doc = concat!("The [`", stringify!($Made), "`].")]
            pub fn build(self) -> $Made {
                self.0
            }
        }
    };
}

builder! {
    /// A hall in Seoul.
    venue() -> VenueBuilder of Venue =
        Venue::new(VenueId::new(Uuid::from_u128(2)), "Hall", "Asia/Seoul");
    set {
        id: VenueId,
    }
    into { name: String, time_zone: String, address: Option<Address>, }
}

builder! {
    /// Of a hall in Seoul, in full.
    address() -> AddressBuilder of Address = Address {
        street: vec!["424 Olympic-ro".into(), "Songpa-gu".into()],
        postal_code: Some("05540".into()),
        city: "Seoul".into(),
        country: "KR".into(),
    };
    set {
        street: Vec<String>,
    }
    into { postal_code: Option<String>, city: String, country: String, }
}

builder! {
    /// Version 1 of the hall's map: ten seats, `A-1-1` to `A-1-10`, of tier `R`.
    seat_map() -> SeatMapBuilder of SeatMap =
        SeatMap::new(venue().build().id, 1, vec![seated("A", [seat_row("1", 10)])]);
    set {
        venue: VenueId,
        version: u32,
        sections: Vec<Section>,
    }
    into { stage: Option<Area>, }
}

builder! {
    /// A concert.
    concert() -> ConcertBuilder of Concert =
        Concert::new(ConcertId::new(Uuid::from_u128(3)), "Evening", "Quartet");
    set {
        id: ConcertId,
    }
    into {
        title: String,
        artist: String,
        description: Option<String>,
        image: Option<String>,
        genre: Option<Genre>,
        age_limit: Option<u8>,
    }
}

builder! {
    /// Tier `R` at 1000 points; children pay half; no fee, no tax.
    price_list() -> PriceListBuilder of PriceList = PriceList {
        tiers: vec![tier("R", 1000)],
        types: vec![price_type("adult", 0), price_type("child", 50)],
        fee: Points::ZERO,
        tax_basis_points: 0,
    };
    set {
        tiers: Vec<Tier>,
        types: Vec<PriceType>,
        fee: Points,
        tax_basis_points: u32,
    }
    into {}
}

builder! {
    /// A published performance of the concert in the hall.
    performance() -> PerformanceBuilder of Performance = Performance {
        status: PerformanceStatus::Published,
        ..Performance::draft(
            PerformanceId::new(Uuid::from_u128(1)),
            concert().build().id,
            venue().build().id,
            1,
            at(STARTS),
            price_list().build(),
        )
    };
    set {
        id: PerformanceId,
        concert: ConcertId,
        venue: VenueId,
        seat_map_version: u32,
        starts_at: Instant,
        status: PerformanceStatus,
        prices: PriceList,
    }
    into { doors_at: Option<Instant>, sold_until: Option<Instant>, give_back_until: Option<Instant>, }
}

builder! {
    /// A published sale of the performance, without a waiting room.
    sale() -> SaleBuilder of Sale = Sale {
        id: SaleId::new(Uuid::from_u128(10)),
        name: "General sale".into(),
        performances: [performance().build().id].into(),
        opens: at(OPENS),
        closes: at(CLOSES),
        pay_until: at(PAY_UNTIL),
        cancel_until: at(CANCEL_UNTIL),
        limit_per_person: Sale::DEFAULT_LIMIT_PER_PERSON,
        hold_duration: Sale::DEFAULT_HOLD,
        waiting_room: None,
        published: true,
    };
    set {
        id: SaleId,
        performances: BTreeSet<PerformanceId>,
        opens: Instant,
        closes: Instant,
        pay_until: Instant,
        cancel_until: Instant,
        limit_per_person: u32,
        hold_duration: Duration,
        published: bool,
    }
    into { name: String, waiting_room: Option<WaitingRoom>, }
}

builder! {
    /// The sale's terms as a command has them.
    sale_terms() -> SaleTermsBuilder of SaleTerms = SaleTerms {
        sale: sale().build().id,
        opens: at(OPENS),
        closes: at(CLOSES),
        pay_until: at(PAY_UNTIL),
        cancel_until: at(CANCEL_UNTIL),
        limit_per_person: Sale::DEFAULT_LIMIT_PER_PERSON,
        hold_duration: Sale::DEFAULT_HOLD,
        admission: None,
        bookable: Bookable::ALWAYS,
    };
    set {
        sale: SaleId,
        opens: Instant,
        closes: Instant,
        pay_until: Instant,
        cancel_until: Instant,
        limit_per_person: u32,
        hold_duration: Duration,
        bookable: Bookable,
    }
    into { admission: Option<AdmissionTerms>, }
}

builder! {
    /// One group for everybody; ten may book at the same time, for ten minutes each, and one a second comes in.
    waiting_room() -> WaitingRoomBuilder of WaitingRoom = WaitingRoom {
        lobby_opens: at(OPENS - 5),
        capacity: 10,
        rate: 60,
        burst: 5,
        session: Duration::from_mins(10),
        groups: vec![group("Everybody", None)],
        draw: false,
        strict: false,
        terms: AdmissionTerms::default(),
    };
    set {
        lobby_opens: Instant,
        capacity: u32,
        rate: u32,
        burst: u32,
        session: Duration,
        groups: Vec<GroupTerms>,
        draw: bool,
        strict: bool,
        terms: AdmissionTerms,
    }
    into {}
}

builder! {
    /// User 1, a customer.
    user() -> UserBuilder of User = User {
        id: user_id(1),
        email: "user1@example.com".parse().unwrap(),
        name: "User 1".into(),
        role: Role::Customer,
    };
    set {
        id: UserId,
        email: Email,
        role: Role,
    }
    into { name: String, }
}

builder! {
    /// User 1 in the sale, who has never been admitted.
    buyer() -> BuyerBuilder of Buyer =
        Buyer::next(BuyerKey { sale: sale().build().id, user: user_id(1) }, None);
    set {
        key: BuyerKey,
        generation: u32,
        used_numbers: [u64; Group::MAX],
        barred: bool,
        version: Version,
    }
    into { admission: Option<AdmissionPeriod>, ended: Option<AdmissionEnd>, admitted_by: Option<QueueEntry>, }
}

builder! {
    /// Seats 1 and 2, held by user 1 since the sale opened, for 2000 points.
    reservation() -> ReservationBuilder of Reservation = Reservation {
        id: ReservationId::new(Uuid::from_u128(500)),
        performance: performance().build().id,
        sale: sale().build().id,
        user: user_id(1),
        state: ReservationState::Held,
        held_until: at(OPENS) + Sale::DEFAULT_HOLD,
        late_until: at(PAY_UNTIL),
        cancel_until: Instant::default(),
        amount: points(2000),
        line_items: [1, 2].map(|n| line_item(n, 1000)).into(),
        refund_reason: None,
        returned: Vec::new(),
        version: Version::FIRST,
    };
    set {
        id: ReservationId,
        performance: PerformanceId,
        sale: SaleId,
        user: UserId,
        state: ReservationState,
        held_until: Instant,
        late_until: Instant,
        cancel_until: Instant,
        amount: Points,
        line_items: Vec<LineItem>,
        returned: Vec<ReturnedSeats>,
        version: Version,
    }
    into { refund_reason: Option<RefundReason>, }
}

/// An adult's seat of tier `R` at that price.
pub fn line_item(number: u32, price: i64) -> LineItem {
    LineItem { list_price: points(price), paid: points(price), ..LineItem::free(seat_number(number), "R", "adult") }
}

builder! {
    /// A charge of 1000 points by user 1, which the sandbox has not answered yet.
    payment() -> PaymentBuilder of Payment = Payment {
        id: PaymentId::new(Uuid::from_u128(600)),
        kind: PaymentKind::Charge,
        reservation: None,
        ordinal: 0,
        user: user_id(1),
        amount: points(1000),
        state: PaymentState::Pending,
        provider: "sandbox".into(),
        provider_ref: None,
        at: at(OPENS),
        version: Version::FIRST,
    };
    set {
        id: PaymentId,
        kind: PaymentKind,
        ordinal: u32,
        user: UserId,
        amount: Points,
        state: PaymentState,
        at: Instant,
        version: Version,
    }
    into { reservation: Option<ReservationId>, provider: String, provider_ref: Option<String>, }
}

/// What is published of a draw that has been revealed: 100 people in one group, a round that came to `beef`.
pub fn published_draw(digest: Digest) -> (PublishedDraw, PublishedGroup) {
    let secret = [7; 32];
    let list: Vec<[u8; 16]> = (1..=100_u8).map(|n| [n; 16]).collect();
    let lists = vec![list_digest(digest, &list)];
    let decides = seed(digest, &secret, "beef", &[100], &lists);
    let published = PublishedDraw {
        sale: Uuid::from_u128(1),
        commitment: hex::encode(commitment(digest, &secret)),
        round: Some("a round".into()),
        counts: Some(vec![100]),
        lists: Some(lists.iter().map(hex::encode).collect()),
        secret: Some(hex::encode(secret)),
        value: Some("beef".into()),
        seed: Some(hex::encode(decides)),
    };
    let ranks = ranks_text(digest, &decides, Group::FIRST, 100);
    (published, PublishedGroup { list: list_text(&list), ranks })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_what_the_rules_allow() {
        let sale = sale().waiting_room(waiting_room().build()).build();
        sale.check().unwrap();
        venue_in_full().check().unwrap();
        concert_in_full().check().unwrap();
        price_list().build().check(["R"]).unwrap();
        assert_eq!(seat_map().build().layout().unwrap().seat_count(), 10);
    }
}

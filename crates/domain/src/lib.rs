//! What is true of a concert reservation: values, states and rules.
//!
//! Everything here is pure: no async, no I/O, no clock and no randomness. The instant, the ids and the rows come in as
//! arguments, so a rule can be tested in microseconds, simulated by the million, and run again after a deadlock.
//!
//! The heart is one function, [`carry_out`]: given a [`Command`] and the [`Locked`] rows that its [`Scope`] names, it says
//! what happens, as whole rows to write, or [stops](Stop). A store locks the scope, calls it and writes, all in one
//! transaction. [`BookingState`] is the smallest such store: plain maps.
//!
//! From the ground up, each folder using only those before it: `money`, `catalogue`, `waiting_room`, `booking`,
//! `in_memory`, `audit`. `accounts` and `installation` stand beside them.
//!
//! ```
//! use frontrow_domain::*;
//! use std::time::Duration;
//!
//! # let id = |n: u128| uuid::Uuid::from_u128(n);
//! let now = Instant::from_micros(1_000_000_000);
//! let performance = PerformanceId::new(id(1));
//! let mut bookings = BookingState::default();
//! bookings.open_seats(performance, [SeatNumber::FIRST]);
//!
//! // SHA-256 of the request: the same key with another request is refused.
//! let request_hash = [0x5e; 32];
//! let hold = Command::keyed(
//!     CommandKey::new(UserId::new(id(2)), "tap-1").unwrap(),
//!     request_hash,
//!     Operation::Hold(Hold {
//!         reservation: ReservationId::new(id(3)),
//!         performance,
//!         user: UserId::new(id(2)),
//!         terms: SaleTerms {
//!             sale: SaleId::new(id(4)),
//!             opens: now,
//!             closes: now + Duration::from_secs(3600),
//!             pay_until: now + Duration::from_secs(3900),
//!             cancel_until: now,
//!             limit_per_person: 4,
//!             hold_duration: Duration::from_secs(300),
//!             admission: None,
//!             bookable: Bookable::ALWAYS,
//!         },
//!         line_items: vec![LineItem::free(SeatNumber::FIRST, "R", "adult")],
//!     }),
//! );
//! let Ok(Outcome::Held(reservation)) = bookings.execute(&hold, now) else { panic!("the seat was free") };
//! assert_eq!(reservation.held_until, now + Duration::from_secs(300));
//! // The same command again changes nothing and gives the same answer.
//! assert_eq!(bookings.execute(&hold, now), Ok(Outcome::Held(reservation)));
//! ```
#![deny(missing_docs)]

mod accounts;
mod audit;
mod booking;
mod catalogue;
mod id;
mod in_memory;
mod installation;
mod money;
mod record;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod text;
mod time;
mod violation;
pub mod waiting_room;

pub use accounts::{
    CodePurpose, Email, MailCode, NotAnEmail, REUSE_GRACE, RefreshToken, Role, Rotation, Session, User, rotate,
};
pub use audit::{Catalogue, Finding, QueueRecords, Rule, audit, audit_queues};
pub use booking::*;
pub use catalogue::{
    Action, Address, Area, Bookable, Concert, Drawing, DrawnSection, Genre, Layout, LineItem, NotALabel, NotBookable,
    Performance, PerformanceStatus, Point, PositionKind, PriceList, PriceType, PublicStatus, Sale, SaleTerms,
    SeatLabel, SeatMap, SeatNumber, SeatPosition, SeatRow, SeatSet, Section, SectionDrawing, SectionShape, Span, Tier,
    Venue, seat_name,
};
pub use id::{ConcertId, PaymentId, PerformanceId, ReservationId, SaleId, SessionId, TransferId, UserId, VenueId};
pub use in_memory::{BookingState, InMemoryQueues};
pub use installation::{
    ChangeRefused, Difference, Installation, InstallationChange, Instance, InstanceKeys, InstanceNumbers, KeyPrints,
    NumberSource, Ring,
};
pub use money::{AccountId, OutOfRange, Payment, PaymentKind, PaymentState, Points, Settlement, Transfer, Wallet};
pub use record::{Record, Version, Write};
pub use text::{composed, folded, opaque_string, text_flaw};
pub use time::{CLOCK_SKEW, CLOCK_TOLERANCE, Instant, TAKEOVER_GRACE};
pub use violation::{Invalid, Violation};
pub use waiting_room::{AdmissionEnd, AdmissionPeriod, Buyer, BuyerKey};

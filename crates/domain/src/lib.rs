//! What is true of a concert reservation: values, states and rules.
//!
//! Everything here is pure: no async, no I/O, no clock and no randomness. The instant, the ids and the rows come in as
//! arguments, so a rule can be tested in microseconds, simulated by the million, and run again after a deadlock.
//!
//! The heart is one function, [`decide`]: given a [`Command`] and the [`Locked`] rows that its [`Scope`] names, it says
//! what happens, as after-images of whole rows. A store locks the scope, runs `decide`, applies and writes the
//! changes, all in one transaction. [`Books`] is the smallest such store: plain maps.
//!
//! ```
//! use frontrow_domain::*;
//! use std::time::Duration;
//!
//! # let id = |n: u128| uuid::Uuid::from_u128(n);
//! let now = Instant::from_micros(1_000_000_000);
//! let performance = PerformanceId::new(id(1));
//! let mut books = Books::default();
//! books.open_seats(performance, [SeatNumber::FIRST]);
//!
//! let hold = Command::keyed(
//!     CommandKey::new(UserId::new(id(2)), "tap-1").unwrap(),
//!     [0; 32],
//!     What::Hold(Hold {
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
//!         lines: vec![Line::free(SeatNumber::FIRST, "R", "adult")],
//!     }),
//! );
//! let Ok(Outcome::Held(reservation)) = books.execute(&hold, now) else { panic!("the seat was free") };
//! assert_eq!(reservation.held_until, now + Duration::from_secs(300));
//! // The same command again changes nothing and gives the same answer.
//! assert_eq!(books.execute(&hold, now), Ok(Outcome::Held(reservation)));
//! ```
#![deny(missing_docs)]

mod account;
mod audit;
mod best;
mod bookable;
mod books;
mod buyer;
mod command;
mod concert;
mod decide;
mod flaw;
mod id;
mod installation;
mod locked;
mod payment;
mod points;
mod price;
mod refund_reason;
mod reservation;
mod sale;
mod seat;
mod seat_map;
mod session;
mod ticket;
mod time;
pub mod waiting_room;
mod wallet;

pub use account::{Email, Role, User};
pub use audit::{Catalogue, Finding, LineRecords, Rule, audit, audit_lines};
pub use best::{Block, Hall, Wish};
pub use bookable::{Bookable, Deed, NotBookable};
pub use books::{Books, Conflict, Refused};
pub use buyer::{Buyer, BuyerKey, Ended, Slot};
pub use command::{
    Bar, Cancel, Candidates, Charge, Command, CommandKey, Done, Event, Expire, Hold, HoldBest, KeyFlaw, Outcome, Pay,
    Rejection, Release, Renew, Scope, Settle, What,
};
pub use concert::{Concert, Performance, PerformanceStatus, PublicStatus, Venue};
pub use decide::{Changes, TAKEOVER_GRACE, Verdict, decide};
pub use flaw::{Flaw, Invalid};
pub use id::{ConcertId, PaymentId, PerformanceId, ReservationId, SaleId, SessionId, TransferId, UserId, VenueId};
pub use installation::{
    ChangeRefused, Difference, Installation, InstallationChange, Instance, InstanceKeys, InstanceNumbers, KeyPrints,
    NumberSource, Ring,
};
pub use locked::{Broken, Locked, NotInScope, Record, Row, Version, Write, WriteSet};
pub use payment::{Payment, PaymentKind, PaymentState, Settlement};
pub use points::{OutOfRange, Points};
pub use price::{Line, PriceList, PriceType, Tier};
pub use refund_reason::{ReasonFlaw, RefundReason};
pub use reservation::{Reservation, ReservationState};
pub use sale::{Sale, SaleTerms};
pub use seat::{Seat, SeatKey, SeatState};
pub use seat_map::{Layout, Place, PlaceKind, SeatLabel, SeatMap, SeatNumber, SeatRow, Section, SectionShape, Span};
pub use session::{REUSE_GRACE, RefreshToken, Rotation, rotate};
pub use ticket::{Ticket, TicketKey};
pub use time::Instant;
pub use wallet::{AccountId, Transfer, Wallet};

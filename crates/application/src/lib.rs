//! What can be done with Frontrow: use cases, and the ports that they need.
//!
//! A use case is a struct that holds the ports it needs and has one method, `run`, which reads like the story of one
//! request. A port is a small trait; adapters implement it, and the feature `mocks` gives a mock of each. Nothing here
//! knows a framework, a database, HTTP or an async runtime.
//!
//! Everything that must happen whole or not at all goes through one port, [`BookingStore`](port::BookingStore), as a
//! [`Command`](frontrow_domain::Command).
//!
//! A team that keeps its books elsewhere writes a store of its own, wires a use case with it and runs it:
//!
//! ```
//! use async_trait::async_trait;
//! use frontrow_application::port::{BookingError, BookingStore, Clock, IdempotencyRecordReader, IdSource};
//! use frontrow_application::port::{NoCooldown, OnSale, OnSaleReader, StoreError};
//! use frontrow_application::{FaultId, HoldRequest, HoldSeats, RequestKey, SeatChoice};
//! use frontrow_domain::*;
//! use std::sync::{Arc, Mutex};
//! # use std::time::Duration;
//! use uuid::Uuid;
//!
//! // The smallest store: all rows in maps, and a lock around them.
//! struct OurStore(Mutex<BookingState>);
//!
//! #[async_trait]
//! impl BookingStore for OurStore {
//!     async fn execute(&self, command: Command) -> Result<Outcome, BookingError> {
//!         let mut bookings = self.0.lock().unwrap();
//!         bookings.execute(&command, OurClock.now()).map_err(|refused| match refused {
//!             Stop::Rejected(rejection) => rejection.into(),
//!             // Best available seats are gone: the use case looks for others.
//!             Stop::Replan => BookingError::Replan,
//!             bug => { eprintln!("{bug}"); BookingError::Fault(FaultId(OurIds.id())) }
//!         })
//!     }
//! }
//!
//! #[async_trait]
//! impl IdempotencyRecordReader for OurStore {
//!     async fn idempotency_record(&self, key: &CommandKey) -> Result<Option<IdempotencyRecord>, StoreError> {
//!         Ok(self.0.lock().unwrap().idempotency_records.get(key).cloned())
//!     }
//! }
//! # use sha2::{Digest, Sha256};
//! # struct OurClock;
//! # impl Clock for OurClock { fn now(&self) -> Instant { Instant::from_micros(1_000_000_000) } }
//! # struct OurIds;
//! # impl IdSource for OurIds {
//! #     fn id(&self) -> Uuid { Uuid::from_u128(77) }
//! #     fn secret(&self) -> [u8; 32] { unreachable!("holding seats needs no secret") }
//! # }
//! # struct OurCatalogue(Arc<OnSale>);
//! # #[async_trait]
//! # impl OnSaleReader for OurCatalogue {
//! #     async fn on_sale(&self, id: PerformanceId) -> Result<Option<Arc<OnSale>>, StoreError> {
//! #         Ok(Some(Arc::clone(&self.0)).filter(|known| known.performance.id == id))
//! #     }
//! # }
//! # fn catalogue() -> OurCatalogue {
//! #     let (id, venue) = (PerformanceId::new(Uuid::from_u128(1)), VenueId::new(Uuid::from_u128(2)));
//! #     let row = SeatRow { name: "1".into(), seats: 10, tier: "R".into(), ..SeatRow::default() };
//! #     let section = Section::seated("A", vec![row]);
//! #     let (opens, hour) = (OurClock.now(), Duration::from_secs(3600));
//! #     let prices = PriceList {
//! #         tiers: vec![Tier { code: "R".into(), name: "R".into(), list_price: Points::new(120_000).unwrap() }],
//! #         types: vec![PriceType { code: "adult".into(), name: "Adult".into(), discount_percent: 0 }],
//! #         fee: Points::ZERO,
//! #         tax_basis_points: 0,
//! #     };
//! #     let concert = ConcertId::new(Uuid::from_u128(3));
//! #     OurCatalogue(Arc::new(OnSale {
//! #         performance: Performance {
//! #             status: PerformanceStatus::Published,
//! #             ..Performance::draft(id, concert, venue, 1, opens + 2 * hour, prices)
//! #         },
//! #         venue: Venue::new(venue, "Hall", "Asia/Seoul"),
//! #         layout: Arc::new(SeatMap::new(venue, 1, vec![section]).layout().unwrap()),
//! #         sales: vec![Sale {
//! #             id: SaleId::new(Uuid::from_u128(4)),
//! #             name: "General sale".into(),
//! #             performances: [id].into(),
//! #             opens,
//! #             closes: opens + hour,
//! #             pay_until: opens + hour,
//! #             cancel_until: opens,
//! #             limit_per_person: 4,
//! #             hold_duration: Sale::DEFAULT_HOLD,
//! #             waiting_room: None,
//! #             published: true,
//! #         }],
//! #     }))
//! # }
//! # fn block_on<F: Future>(future: F) -> F::Output {
//! #     let mut future = std::pin::pin!(future);
//! #     let mut context = std::task::Context::from_waker(std::task::Waker::noop());
//! #     loop {
//! #         if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
//! #             return output;
//! #         }
//! #     }
//! # }
//!
//! let catalogue = catalogue(); // one performance, ten seats, one open sale
//! let performance = catalogue.0.performance.id;
//! let mut bookings = BookingState::default();
//! bookings.open_seats(performance, catalogue.0.layout.positions().map(|(number, _)| number));
//!
//! let store = Arc::new(OurStore(Mutex::new(bookings)));
//! let hold = HoldSeats {
//!     store: store.clone(),
//!     idempotency_records: store,
//!     on_sale: Arc::new(catalogue),
//!     seats: None, // no others are named where some are taken
//!     queues: Arc::default(), // no waiting rooms
//!     cooldown: Arc::new(NoCooldown),
//!     ids: Arc::new(OurIds),
//!     clock: Arc::new(OurClock),
//! };
//! let user = UserId::new(Uuid::from_u128(5));
//! let request = HoldRequest {
//!     performance,
//!     sale: None,
//!     seats: vec![SeatChoice { label: "A-1-7".parse().unwrap(), price_type: None }],
//!     request: RequestKey::new(user, "tap-1", "hold seats", b"A-1-7", |bytes| Sha256::digest(bytes).into()).unwrap(),
//! };
//! let (reservation, _) = block_on(hold.run(request)).unwrap();
//! assert_eq!(reservation.state, ReservationState::Held);
//! assert_eq!(reservation.amount.amount(), 120_000);
//! ```
#![deny(missing_docs)]

mod accounts;
mod acting_operator;
mod booking_use_cases;
mod browse;
mod cancel;
mod change_password;
mod charge;
mod chore;
mod clock_check;
mod concerts;
pub mod deadline;
mod ended_sessions;
mod error;
mod fault_id;
mod hold;
mod hold_best;
mod installation;
mod lease_chores;
mod mails;
mod manage;
mod outage;
mod page;
mod password;
mod pay;
pub mod port;
mod release;
mod request_key;
mod reservations;
mod return_money;
mod seats;
mod sessions;
mod sign_up_by_mail;
mod stand_in;
mod sweep;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod upkeep;
mod use_cases;
mod verified_email;
pub mod waiting_room;
mod wallet;

pub use accounts::{AddOperator, SignUp, SignUpRequest};
pub use acting_operator::ActingOperator;
pub use booking_use_cases::{BookingPorts, BookingUseCases};
pub use browse::{BrowsePerformances, PerformanceView};
pub use cancel::{CancelReservation, GiveBackRequest, RefundReservation};
pub use change_password::{ChangePassword, ChangePasswordRequest};
pub use charge::{ChargeWallet, ChargeWalletRequest, SettleCharges, SettleProgress, SettleReport, ShowCharge};
pub use chore::Chore;
pub use clock_check::{CheckClock, ClockSkew, KnownSkew};
pub use concerts::{BrowseConcerts, ConcertPosition, ConcertQuery, ConcertSort, ConcertView, LatestIndex};
pub use ended_sessions::EndedSessions;
pub use error::{AlreadyReturned, Conflict, Denied, Error, Missing, PassFlaw, PassRefused, TakenSeats};
pub use fault_id::FaultId;
pub use hold::{HoldRequest, HoldSeats, SeatChoice};
pub use hold_best::{BestSeats, HoldBestRequest, HoldBestSeats};
pub use installation::{EnterInstallation, Entered, InstanceSettings};
pub use lease_chores::{LeaseChores, RoundTimes};
pub use mails::{Mailed, SendMails};
pub use manage::{ManageConcerts, ManagePerformances, ManageSales, ManageVenues, Saved};
pub use outage::Outage;
pub use page::{LimitOutOfRange, Page, PageRequest};
pub use password::{InvalidPassword, Password};
pub use pay::{PaidReservation, PayReservation, ReservationRequest};
pub use release::ReleaseHold;
pub use request_key::RequestKey;
pub use reservations::{ReadReservations, ReservationView, TicketView};
pub use return_money::{ReturnMoney, ReturnProgress, Returned};
pub use seats::{
    Availability, ListSeats, PerformanceSeats, SeatFilter, SeatView, ShowAvailability, ShowSeatMap, TierCount,
};
pub use sessions::{EndSessions, ListSessions, LogIn, LogInRequest, LoggedIn, Refresh};
pub use sign_up_by_mail::SignUpByMail;
pub use stand_in::AddStandIn;
pub use sweep::{ExpireHolds, Forget, SweepProgress, Swept};
pub use upkeep::{RingingAnnouncer, Round, Upkeep};
pub use use_cases::{Ports, UseCases};
pub use verified_email::{AskForVerification, KnownVerified, RequireVerifiedEmail, VerifyEmail};
pub use wallet::ReadWallet;

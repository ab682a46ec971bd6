//! What can be done with Frontrow: use cases, and the ports that they need.
//!
//! A use case is a struct that holds the ports it needs and has one method, `run`, which reads like the story of one
//! request. A port is a small trait; adapters implement it, and the feature `mocks` gives a mock of each. Nothing here
//! knows a framework, a database, HTTP or an async runtime.
//!
//! Everything that must happen whole or not at all goes through one port, [`BookingStore`](port::BookingStore), as a
//! [`Command`](frontrow_domain::Command).
#![deny(missing_docs)]

mod accounts;
mod browse;
mod cancel;
mod charge;
mod error;
mod hold;
mod manage;
mod page;
mod pay;
pub mod port;
mod release;
mod reservations;
mod sweep;
#[cfg(test)]
mod testing;
mod use_cases;
mod wallet;

pub use accounts::{LogIn, LogInRequest, LogOut, LoggedIn, Refresh, SignUp, SignUpRequest};
pub use browse::{
    Availability, BrowseConcerts, BrowsePerformances, ListSeats, PerformanceView, SeatFilter, SeatView,
    ShowAvailability, ShowSeatMap, TierCount,
};
pub use cancel::{CancelReservation, RefundReservation};
pub use charge::{ChargeWallet, ChargeWalletRequest, SettleCharges, ShowCharge};

pub use error::{Conflict, Denied, Error, FaultId, Missing};
pub use hold::{HoldRequest, HoldSeats, RequestKey, SeatChoice};
pub use manage::{ManageConcerts, ManagePerformances, ManageSales, ManageVenues, Saved};
pub use page::{Page, PageRequest};
pub use pay::{PaidReservation, PayReservation, ReservationRequest};
pub use release::ReleaseHold;
pub use reservations::{ReadReservations, ReservationView, TicketView};
pub use sweep::{ExpireHolds, Forget};
pub use use_cases::{Ports, UseCases};
pub use wallet::ReadWallet;

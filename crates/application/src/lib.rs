//! What can be done with Frontrow: use cases, and the ports that they need.
//!
//! A use case is a struct that holds the ports it needs and has one method, `run`, which reads like the story of one
//! request. A port is a small trait; adapters implement it, and the feature `mocks` gives a mock of each. Nothing here
//! knows a framework, a database, HTTP or an async runtime.
//!
//! Everything that must happen whole or not at all goes through one port, [`BookingStore`](port::BookingStore), as a
//! [`Command`](frontrow_domain::Command).
#![deny(missing_docs)]

mod error;
mod page;
pub mod port;

pub use error::{Conflict, Denied, Error, FaultId, Missing};
pub use page::{Page, PageRequest};

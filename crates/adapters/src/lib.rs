//! How Frontrow keeps things: `SeaORM` stores, in-memory twins of every port, the sandbox payment gateway, the system
//! clock, ids, passwords, tokens, ticket codes, and what the waiting room needs besides its stores.

// Futures that borrow many rows are deep types, when they are optimized.
#![recursion_limit = "256"]

pub mod address;
mod clock;
mod deadline;
mod digest;
mod ids;
mod limits;
pub mod mail;
pub mod memory;
mod notices;
pub mod panics;
mod password;
mod pseudonyms;
#[cfg(any(feature = "redis", feature = "sql"))]
mod queue;
#[cfg(feature = "sql")]
mod recent_reads;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(any(feature = "redis", feature = "sql"))]
mod retry;
mod sandbox;
mod seat_snapshots;
mod shared_read;
#[cfg(feature = "sql")]
pub mod sql;
mod ticket_code;
mod time_zones;
mod token;
mod waiting_room;

pub use clock::{ManualClock, SystemClock};
pub use digest::sha256;
pub use ids::{SeededIds, UuidV7Source};
pub use limits::{InstanceLimits, LimitSettings, Quotas};
pub use memory::{EventLog, Memory, MemoryKeys};
pub use notices::LoggedNotices;
pub use password::Argon2idHasher;
pub use pseudonyms::HmacPseudonyms;
pub use sandbox::{Booking, SandboxGateway};
pub use seat_snapshots::{BrowsedSeatSnapshots, SeatSnapshotCache};
pub use ticket_code::Ed25519TicketSigner;
pub use time_zones::IanaTimeZones;
pub use token::{HmacTokenIssuer, TokenKey};
pub use waiting_room::{AccountEligibility, HmacQueueSigner, SharedWatch};

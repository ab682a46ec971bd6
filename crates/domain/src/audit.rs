//! What must be true of the books, and where it is not.
//!
//! - `finding`: the rules as sentences, and what breaks them
//! - `bookings`: seats, reservations, tickets and money
//! - `queues`: the waiting rooms

mod bookings;
mod finding;
mod queues;

pub use bookings::{Catalogue, audit};
pub use finding::{Finding, Rule};
pub use queues::{QueueRecords, audit_queues};

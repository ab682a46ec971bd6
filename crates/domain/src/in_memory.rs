//! The smallest stores there can be: all rows in plain maps. In-memory adapters keep them behind a lock, simulations run
//! on them, the audit reads them.

mod bookings;
mod queues;

pub use bookings::BookingState;
pub use queues::InMemoryQueues;

//! Far more people than seats, in front of a sale with a waiting room: for tests of it and for its demo.

mod admission_log;
mod endpoints;
mod people;
mod queue_client;

pub use admission_log::AdmissionLog;
pub use endpoints::{Endpoints, Request};
pub use people::{Person, settle};
pub use queue_client::QueueClient;

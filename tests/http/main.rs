//! The whole server, driven from outside over HTTP. Every test runs in a [`house`] of its own, which audits the
//! database when the test has ended.

#[path = "../driver/driver.rs"]
mod driver;
mod house;

mod charges;
mod crashes;
mod edges;
mod instances;
mod lapses;
mod overlaps;
mod payments;
mod resets;
mod schema;
mod tour;
mod verify;

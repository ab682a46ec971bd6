//! The whole server, driven from outside over HTTP. Every test runs in a [`test_server`] of its own, which audits the
//! database when the test has ended.
// What the tests await is nested that deeply.
#![recursion_limit = "256"]

#[path = "../driver/driver.rs"]
mod driver;
mod history;
mod test_server;

mod answered;
mod charges;
mod crashes;
mod edges;
mod full;
mod guide;
mod installation;
mod instances;
mod keys;
mod labels;
mod lapses;
mod mail;
mod mock;
mod overlaps;
mod pairs;
mod payments;
mod queue;
mod records;
mod resets;
mod sandbox;
mod schema;
mod secrets;
mod stopping;
mod tour;
mod verify;

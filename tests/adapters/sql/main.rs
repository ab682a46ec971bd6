//! What is special to keeping Frontrow's data in a SQL database. What every store must do is in the contract suite.
// Futures that borrow many rows are deep types.
#![recursion_limit = "256"]
#![expect(clippy::unwrap_used, clippy::panic, reason = "what a test can't go on without fails it")]

mod accounts;
mod catalogue;
mod connection;
mod deadlines;
mod failures;
mod on_sale;
mod pages;
mod publish;
mod queues;
mod readers;
mod schema;
mod servers;
mod sessions;
mod setup;
mod storage;
mod store;
mod unreadable;

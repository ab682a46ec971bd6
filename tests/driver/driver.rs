//! Drives the real binary from outside, over HTTP: for tests and for benchmarks.

mod accounts;
pub mod client;
mod server;
pub mod show;

pub use accounts::{CUSTOMERS, TestAccounts};
pub use client::Client;
pub use server::{Log, Server, command};
pub use show::{Show, Terms};

//! Drives the real binary from outside, over HTTP: for tests and for benchmarks.

pub mod client;
mod server;
pub mod show;
mod stage;

pub use client::Client;
pub use server::{Log, Server, command};
pub use show::{Show, Terms};
pub use stage::{CUSTOMERS, Stage};

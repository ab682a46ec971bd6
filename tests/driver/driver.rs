//! Drives the real binary from outside, over HTTP: for tests and for benchmarks.

pub mod client;
mod server;
mod stage;

pub use client::Client;
pub use server::{Log, Server, command};
pub use stage::{CUSTOMERS, Show, Stage, Terms};

//! What is special to numbers from Redis. What every dispenser must do is in the contract suite.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what a test can't go on without fails it")]

mod away;
mod joining;
mod leases;
mod loss;
mod setup;
mod size;

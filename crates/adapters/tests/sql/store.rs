//! The booking store under faults, and without its protections.

mod audits;
mod controls;
mod cuts;
mod deadlocks;
mod faults;
pub mod place;
mod proxy;
mod queue;
mod silence;
pub mod stage;

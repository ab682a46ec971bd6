//! The booking store under faults, and without its protections.

mod audits;
mod batches;
pub mod context;
mod controls;
mod cuts;
mod deadlines;
mod deadlocks;
mod faults;
mod money;
pub mod proxy;
mod queue;
mod silence;
pub mod testbed;

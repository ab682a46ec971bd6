//! The booking store under faults, and without its protections.

mod audits;
mod batch_failures;
mod batches;
pub mod context;
mod controls;
mod crowd;
mod cuts;
mod deadlines;
mod deadlocks;
mod faults;
mod money;
mod new_columns;
mod pairs;
pub mod panics;
pub mod proxy;
mod queue;
mod routes;
mod silence;
pub mod testbed;

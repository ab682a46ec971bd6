//! The booking store under faults, and without its protections.

mod controls;
mod faults;
mod stage;

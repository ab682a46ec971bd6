//! Waiting rooms: what is special to keeping them in SQL.

mod admissions;
mod clocks;
mod controls;
mod cut_off;
mod deadlocks;
mod entries;
mod faults;
mod panics;
pub mod room;
mod sources;
mod starving;
mod ticks;

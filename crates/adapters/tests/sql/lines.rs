//! Waiting rooms: what is special to keeping them in SQL.

mod controls;
mod cut_off;
mod faults;
mod places;
pub mod room;
mod slots;
mod sources;
mod ticks;

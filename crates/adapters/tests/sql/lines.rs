//! Waiting rooms: what is special to keeping them in SQL.

mod controls;
mod cut_off;
mod faults;
mod places;
mod room;
mod slots;
mod ticks;

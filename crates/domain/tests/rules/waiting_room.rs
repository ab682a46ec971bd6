//! The waiting room: each rule by itself, the draw, and a long simulation.

mod admission;
mod audit;
mod capacity;
mod check_in;
mod closing;
mod draw;
mod entries;
mod forecast;
mod frontier;
mod operate;
mod round;
mod simulation;
mod test_room;
mod time;
mod turns;

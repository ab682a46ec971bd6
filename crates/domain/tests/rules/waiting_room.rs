//! The waiting room: each rule by itself, the draw, and a long simulation.

mod admission;
mod audit;
mod capacity;
mod closing;
mod door;
mod draw;
mod forecast;
mod frontier;
mod house;
mod operate;
mod places;
mod round;
mod simulation;
mod time;
mod turns;

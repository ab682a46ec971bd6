//! The rules of booking: each by itself, as laws over random histories, and as a long simulation.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what a test can't go on without fails it")]

mod apply;
mod audit;
mod best;
mod bookable;
mod charge;
mod fixture;
mod give_back;
mod hold;
mod hold_best;
mod idempotency;
mod installation;
mod laws;
mod model;
mod nearest;
mod pay;
mod returns;
mod simulation;
mod waiting_room;

//! Holding, paying and giving back seats: every change that must happen whole or not at all.
//!
//! - `command`, `command_key`: what can be asked for; `commands` lists the kinds, one file each
//! - `rules`: decide, apply, outcome, writes; `verdict` and `stop` are what a rule may say
//! - `scope`, `locked`, `changes`, `outcome`: what a command locks, finds, changes and leads to
//! - `seat`, `reservation`: the rows; `best_seats`, `nearest_seats`: which seats to take, or to take instead

mod best_seats;
mod changes;
mod command;
mod command_key;
mod commands;
mod locked;
mod nearest_seats;
mod outcome;
mod reservation;
mod rules;
mod scope;
mod seat;
mod stop;
mod verdict;

pub use best_seats::{Block, SeatsSeen, Wish};
pub use changes::{Changes, Row, WriteSet};
pub use command::Command;
pub use command_key::{CommandKey, InvalidKey};
pub use commands::*;
pub use locked::Locked;
pub use outcome::{Event, IdempotencyRecord, Outcome};
pub use reservation::{InvalidReason, RefundReason, Reservation, ReservationState, ReturnedSeats, SeatRefund};
pub use rules::{BatchCarriedOut, CarriedOut, carry_out, carry_out_batch, decide};
pub use scope::{Candidates, Scope};
pub use seat::{Seat, SeatKey, SeatState, Ticket, TicketKey};
pub use stop::{Broken, NotInScope, Rejection, Stale, Stop};
pub use verdict::Verdict;

//! The shapes of requests and answers.

mod account;
mod catalogue;
mod common;
mod draw;
mod give_back;
mod join;
mod manage;
mod operators_queue;
mod performance;
mod queue;
mod reservation;
mod seats;
mod waiting_room;
mod wallet;

pub use account::*;
pub use catalogue::*;
pub use common::*;
pub use draw::*;
pub use give_back::*;
pub use join::*;
pub use manage::*;
pub use operators_queue::*;
pub use performance::*;
pub use queue::*;
pub use reservation::*;
pub use seats::*;
pub use waiting_room::*;
pub use wallet::*;

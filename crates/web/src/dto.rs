//! The shapes of requests and answers.

mod account;
mod catalogue;
mod common;
mod line;
mod manage;
mod queue;
mod reservation;
mod seats;
mod waiting_room;
mod wallet;

pub use account::*;
pub use catalogue::*;
pub use common::*;
pub use line::*;
pub use manage::*;
pub use queue::*;
pub use reservation::*;
pub use seats::*;
pub use waiting_room::*;
pub use wallet::*;

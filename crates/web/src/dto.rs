//! The shapes of requests and answers.

mod account;
mod catalogue;
mod common;
mod manage;
mod reservation;
mod seats;
mod wallet;

pub use account::*;
pub use catalogue::*;
pub use common::*;
pub use manage::*;
pub use reservation::*;
pub use seats::*;
pub use wallet::*;

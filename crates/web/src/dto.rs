//! The shapes of requests and answers.

mod account;
mod catalogue;
mod common;
mod reservation;
mod seats;
mod wallet;

pub use account::*;
pub use catalogue::*;
pub use common::*;
pub use reservation::*;
pub use seats::*;
pub use wallet::*;

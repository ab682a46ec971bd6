//! The shapes of requests and answers.

mod account;
mod catalogue;
mod common;
mod concert;
mod concert_query;
mod draw;
mod expand;
mod give_back;
mod join;
mod manage;
mod operators_queue;
mod performance;
mod queue;
mod reservation;
mod seats;
mod venue;
mod waiting_room;
mod wallet;

pub use account::*;
pub use catalogue::*;
pub use common::*;
pub use concert::*;
pub use concert_query::*;
pub use draw::*;
pub use expand::*;
pub use give_back::*;
pub use join::*;
pub use manage::*;
pub use operators_queue::*;
pub use performance::*;
pub use queue::*;
pub use reservation::*;
pub use seats::*;
pub use venue::*;
pub use waiting_room::*;
pub use wallet::*;

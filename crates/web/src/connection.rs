//! Connections, below HTTP: how many there may be, and how long they may take.
//!
//! `open` counts them, `exchange` knows whose turn it is on one, and `guarded` is the stream that ends when its client takes too
//! long.

mod exchange;
mod guarded;
mod open;

pub(crate) use exchange::Exchange;
pub(crate) use guarded::{Guarded, Patience, guard};
pub(crate) use open::OpenConnections;

//! The suite against Frontrow's own implementations, and against broken ones that it has to see through.
// Futures that borrow many rows are deep types.
#![recursion_limit = "256"]

mod broken;
mod gate;
mod gateway;
mod laws;
mod memory;
mod redis;
mod small_store;
mod sql;

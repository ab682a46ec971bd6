//! The suite against Frontrow's own implementations, and against broken ones that it has to see through.
// Futures that borrow many rows are deep types.
#![recursion_limit = "256"]

mod books;
mod broken;
mod gate;
mod laws;
mod memory;
mod redis;
mod sql;

//! The suite against Frontrow's own implementations, and against broken ones that it has to see through.

mod books;
mod broken;
mod laws;
mod memory;
mod redis;
mod sql;

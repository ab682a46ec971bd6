//! x

#[cfg(feature = "sql")]
pub mod sql;

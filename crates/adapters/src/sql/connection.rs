//! Connections to a database: where it is, whether it answers and can be written, what its errors mean, and which
//! connections may be used again. No transaction is begun elsewhere. What is agreed with each kind of database is
//! [dialect](super::dialect)'s business.

pub(in crate::sql) mod address;
pub(in crate::sql) mod connect;
pub(in crate::sql) mod error;
mod failure;
pub(in crate::sql) mod faults;
pub(in crate::sql) mod pool;
mod read_permits;
pub(in crate::sql) mod reading;
pub(in crate::sql) mod storage;
pub(in crate::sql) mod transaction;
pub(in crate::sql) mod version;
pub(in crate::sql) mod writers;

pub(in crate::sql) use super::dialect::class::Class;
pub(in crate::sql) use error::classify;
pub(in crate::sql) use failure::Failure;
pub(in crate::sql) use pool::Silence;
pub(in crate::sql) use transaction::{Connection, Transaction};

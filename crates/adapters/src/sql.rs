//! Frontrow's data in a SQL database, through `SeaORM`. Bookings go through [`SqlStore`]'s lanes, waiting rooms through
//! the desks of [`SqlLines`], everything else that is written through one transaction at a time on one connection, and
//! reads through connections that can't write.

mod accounts;
mod address;
mod asker;
mod audit;
mod catalogue;
mod connect;
mod database;
mod dialect;
mod entity;
mod error;
mod faults;
mod housekeeping;
mod installation;
#[cfg(test)]
mod limits;
mod lines;
mod on_sale;
#[cfg(test)]
mod plans;
mod pool;
mod probe;
mod readers;
mod reading;
mod row;
mod sessions;
mod storage;
mod store;
#[cfg(test)]
mod testing;
mod transaction;
mod turns;
mod version;
mod write;
mod writers;

pub use accounts::SqlAccounts;
pub use address::check_address;
pub use audit::SqlAuditor;
pub use catalogue::SqlCatalogue;
pub use database::{Database, DatabaseError, DatabaseSettings};
pub use frontrow_migration::{SchemaState, newest_step};
pub use housekeeping::SqlHousekeeping;
pub use installation::SqlInstallation;
pub use lines::SqlLines;
pub use probe::SqlProbe;
pub use readers::SqlReaders;
pub use sessions::SqlSessions;
#[cfg(feature = "hooks")]
pub use store::hook;
pub use store::{SqlStore, StorePorts, StoreSettings};

pub(crate) use connect::{Opened, PATIENCE, QUIET};
pub(crate) use error::{Class, classify};

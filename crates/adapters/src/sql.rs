//! Frontrow's data in a SQL database, through `SeaORM`. Bookings and what happens often in waiting rooms go through
//! workers, each with a connection of its own ([`SqlStore`], [`SqlQueues`]), everything else that is written through a
//! few shared connections, and reads through connections that can't write. What bookings and queues need has
//! connections apart from what people browse, so that it never waits behind them.

mod accounts;
mod asker;
mod audit;
mod catalogue;
mod chores;
mod codes;
mod connection;
mod database;
mod database_error;
mod dialect;
pub mod hook;
mod housekeeping;
mod installation;
mod layouts;
#[cfg(test)]
mod limits;
mod on_sale;
mod outbox;
#[cfg(test)]
mod plans;
mod probe;
mod programme;
mod queues;
mod readers;
mod rows;
mod sessions;
mod statements;
mod storage;
mod store;
#[cfg(test)]
mod testing;
mod unreadable;
mod worker;
mod write;

pub use accounts::SqlAccounts;
pub use audit::SqlAuditor;
pub use catalogue::{SqlBrowsedOnSale, SqlCatalogue};
pub use chores::SqlChores;
pub use codes::SqlCodes;
pub use connection::address::check_address;
pub use database::{Database, DatabaseSettings};
pub use database_error::DatabaseError;
pub use frontrow_migration::{SchemaState, newest_step};
pub use housekeeping::SqlHousekeeping;
pub use installation::SqlInstallation;
pub use outbox::SqlOutbox;
pub use probe::SqlProbe;
pub use queues::SqlQueues;
pub use readers::SqlReaders;
pub use sessions::SqlSessions;
pub use store::{SqlStore, StorePorts, StoreSettings};

use connection::{Class, address, connect, error, faults, reading, transaction, version, writers};

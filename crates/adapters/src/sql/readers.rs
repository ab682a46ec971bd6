//! What is read of bookings and wallets without a lock.

pub(super) mod reservations;
pub(super) mod sales;
pub(super) mod seats;
pub(super) mod wallets;

use super::Database;
use std::sync::Arc;

/// The readers of bookings and wallets of a SQL database.
pub struct SqlReaders {
    database: Arc<Database>,
}

impl SqlReaders {
    /// The readers of that database.
    pub fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

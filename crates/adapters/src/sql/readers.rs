//! What is read of bookings and wallets without a lock.

pub(super) mod reservations;
pub(super) mod sales;
pub(super) mod seats;
pub(super) mod wallets;

use super::Database;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

/// The readers of bookings and wallets of a SQL database.
pub struct SqlReaders {
    database: Arc<Database>,
    /// Every hold that lapses before this instant is marked already.
    all_marked_before: AtomicI64,
}

impl SqlReaders {
    /// The readers of that database.
    pub fn new(database: Arc<Database>) -> Self {
        Self { database, all_marked_before: AtomicI64::new(i64::MIN) }
    }
}

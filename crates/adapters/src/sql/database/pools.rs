//! The connections of one database, by what they are for. Whoever waits in one pool keeps nobody waiting in another.
//! Bookings, joins, check-ins and ticks are written by workers, which have connections of their own.

use super::DatabaseSettings;
use crate::deadline::Heard;
use crate::sql::connection::address::Address;
use crate::sql::connection::faults::Faults;
use crate::sql::connection::pool::{Pool, Silence};
use crate::sql::connection::reading::ReadPool;
use crate::sql::connection::storage::Storage;
use crate::sql::connection::writers::Writers;
use crate::sql::dialect::purpose::Purpose;
use sea_orm::DbErr;
use std::sync::Arc;
use std::time::Duration;

pub(super) struct Pools {
    /// Reads that a hold, a payment, a pass, a check-in or a tick needs.
    pub booking_readers: ReadPool,
    /// All other reads: the catalogue, accounts, histories, what operators look at.
    pub browsing_readers: ReadPool,
    /// Writes to queues that no worker does: what operators change, and leases of numbers.
    pub queue_writers: Arc<Writers>,
    /// All other writes that are not bookings: sign-ups, log-ins, the catalogue, housekeeping.
    pub writers: Arc<Writers>,
}

/// How long to wait for a database.
#[derive(Clone, Copy)]
pub(super) struct Waits {
    /// For any sign of life from a server, when it writes.
    pub silence: Duration,
    /// The same, when it reads.
    pub silent_read: Duration,
    /// How long a statement may take that reads.
    pub read_limit: Duration,
}

/// Connections for [`Pools::queue_writers`]. They lock the row of their queue first, so they would mostly wait for each
/// other.
pub(in crate::sql) const QUEUE_WRITERS: u32 = 1;

impl Pools {
    pub(super) async fn open(
        address: &Address,
        settings: &DatabaseSettings,
        waits: Waits,
        storage: &Arc<Storage>,
        faults: &Faults,
        heard: &Arc<Heard>,
    ) -> Result<Self, DbErr> {
        let writers = |most| Writers::new(address, most, waits.silence, Arc::clone(storage), faults.clone());
        let (queue_writers, writers) = (writers(QUEUE_WRITERS), writers(settings.writers_to(address.dialect)));
        // The writers come first: they make SQLite's file and its write-ahead log.
        writers.connect(settings.create).await?;
        let readers = async |connections| {
            let purpose = Purpose::Read { connections, limit: waits.read_limit };
            let pool = Pool::open(address, purpose, waits.silent_read).await?;
            Ok::<_, DbErr>(ReadPool::new(pool, connections, Arc::clone(heard)))
        };
        Ok(Self {
            booking_readers: readers(settings.readers).await?,
            browsing_readers: readers(settings.browsing_readers).await?,
            queue_writers: Arc::new(queue_writers),
            writers: Arc::new(writers),
        })
    }

    /// Closes all connections, once those who use them are done, or after `silence`.
    pub(super) async fn close(&self, silence: Duration) {
        let close_readers = async |pool: &ReadPool| {
            let connections = pool.pool().current();
            let closed = tokio::time::timeout(silence, connections.close_by_ref()).await;
            note(closed.unwrap_or_else(|_| Err(Silence.into())));
        };
        let close_writers = async |writers: &Writers| {
            let closed = tokio::time::timeout(silence, writers.close()).await;
            note(closed.map_err(|_| Silence.into()));
        };
        tokio::join!(
            close_readers(&self.booking_readers),
            close_readers(&self.browsing_readers),
            close_writers(&self.queue_writers),
            close_writers(&self.writers),
        );
    }
}

fn note(closed: Result<(), DbErr>) {
    if let Err(error) = closed {
        tracing::warn!(%error, "a connection did not close");
    }
}

#[cfg(test)]
mod tests;

//! Whether the database, and what works on it, are there.

use super::dialect::class::RETRY_AFTER;
use super::{SqlHousekeeping, SqlStore};
use async_trait::async_trait;
use frontrow_application::Outage;
use frontrow_application::port::{Probe, StoreError};
use frontrow_domain::Instant;
use std::sync::Arc;

/// [`Probe`] of a database and the store on it. After an outage the database may answer a moment before any worker has
/// a connection again: whoever was sent here then would be told that it is busy.
pub struct SqlProbe {
    /// Asks the database.
    pub housekeeping: Arc<SqlHousekeeping>,
    /// Has to have a worker that works.
    pub store: Arc<SqlStore>,
}

#[async_trait]
impl Probe for SqlProbe {
    async fn now(&self) -> Result<Instant, StoreError> {
        if self.store.is_cut_off() {
            return Err(StoreError::Outage(Outage::Unavailable { retry_after: RETRY_AFTER }));
        }
        self.housekeeping.now().await
    }
}

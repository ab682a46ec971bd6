//! Permits to use a connection of a pool. Whoever waits for one may go away at any moment, and whoever has one waits for
//! nothing but the database.

use super::pool::Pool;
use parking_lot::Mutex;
use sea_orm::DatabaseConnection;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// As many permits as the pool has connections.
pub(in crate::sql) struct ReadPermits {
    most: usize,
    /// Belong to the connections that the pool had when somebody last asked. Connections that were thrown away keep their
    /// permits: whoever uses them may wait for an answer that never comes.
    current: Mutex<Option<(Arc<DatabaseConnection>, Arc<Semaphore>)>>,
}

/// Held for as long as a connection is used.
pub(in crate::sql) type ReadPermit = Option<OwnedSemaphorePermit>;

impl ReadPermits {
    pub(in crate::sql) fn new(most: u32) -> Self {
        Self { most: most as usize, current: Mutex::default() }
    }

    /// Waits for a permit. (It is never `None`: nobody closes them.)
    pub(in crate::sql) async fn take(&self, pool: &Pool) -> ReadPermit {
        let permits = self.of(pool.current());
        permits.acquire_owned().await.ok()
    }

    fn of(&self, connections: Arc<DatabaseConnection>) -> Arc<Semaphore> {
        let mut current = self.current.lock();
        match &*current {
            Some((known, permits)) if Arc::ptr_eq(known, &connections) => Arc::clone(permits),
            _ => {
                let permits = Arc::new(Semaphore::new(self.most));
                *current = Some((connections, Arc::clone(&permits)));
                permits
            }
        }
    }
}

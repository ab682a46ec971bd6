//! Who may use a connection of a pool, one after the other. Who waits for a turn may go away at any moment, and who has had
//! one never waits for anything but the database.

use super::pool::Pool;
use sea_orm::DatabaseConnection;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// As many turns at a time as the pool has connections.
pub(super) struct Turns {
    most: usize,
    /// For the connections that the pool had when somebody last asked. Those that were thrown away take their turns along:
    /// who uses them may wait for an answer that never comes.
    current: Mutex<Option<(Arc<DatabaseConnection>, Arc<Semaphore>)>>,
}

/// Held for as long as a connection is used.
pub(super) type Turn = Option<OwnedSemaphorePermit>;

impl Turns {
    pub(super) fn new(most: u32) -> Self {
        Self { most: most as usize, current: Mutex::default() }
    }

    /// Waits for one. (`None` can't come: nobody closes them.)
    pub(super) async fn take(&self, pool: &Pool) -> Turn {
        let turns = self.of(pool.current());
        turns.acquire_owned().await.ok()
    }

    fn of(&self, connections: Arc<DatabaseConnection>) -> Arc<Semaphore> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        match &*current {
            Some((known, turns)) if Arc::ptr_eq(known, &connections) => Arc::clone(turns),
            _ => {
                let turns = Arc::new(Semaphore::new(self.most));
                *current = Some((connections, Arc::clone(&turns)));
                turns
            }
        }
    }
}

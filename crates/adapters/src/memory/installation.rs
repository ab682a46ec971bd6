//! What all instances have to agree on: here, those of one process.

use super::Memory;
use super::state::State;
use async_trait::async_trait;
use frontrow_application::port::{InstallationStore, StoreError};
use frontrow_domain::waiting_room::Phase;
use frontrow_domain::{Installation, SaleId};

#[async_trait]
impl InstallationStore for Memory {
    async fn installation(&self) -> Result<Option<Installation>, StoreError> {
        Ok(self.state().installation.clone())
    }

    async fn found(&self, first: &Installation) -> Result<Installation, StoreError> {
        Ok(self.state().installation.get_or_insert_with(|| first.clone()).clone())
    }

    /// Numbers that were leased are never handed out here, so that there is nothing to move.
    async fn change(&self, read: &Installation, next: &Installation) -> Result<Result<(), Vec<SaleId>>, StoreError> {
        let State { installation, rooms, .. } = &mut *self.state();
        let known = installation.as_mut().filter(|known| known.version == read.version).ok_or(StoreError::Stale)?;
        if next.numbers != read.numbers && !read.numbers.passes_entries_on_to(&next.numbers) {
            let open = rooms.queues.values().filter(|queue| queue.phase != Phase::Closed);
            let waiting = open.filter(|queue| queue.groups.iter().any(|group| group.gaps.people(group.issued) > 0));
            let waiting: Vec<SaleId> = waiting.map(|queue| queue.sale).collect();
            if !waiting.is_empty() {
                return Ok(Err(waiting));
            }
        }
        known.clone_from(next);
        Ok(Ok(()))
    }
}

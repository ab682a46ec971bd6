//! What instances tell each other of chores: here, those of one process.

use super::Memory;
use async_trait::async_trait;
use frontrow_application::Chore;
use frontrow_application::port::{ChoreLease, ChoreStore, StoreError};
use frontrow_domain::Instant;
use uuid::Uuid;

#[async_trait]
impl ChoreStore for Memory {
    async fn take(&self, chore: Chore, lease: ChoreLease, now: Instant) -> Result<bool, StoreError> {
        let leases = &mut self.state().chores.leases;
        let taken = leases.get(&chore).is_none_or(|other| !other.keeps_out(lease.holder, now));
        if taken {
            leases.insert(chore, lease);
        }
        Ok(taken)
    }

    async fn give_back(&self, chore: Chore, holder: Uuid) -> Result<(), StoreError> {
        let leases = &mut self.state().chores.leases;
        if leases.get(&chore).is_some_and(|lease| lease.holder == holder) {
            leases.remove(&chore);
        }
        Ok(())
    }

    async fn watermark(&self, chore: Chore) -> Result<Option<Instant>, StoreError> {
        Ok(self.state().chores.watermarks.get(&chore).copied())
    }

    async fn set_watermark(&self, chore: Chore, watermark: Instant) -> Result<(), StoreError> {
        self.state().chores.watermarks.insert(chore, watermark);
        Ok(())
    }
}

//! Numbers that somebody else hands out.

use super::Memory;
use super::state::Block;
use super::state::State;
use async_trait::async_trait;
use frontrow_application::port::{Lease, NumberLeases, StoreError};
use frontrow_domain::SaleId;
use frontrow_domain::waiting_room::{Group, Queue, QueueUpdate};

#[async_trait]
impl NumberLeases for Memory {
    async fn lease(&self, sale: SaleId) -> Result<Option<Lease>, StoreError> {
        let state = self.state();
        Ok(state.rooms.queues.get(&sale).map(|queue| state.lease(queue)))
    }

    async fn extend(
        &self,
        sale: SaleId,
        epoch: u32,
        group: Group,
        above: u64,
        block: u64,
    ) -> Result<Option<u64>, StoreError> {
        let state = &mut *self.state();
        let queue = state.rooms.queues.get(&sale);
        let Some(queue) = queue.filter(|queue| queue.epoch == epoch && group.index() < queue.groups.len()) else {
            return Ok(None);
        };
        let issued = state.rooms.issued.get(&(sale, group)).copied().unwrap_or(0);
        let leased = state.numbers.leased.entry((sale, group)).or_default();
        if issued > leased.ceiling {
            // This store has handed out numbers above this lease.
            let queue = queue.clone();
            state.begin(&queue, block);
            return Ok(None);
        }
        leased.ceiling = leased.ceiling.max(above.saturating_add(block));
        Ok(Some(leased.ceiling))
    }

    async fn next_epoch(&self, sale: SaleId, lost: u32, block: u64) -> Result<Option<Lease>, StoreError> {
        let state = &mut *self.state();
        let queue = state.rooms.queues.get(&sale).filter(|queue| queue.epoch == lost).cloned();
        Ok(queue.and_then(|queue| state.begin(&queue, block)))
    }
}

impl State {
    /// The next epoch, above all that was handed out or leased.
    fn begin(&mut self, queue: &Queue, block: u64) -> Option<Lease> {
        let mut begins = Vec::with_capacity(queue.groups.len());
        for group in Group::all(queue.groups.len()) {
            let issued = self.rooms.issued.get(&(queue.sale, group)).copied().unwrap_or(0);
            let leased = self.numbers.leased.entry((queue.sale, group)).or_default();
            let above = leased.ceiling.max(issued);
            *leased = Block { above, ceiling: above.saturating_add(block) };
            begins.push(above);
        }
        let next = queue.update(&QueueUpdate::NextEpoch { above: begins }).ok()?;
        let lease = self.lease(&next);
        self.rooms.queues.insert(queue.sale, next);
        Some(lease)
    }

    fn lease(&self, queue: &Queue) -> Lease {
        let blocks = Group::all(queue.groups.len())
            .map(|group| self.numbers.leased.get(&(queue.sale, group)).copied().unwrap_or_default());
        let (above, ceiling) = blocks.map(|block| (block.above, block.ceiling)).unzip();
        Lease { epoch: queue.epoch, above, ceiling }
    }
}

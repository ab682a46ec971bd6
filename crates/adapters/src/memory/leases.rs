//! Numbers that somebody else hands out.

use super::numbers::Block;
use super::{Memory, State};
use async_trait::async_trait;
use frontrow_application::port::{Lease, NumberLeases, StoreError};
use frontrow_domain::SaleId;
use frontrow_domain::waiting_room::{Group, Line, LineUpdate};

#[async_trait]
impl NumberLeases for Memory {
    async fn lease(&self, sale: SaleId) -> Result<Option<Lease>, StoreError> {
        let state = self.state();
        Ok(state.rooms.lines.get(&sale).map(|line| state.lease(line)))
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
        let line = state.rooms.lines.get(&sale);
        let Some(line) = line.filter(|line| line.epoch == epoch && group.index() < line.groups.len()) else {
            return Ok(None);
        };
        let issued = state.rooms.issued.get(&(sale, group)).copied().unwrap_or(0);
        let leased = state.numbers.leased.entry((sale, group)).or_default();
        if issued > leased.ceiling {
            // This store has handed out numbers above this lease.
            let line = line.clone();
            state.begin(&line, block);
            return Ok(None);
        }
        leased.ceiling = leased.ceiling.max(above.saturating_add(block));
        Ok(Some(leased.ceiling))
    }

    async fn next_epoch(&self, sale: SaleId, lost: u32, block: u64) -> Result<Option<Lease>, StoreError> {
        let state = &mut *self.state();
        let line = state.rooms.lines.get(&sale).filter(|line| line.epoch == lost).cloned();
        Ok(line.and_then(|line| state.begin(&line, block)))
    }
}

impl State {
    /// The next epoch, above all that was handed out or leased.
    fn begin(&mut self, line: &Line, block: u64) -> Option<Lease> {
        let mut begins = Vec::with_capacity(line.groups.len());
        for group in Group::all(line.groups.len()) {
            let issued = self.rooms.issued.get(&(line.sale, group)).copied().unwrap_or(0);
            let leased = self.numbers.leased.entry((line.sale, group)).or_default();
            let above = leased.ceiling.max(issued);
            *leased = Block { above, ceiling: above.saturating_add(block) };
            begins.push(above);
        }
        let next = line.update(&LineUpdate::NextEpoch { above: begins }).ok()?;
        let lease = self.lease(&next);
        self.rooms.lines.insert(line.sale, next);
        Some(lease)
    }

    fn lease(&self, line: &Line) -> Lease {
        let blocks = Group::all(line.groups.len())
            .map(|group| self.numbers.leased.get(&(line.sale, group)).copied().unwrap_or_default());
        let (above, ceiling) = blocks.map(|block| (block.above, block.ceiling)).unzip();
        Lease { epoch: line.epoch, above, ceiling }
    }
}

//! Numbers of queues, and who has them.

use super::Memory;
use super::state::State;
use async_trait::async_trait;
use frontrow_application::port::{Join, Joined, NumberDispenser, StoreError};
use frontrow_domain::waiting_room::{Group, QueueEntry, QueueNumber};
use frontrow_domain::{BuyerKey, SaleId, UserId};

/// A queue entry lasts as long as the process, and is never forgotten before: what somebody proves is known already.
#[async_trait]
impl NumberDispenser for Memory {
    async fn join(&self, join: Join) -> Result<Joined, StoreError> {
        let State { rooms, numbers, .. } = &mut *self.state();
        let Join { key, group, worthless, .. } = join;
        let known = rooms.entries.get(&key).copied();
        if known.is_none_or(|entry| Some(entry) == worthless)
            && let Some(leased) = numbers.leased.get(&(key.sale, group))
        {
            // Never a number that was leased to another dispenser.
            let issued = rooms.issued.entry((key.sale, group)).or_default();
            *issued = leased.ceiling.max(*issued);
        }
        let entry = rooms.join(key, group, worthless);
        let is_new = known != Some(entry);
        if is_new {
            if let Some(QueueEntry { group, number }) = known {
                numbers.by_number.remove(&(key.sale, group, number));
            }
            numbers.by_number.insert((key.sale, entry.group, entry.number), key.user);
        }
        Ok(Joined { entry, is_new })
    }

    async fn entry_of(&self, key: BuyerKey, proved: QueueEntry) -> Result<QueueEntry, StoreError> {
        Ok(self.state().rooms.entries.get(&key).copied().unwrap_or(proved))
    }

    async fn issued(&self, sale: SaleId, groups: usize) -> Result<Vec<u64>, StoreError> {
        let issued = &self.state().rooms.issued;
        Ok(Group::all(groups).map(|group| issued.get(&(sale, group)).copied().unwrap_or(0)).collect())
    }

    async fn entries(
        &self,
        sale: SaleId,
        group: Group,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(QueueNumber, UserId)>, StoreError> {
        let state = self.state();
        let Some(first) = after.checked_add(1).and_then(QueueNumber::new) else { return Ok(Vec::new()) };
        let from = state.numbers.by_number.range((sale, group, first)..);
        let theirs = from.take_while(|((of, queue, _), _)| (*of, *queue) == (sale, group));
        Ok(theirs.take(limit as usize).map(|((_, _, number), user)| (*number, *user)).collect())
    }

    /// It lasts as long as the process, like everything else here.
    async fn forget(&self, _: SaleId) -> Result<(), StoreError> {
        Ok(())
    }
}

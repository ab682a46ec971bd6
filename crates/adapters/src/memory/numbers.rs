//! Numbers of lines, and who has them.

use super::{Memory, State};
use async_trait::async_trait;
use frontrow_application::port::{Join, Joined, NumberDispenser, StoreError};
use frontrow_domain::waiting_room::{Group, Place, QueueNumber};
use frontrow_domain::{SaleId, UserId};
use std::collections::BTreeMap;

/// What is known of numbers besides the places themselves.
#[derive(Default)]
pub(super) struct Numbers {
    by_number: BTreeMap<(SaleId, Group, QueueNumber), UserId>,
    /// By sale and group: the numbers that were leased last.
    pub(super) leased: BTreeMap<(SaleId, Group), Block>,
}

/// The numbers above one, up to another.
#[derive(Clone, Copy, Default)]
pub(super) struct Block {
    pub(super) above: u64,
    pub(super) ceiling: u64,
}

/// A place lasts as long as the process, and is never forgotten before: what somebody proves is known already.
#[async_trait]
impl NumberDispenser for Memory {
    async fn join(&self, join: Join) -> Result<Joined, StoreError> {
        let State { rooms, numbers, .. } = &mut *self.state();
        let Join { key, group, worthless, .. } = join;
        let known = rooms.places.get(&key).copied();
        if known.is_none_or(|place| Some(place) == worthless)
            && let Some(leased) = numbers.leased.get(&(key.sale, group))
        {
            // Never a number that was leased to another dispenser.
            let issued = rooms.issued.entry((key.sale, group)).or_default();
            *issued = leased.ceiling.max(*issued);
        }
        let place = rooms.join(key, group, worthless);
        let is_new = known != Some(place);
        if is_new {
            if let Some(Place { group, number }) = known {
                numbers.by_number.remove(&(key.sale, group, number));
            }
            numbers.by_number.insert((key.sale, place.group, place.number), key.user);
        }
        Ok(Joined { place, is_new })
    }

    async fn issued(&self, sale: SaleId, groups: usize) -> Result<Vec<u64>, StoreError> {
        let issued = &self.state().rooms.issued;
        Ok(Group::all(groups).map(|group| issued.get(&(sale, group)).copied().unwrap_or(0)).collect())
    }

    async fn places(
        &self,
        sale: SaleId,
        group: Group,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(QueueNumber, UserId)>, StoreError> {
        let state = self.state();
        let Some(first) = after.checked_add(1).and_then(QueueNumber::new) else { return Ok(Vec::new()) };
        let from = state.numbers.by_number.range((sale, group, first)..);
        let theirs = from.take_while(|((of, line, _), _)| (*of, *line) == (sale, group));
        Ok(theirs.take(limit as usize).map(|((_, _, number), user)| (*number, *user)).collect())
    }

    /// It lasts as long as the process, like everything else here.
    async fn forget(&self, _: SaleId) -> Result<(), StoreError> {
        Ok(())
    }
}

//! Which instance does the work that one does for all.

use crate::Error;
use crate::chore::Chore;
use crate::port::{ChoreLease, ChoreStore, Clock, IdSource};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use uuid::Uuid;

/// Takes the chores that one instance does for all, and gives them back.
pub struct LeaseChores {
    /// Keeps the leases.
    pub chores: Arc<dyn ChoreStore>,
    /// Tells which have ended.
    pub clock: Arc<dyn Clock>,
    /// Makes the id of this instance.
    pub ids: Arc<dyn IdSource>,
    /// The id of this instance, once it has asked for a chore.
    pub holder: OnceLock<Uuid>,
}

impl LeaseChores {
    /// Takes the chore, or renews its lease; `false` while another instance has it. The lease lasts for two of the
    /// rounds that come at that pace, and for [`ChoreLease::LONGEST`] at most: with longer pauses it ends between two
    /// rounds, and whoever comes first takes the next one.
    pub async fn take(&self, chore: Chore, pace: Duration) -> Result<bool, Error> {
        let holder = *self.holder.get_or_init(|| self.ids.id());
        let now = self.clock.now();
        let until = now + ChoreLease::LONGEST.min(pace.saturating_mul(2));
        Ok(self.chores.take(chore, ChoreLease { holder, until }, now).await?)
    }

    /// Gives the chore back, if this instance has ever asked for one.
    pub async fn give_back(&self, chore: Chore) -> Result<(), Error> {
        let Some(holder) = self.holder.get() else { return Ok(()) };
        Ok(self.chores.give_back(chore, *holder).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FaultId;
    use crate::port::{MockChoreStore, StoreError};
    use crate::testing::{at, clock, ids};
    use mockall::predicate::eq;

    fn instance(chores: MockChoreStore) -> LeaseChores {
        LeaseChores { chores: Arc::new(chores), clock: clock(100), ids: ids(), holder: OnceLock::new() }
    }

    #[tokio::test]
    async fn a_lease_lasts_for_two_rounds_and_for_10_seconds_at_most() {
        for (pace, until) in [(1, 102), (5, 110), (60, 110)] {
            let mut chores = MockChoreStore::new();
            let lease = ChoreLease { holder: Uuid::from_u128(1), until: at(until) };
            chores.expect_take().with(eq(Chore::Forget), eq(lease), eq(at(100))).times(2).returning(|_, _, _| Ok(true));
            let instance = instance(chores);
            for _ in 0..2 {
                assert_eq!(instance.take(Chore::Forget, Duration::from_secs(pace)).await, Ok(true));
            }
        }
    }

    #[tokio::test]
    async fn what_was_taken_is_given_back() {
        let mut chores = MockChoreStore::new();
        chores.expect_take().return_const(Ok(false));
        chores
            .expect_give_back()
            .with(eq(Chore::SettleCharges), eq(Uuid::from_u128(1)))
            .times(1)
            .returning(|_, _| Ok(()));
        let instance = instance(chores);
        instance.give_back(Chore::SettleCharges).await.unwrap(); // It has asked for nothing.
        assert_eq!(instance.take(Chore::SettleCharges, Duration::from_secs(5)).await, Ok(false));
        instance.give_back(Chore::SettleCharges).await.unwrap();
    }

    #[tokio::test]
    async fn a_lease_that_cannot_be_written_is_an_error() {
        let fault = FaultId(Uuid::nil());
        let mut chores = MockChoreStore::new();
        chores.expect_take().return_once(move |_, _, _| Err(StoreError::Fault(fault)));
        assert_eq!(instance(chores).take(Chore::Forget, Duration::from_secs(5)).await, Err(Error::Fault(fault)));
    }
}

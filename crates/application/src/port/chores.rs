//! What instances tell each other of the chores that one of them does for all.

use super::StoreError;
use crate::chore::Chore;
use async_trait::async_trait;
use frontrow_domain::Instant;
use std::time::Duration;
use uuid::Uuid;

/// The turn of one instance at a chore. It saves work and protects nothing: every chore may be done by two at once, and
/// is whenever a round takes longer than its lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChoreLease {
    /// The instance whose turn it is.
    pub holder: Uuid,
    /// The first instant at which it is anybody's turn.
    pub until: Instant,
}

impl ChoreLease {
    /// How long a lease lasts at most, 6 seconds. With that another instance takes over within 10 seconds:
    /// [`LeaseChores::RENEW_WITHIN`](crate::LeaseChores::RENEW_WITHIN) passes until it asks, and clocks differ by one.
    pub const LONGEST: Duration = Duration::from_secs(6);

    /// Whether this lease keeps `other` from the chore at `now`. One that ends later than twice [`ChoreLease::LONGEST`]
    /// from now does not: it comes from a clock that is ahead, or ours has gone back, and nobody would renew it for
    /// long.
    pub fn keeps_out(&self, other: Uuid, now: Instant) -> bool {
        self.holder != other && now < self.until && self.until <= now + 2 * Self::LONGEST
    }
}

/// Keeps what instances tell each other of chores: whose turn each is, and how far it has come.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait ChoreStore: Send + Sync {
    /// Takes the chore, or renews a lease of the same holder's; `false` if at `now` another's lease
    /// [keeps it out](ChoreLease::keeps_out). Of several who ask at once, one gets it.
    async fn take(&self, chore: Chore, lease: ChoreLease, now: Instant) -> Result<bool, StoreError>;

    /// Gives the chore back, so that nobody has to wait for the end of the lease; nothing if it is not this holder's.
    async fn give_back(&self, chore: Chore, holder: Uuid) -> Result<(), StoreError>;

    /// How far the chore has come: everything before that instant is done. `None` before it was first said.
    async fn watermark(&self, chore: Chore) -> Result<Option<Instant>, StoreError>;

    /// Says how far the chore has come, also if that is further back than before. Leases stay as they are.
    async fn set_watermark(&self, chore: Chore, watermark: Instant) -> Result<(), StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;

    #[test]
    fn a_lease_keeps_others_out_until_it_ends() {
        let (mine, yours, micro) = (Uuid::from_u128(1), Uuid::from_u128(2), Duration::from_micros(1));
        let lease = ChoreLease { holder: mine, until: at(100) };
        for (other, now, kept_out) in [
            (yours, at(90), true),
            (yours, at(100) - micro, true),
            (yours, at(100), false),
            (mine, at(90), false),
            (mine, at(200), false),
            // A clock was ahead.
            (yours, at(88), true),
            (yours, at(88) - micro, false),
        ] {
            assert_eq!(lease.keeps_out(other, now), kept_out, "{now:?}");
        }
    }
}

//! One user in one sale.

use crate::locked::{Record, Version};
use crate::{SaleId, UserId};
use serde::{Deserialize, Serialize};

/// Names one buyer. Locks are taken in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BuyerKey {
    /// The sale.
    pub sale: SaleId,
    /// The user.
    pub user: UserId,
}

/// The row that every booking command of a user in a sale locks first. It says nothing yet but that somebody came; it is
/// the lock, and its version the guard, of the limit per person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buyer {
    /// Who, in which sale.
    pub key: BuyerKey,
    /// Goes up by one whenever seats are counted against the limit.
    pub version: Version,
}

impl Buyer {
    /// The row after a change, or the first one.
    #[must_use]
    pub fn next(key: BuyerKey, current: Option<&Self>) -> Self {
        Self { key, version: current.map_or(Version::FIRST, |buyer| buyer.version.next()) }
    }
}

impl Record for Buyer {
    type Key = BuyerKey;

    fn key(&self) -> BuyerKey {
        self.key
    }

    fn version(&self) -> Version {
        self.version
    }
}

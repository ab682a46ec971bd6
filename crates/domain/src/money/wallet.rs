//! Prepaid points and their double-entry history.

use super::Points;
use crate::id::UserId;
use crate::record::{Record, Version};

/// A user's points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wallet {
    /// The owner; a user has one wallet.
    pub user: UserId,
    /// The sum of its transfers.
    pub balance: Points,
    /// The sum of its pending charges: room that is kept for them, so that what the gateway takes can be credited.
    pub pending: Points,
    /// Goes up by one with every change.
    pub version: Version,
}

impl Wallet {
    /// The row after a change, or the first one.
    #[must_use]
    pub fn next(user: UserId, current: Option<&Self>) -> Self {
        match current {
            Some(wallet) => Self { version: wallet.version.next(), ..*wallet },
            None => Self { user, balance: Points::ZERO, pending: Points::ZERO, version: Version::FIRST },
        }
    }

    /// What is pending once that much more is; `None` if there is no room for it.
    pub(crate) fn pending_with(&self, amount: Points) -> Option<Points> {
        let pending = self.pending.checked_add(amount)?;
        self.balance.checked_add(pending).map(|_| pending)
    }

    /// The balance once that much more is credited; `None` if it would take the room of what is pending.
    pub(crate) fn balance_with(&self, amount: Points) -> Option<Points> {
        let balance = self.balance.checked_add(amount)?;
        balance.checked_add(self.pending).map(|_| balance)
    }
}

impl Record for Wallet {
    type Key = UserId;

    fn key(&self) -> UserId {
        self.user
    }

    fn version(&self) -> Version {
        self.version
    }

    fn changed_to(&self, next: &Self) -> Self {
        Self { user: self.user, ..*next }
    }
}

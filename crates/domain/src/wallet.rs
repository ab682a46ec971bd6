//! Prepaid points and their double-entry history.

use crate::locked::{Record, Version};
use crate::{Instant, PaymentId, Points, TransferId, UserId};
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// A user's points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wallet {
    /// Whose.
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
}

/// One side of a transfer. House accounts have transfers but no stored balance: it would be a row that everybody locks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "Uuid", into = "Uuid")]
pub enum AccountId {
    /// A user's wallet.
    Wallet(UserId),
    /// Where wallet charges come from.
    Gateway,
    /// Where paid seats go to.
    Sales,
}

const GATEWAY: Uuid = Uuid::from_u128(1);
const SALES: Uuid = Uuid::from_u128(2);

impl From<Uuid> for AccountId {
    fn from(id: Uuid) -> Self {
        match id {
            GATEWAY => Self::Gateway,
            SALES => Self::Sales,
            user => Self::Wallet(UserId::new(user)),
        }
    }
}

impl From<AccountId> for Uuid {
    fn from(account: AccountId) -> Self {
        match account {
            AccountId::Gateway => GATEWAY,
            AccountId::Sales => SALES,
            AccountId::Wallet(user) => user.uuid(),
        }
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wallet(user) => write!(f, "wallet {user}"),
            Self::Gateway => f.write_str("house account gateway"),
            Self::Sales => f.write_str("house account sales"),
        }
    }
}

/// Points that moved from one account to another: one row is both legs, and it is never changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Its own for good; ascending in time.
    pub id: TransferId,
    /// Where the points come from.
    pub debit: AccountId,
    /// Where they go to.
    pub credit: AccountId,
    /// How many; never zero.
    pub amount: Points,
    /// Why.
    pub payment: PaymentId,
    /// When.
    pub at: Instant,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_survive_the_round_trip_through_their_ids() {
        for account in [AccountId::Gateway, AccountId::Sales, AccountId::Wallet(UserId::new(Uuid::from_u128(3)))] {
            assert_eq!(AccountId::from(Uuid::from(account)), account);
        }
    }
}

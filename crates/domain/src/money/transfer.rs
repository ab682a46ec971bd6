//! The double-entry history of points.

use super::Points;
use crate::id::{PaymentId, TransferId, UserId};
use crate::time::Instant;
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// One side of a transfer. System accounts have transfers but no stored balance: it would be a row that everybody
/// locks.
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
            Self::Gateway => f.write_str("system account gateway"),
            Self::Sales => f.write_str("system account sales"),
        }
    }
}

/// Points that moved from one account to another: one row is both legs, and it is never changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Id of the transfer; it never changes, and ascends in time.
    pub id: TransferId,
    /// Where the points come from.
    pub debit: AccountId,
    /// Where they go to.
    pub credit: AccountId,
    /// How many points; never zero.
    pub amount: Points,
    /// The payment that moved them.
    pub payment: PaymentId,
    /// The instant that the payment was decided at.
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

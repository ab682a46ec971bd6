//! One user in one sale.

use crate::locked::{Record, Version};
use crate::waiting_room::{Group, Place, QueueNumber};
use crate::{Instant, SaleId, UserId};
use serde::{Deserialize, Serialize};

/// Names one buyer. Locks are taken in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BuyerKey {
    /// The sale.
    pub sale: SaleId,
    /// The user.
    pub user: UserId,
}

/// The row that every booking command of a user in a sale locks first. It is the lock, and its version the guard, of the
/// limit per person; and in a sale with a waiting room it says whether they are admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buyer {
    /// Who, in which sale.
    pub key: BuyerKey,
    /// The right to book, if the waiting room has given them one. An [`Admission`](crate::waiting_room::Admission) is
    /// there exactly while this is: both are written under this row's lock.
    pub slot: Option<Slot>,
    /// How their last admission ended, if it has.
    pub ended: Option<Ended>,
    /// How often they were admitted.
    pub generation: u32,
    /// By group: the numbers up to this one are used up.
    pub spent: [u64; Group::MOST],
    /// The place by which they were admitted last. It is used up once they have picked the admission up, or have given it
    /// back.
    pub admitted_by: Option<Place>,
    /// Whether an operator keeps them out.
    pub barred: bool,
    /// Goes up by one with every change, and whenever seats are counted against the limit.
    pub version: Version,
}

/// The right to book for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// The first instant at which it is over, unless it is renewed.
    pub until: Instant,
    /// No renewal goes beyond this; a hold does.
    pub max_until: Instant,
}

/// How an admission ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ended {
    /// With a payment, after which nothing more could be bought, or the sale says that one leaves.
    Paid,
    /// Given back.
    Left,
    /// Taken away by an operator.
    Barred,
    /// Not picked up, or not renewed.
    Expired,
}

impl Ended {
    /// Every way.
    pub const ALL: [Self; 4] = [Self::Paid, Self::Left, Self::Barred, Self::Expired];
}

impl Buyer {
    /// The row after a change, or the first one.
    #[must_use]
    pub fn next(key: BuyerKey, current: Option<&Self>) -> Self {
        match current {
            Some(buyer) => Self { version: buyer.version.next(), ..*buyer },
            None => Self {
                key,
                slot: None,
                ended: None,
                generation: 0,
                spent: [0; Group::MOST],
                admitted_by: None,
                barred: false,
                version: Version::FIRST,
            },
        }
    }

    /// Whether the row says nothing of anybody, as if it were not there: it is the lock that somebody took, or what is
    /// left of a bar that was lifted.
    pub fn is_blank(&self) -> bool {
        let fresh = Self { version: self.version, ..Self::next(self.key, None) };
        *self == fresh
    }

    /// The right to book, while it lasts.
    pub fn live_slot(&self, now: Instant) -> Option<Slot> {
        self.slot.filter(|slot| now < slot.until)
    }

    /// Uses up the place by which they were admitted, and another one if they show it.
    pub(crate) fn use_up(&mut self, shown: Option<Place>) {
        for place in self.admitted_by.into_iter().chain(shown) {
            let spent = &mut self.spent[place.group.index()];
            *spent = place.number.get().max(*spent);
        }
    }

    /// Whether a place of the line has been used up.
    pub fn has_used(&self, group: Group, number: QueueNumber) -> bool {
        number.get() <= self.spent[group.index()]
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

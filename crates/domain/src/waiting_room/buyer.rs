//! One user in one sale.

use super::{QueueEntry, QueueNumber};
use crate::catalogue::Group;
use crate::id::{SaleId, UserId};
use crate::record::{Record, Version};
use crate::time::Instant;
use serde::{Deserialize, Serialize};

/// Names one buyer. Locks are taken in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BuyerKey {
    /// Sale that the limit per person and the admission count in.
    pub sale: SaleId,
    /// The user.
    pub user: UserId,
}

/// The row that every booking command of a user in a sale locks first. It is the lock, and its version the guard, of the
/// limit per person; and in a sale with a waiting room it says whether they are admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buyer {
    /// The user, in which sale.
    pub key: BuyerKey,
    /// The right to book, if the waiting room has given them one. An [`Admission`](crate::waiting_room::Admission) is
    /// there exactly while this is: both are written under this row's lock.
    pub admission: Option<AdmissionPeriod>,
    /// How their last admission ended, if it has.
    pub ended: Option<AdmissionEnd>,
    /// How often they were admitted.
    pub generation: u32,
    /// By group: the numbers up to this one are used up.
    pub used_numbers: [u64; Group::MAX],
    /// The queue entry by which they were admitted last. It is used up once they have picked the admission up, or have
    /// given it back.
    pub admitted_by: Option<QueueEntry>,
    /// Whether an operator keeps them out.
    pub barred: bool,
    /// Goes up by one with every change, and whenever seats are counted against the limit.
    pub version: Version,
}

/// The right to book for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdmissionPeriod {
    /// The first instant at which it is over, unless it is renewed.
    pub until: Instant,
    /// No renewal goes beyond this; a hold does.
    pub max_until: Instant,
}

/// How an admission ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AdmissionEnd {
    /// With a payment, after which nothing more could be bought, or the sale says that one leaves.
    Paid,
    /// Given back.
    Left,
    /// Taken away by an operator.
    Barred,
    /// Not picked up, or not renewed.
    Expired,
}

impl AdmissionEnd {
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
                admission: None,
                ended: None,
                generation: 0,
                used_numbers: [0; Group::MAX],
                admitted_by: None,
                barred: false,
                version: Version::FIRST,
            },
        }
    }

    /// Whether the row holds no information: a placeholder inserted for its lock, or what is
    /// left after a bar was lifted.
    pub fn is_blank(&self) -> bool {
        let fresh = Self { version: self.version, ..Self::next(self.key, None) };
        *self == fresh
    }

    /// The right to book, while it lasts.
    pub fn live_admission(&self, now: Instant) -> Option<AdmissionPeriod> {
        self.admission.filter(|admission| now < admission.until)
    }

    /// Uses up the queue entry by which they were admitted, and another one if they show it.
    pub(crate) fn use_up(&mut self, shown: Option<QueueEntry>) {
        for entry in self.admitted_by.into_iter().chain(shown) {
            let used_numbers = &mut self.used_numbers[entry.group.index()];
            *used_numbers = entry.number.get().max(*used_numbers);
        }
    }

    /// Whether it is the queue entry by which they were admitted last. They have checked in with it, and unless it has
    /// been used up, they did not pick the admission up.
    pub fn was_admitted_by(&self, group: Group, number: QueueNumber) -> bool {
        self.admitted_by == Some(QueueEntry { group, number })
    }

    /// Whether a queue entry of the queue has been used up.
    pub fn has_used(&self, group: Group, number: QueueNumber) -> bool {
        number.get() <= self.used_numbers[group.index()]
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

    fn changed_to(&self, next: &Self) -> Self {
        Self { key: self.key, ..*next }
    }
}

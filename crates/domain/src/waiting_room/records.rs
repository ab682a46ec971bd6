//! What is kept of a waiting room besides its line.

use super::{Group, QueueNumber, Rank, Tick};
use crate::decide::TAKEOVER_GRACE;
use crate::{BuyerKey, Instant};

/// Somebody's place in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line within the sale.
    pub group: Group,
    /// The number.
    pub number: QueueNumber,
}

/// Somebody who was called and has come to the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Who, to which sale.
    pub key: BuyerKey,
    /// The line within the sale.
    pub group: Group,
    /// By which place.
    pub number: QueueNumber,
    /// Its rank.
    pub rank: Rank,
    /// Since when they have stood there without a break.
    pub claimed_at: Instant,
    /// When they were last seen.
    pub seen_at: Instant,
}

/// A slot that is taken. It stays counted until a tick has seen that its buyer's right is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    /// Whose, in which sale.
    pub key: BuyerKey,
    /// Not before this has passed does a tick look whether it is over.
    pub until: Instant,
}

/// A line of the admission log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// Who, to which sale.
    pub key: BuyerKey,
    /// The line's version after the tick that did it.
    pub tick: i64,
    /// Whence.
    pub group: Group,
    /// Whose turn it was.
    pub rank: Rank,
    /// Since when they had stood at the door.
    pub claimed_at: Instant,
    /// When it was.
    pub at: Instant,
    /// Slots that were taken after the tick.
    pub active_after: u32,
    /// How many could be.
    pub capacity: u32,
}

impl Claim {
    /// How they stand at the door from now on, after how they stood there; `None` if their call has lapsed and they never
    /// came. A break is shorter than the absence that a tick sees, by as much as clocks may differ: who stood there without
    /// one was present to every tick.
    pub fn after(self, stood: Option<&Self>, lapsed: bool) -> Option<Self> {
        match stood.filter(|stood| stood.group == self.group && stood.number == self.number) {
            Some(stood) if Tick::is_present(stood.seen_at, self.seen_at + TAKEOVER_GRACE) => {
                Some(Self { claimed_at: stood.claimed_at, seen_at: stood.seen_at.max(self.seen_at), ..self })
            }
            Some(_) => Some(self),
            None => (!lapsed).then_some(self),
        }
    }
}

//! What is stored about a waiting room besides its queue: check-ins, admissions and the admission log.

use super::{Buyer, BuyerKey, Queue, QueueNumber, Rank};
use crate::catalogue::Group;
use crate::time::{CLOCK_TOLERANCE, Instant};
use std::time::Duration;

/// Somebody who was called and has checked in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckIn {
    /// The user, in which sale.
    pub key: BuyerKey,
    /// The queue within the sale.
    pub group: Group,
    /// Number of their queue entry.
    pub number: QueueNumber,
    /// Rank of their queue entry.
    pub rank: Rank,
    /// Since when they have been checked in without a break.
    pub checked_in_at: Instant,
    /// When they were last seen.
    pub seen_at: Instant,
}

/// An admission that counts against the capacity, until a tick has seen that its buyer's right is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    /// The user who is admitted, in which sale.
    pub key: BuyerKey,
    /// The earliest time at which a tick checks whether it has ended.
    pub until: Instant,
}

/// An entry of the admission log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// The user, in which sale.
    pub key: BuyerKey,
    /// The queue's version after the tick that did it.
    pub tick: i64,
    /// The group they were admitted from.
    pub group: Group,
    /// Their rank.
    pub rank: Rank,
    /// Since when they had been checked in without a break.
    pub checked_in_at: Instant,
    /// When they were admitted.
    pub at: Instant,
    /// How many people were admitted after the tick.
    pub active_after: u32,
    /// The capacity at that moment.
    pub capacity: u32,
}

/// What came of checking in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckInOutcome {
    /// They are admitted.
    Admitted(Buyer),
    /// They are checked in.
    Present,
    /// The call has lapsed, and they never came.
    Lapsed,
    /// The queue entry has been used up.
    Used,
    /// An operator keeps them out.
    Barred,
}

impl CheckInOutcome {
    /// What the buyer's row says about a queue entry, before the check-ins are read.
    pub fn by(buyer: Option<&Buyer>, group: Group, number: QueueNumber, now: Instant) -> Option<Self> {
        let buyer = buyer?;
        if buyer.barred {
            Some(Self::Barred)
        } else if buyer.live_admission(now).is_some() {
            Some(Self::Admitted(*buyer))
        } else if buyer.has_used(group, number) {
            Some(Self::Used)
        } else {
            None
        }
    }
}

impl CheckIn {
    /// How long somebody counts as present after they were seen: 15 seconds.
    pub const PRESENCE: Duration = Duration::from_secs(15);

    /// Somebody who was last seen longer ago has gone, and their check-in with them: 15 minutes, as for a call.
    pub const GONE: Duration = Queue::CALL_LASTS;

    /// Whether somebody who was last seen then counts as present.
    pub fn is_present(seen_at: Instant, now: Instant) -> bool {
        now < seen_at + Self::PRESENCE
    }

    /// The check-in that replaces the stored one; `None` if their call has lapsed and they never checked in. (An admission
    /// takes the stored check-in away. If it was not picked up, the buyer's row still says that they were here.) We call it
    /// a break [`CLOCK_TOLERANCE`] before a tick would count the person as absent, because clocks differ: anybody without
    /// a break was present in every tick.
    pub fn after(self, stood: Option<&Self>, buyer: Option<&Buyer>, lapsed: bool) -> Option<Self> {
        let came_before = || buyer.is_some_and(|buyer| buyer.was_admitted_by(self.group, self.number));
        match stood.filter(|stood| stood.group == self.group && stood.number == self.number) {
            Some(stood) if CheckIn::is_present(stood.seen_at, self.seen_at + CLOCK_TOLERANCE) => {
                Some(Self { checked_in_at: stood.checked_in_at, seen_at: stood.seen_at.max(self.seen_at), ..self })
            }
            Some(_) => Some(self),
            None => (!lapsed || came_before()).then_some(self),
        }
    }
}

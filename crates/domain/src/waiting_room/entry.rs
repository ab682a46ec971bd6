//! A queue entry: its number, its rank, and the two tokens that a client carries.

use crate::catalogue::Group;
use serde::{Deserialize, Serialize};

/// What the counter of a group gave somebody: from 1, never twice within an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct QueueNumber(u64);

impl QueueNumber {
    /// The number, unless it is 0.
    pub const fn new(number: u64) -> Option<Self> {
        if number == 0 { None } else { Some(Self(number)) }
    }

    /// As it is written.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// Whose turn comes when, from 1: the lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rank(u64);

impl Rank {
    /// The rank.
    pub const fn new(rank: u64) -> Self {
        Self(rank)
    }

    /// As it is written.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// Somebody's position in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueEntry {
    /// The queue within the sale.
    pub group: Group,
    /// The number.
    pub number: QueueNumber,
}

/// How far a queue entry has come, computed from the queue's figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryStatus {
    /// The lobby's ranks have not been drawn yet.
    Lobby,
    /// Others come first.
    Waiting {
        /// How many at most; never rises.
        ahead: u64,
    },
    /// It is time to check in.
    Called,
    /// The call has lapsed: whoever has not checked in by now has to join again. Whoever has may go on, and come back;
    /// a status is computed from the rank alone, so it does not know them.
    Lapsed,
}

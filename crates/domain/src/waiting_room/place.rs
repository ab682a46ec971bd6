//! A place in the line: its number, its rank, and the two tokens that a client carries.

use crate::{Instant, SaleId, UserId};
use serde::{Deserialize, Serialize};

/// A line of its own within a sale, counted from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Group(u8);

impl Group {
    /// Groups of a sale.
    pub const MOST: usize = 4;
    /// The one that needs no code.
    pub const FIRST: Self = Self(0);

    /// The group with that index, if there can be one.
    pub fn new(index: u8) -> Option<Self> {
        (usize::from(index) < Self::MOST).then_some(Self(index))
    }

    /// From 0, below [`Group::MOST`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// As it is written.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The first so many groups.
    pub fn all(count: usize) -> impl Iterator<Item = Self> {
        (0..count.min(Self::MOST)).filter_map(|index| u8::try_from(index).ok().and_then(Self::new))
    }
}

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

/// What a queue token says: a place of somebody in the line of a sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueToken {
    /// The sale.
    pub sale: SaleId,
    /// Counts the losses of the dispenser of numbers.
    pub epoch: u32,
    /// The line within the sale.
    pub group: Group,
    /// The place.
    pub number: QueueNumber,
    /// Whose.
    pub user: UserId,
    /// When it was signed.
    pub issued: Instant,
}

/// What a pass says: somebody is admitted to a sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// The sale.
    pub sale: SaleId,
    /// Who.
    pub user: UserId,
    /// Which of their admissions.
    pub generation: u32,
    /// The first instant at which it is worth nothing.
    pub expires: Instant,
}

/// What a place is, by arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The lobby's ranks have not been drawn yet.
    Lobby,
    /// Others come first.
    Waiting {
        /// How many at most; never rises.
        ahead: u64,
    },
    /// Come to the door.
    Called,
    /// Nobody came to the door for too long: join again.
    Lapsed,
}

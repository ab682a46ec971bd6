//! What a queue does, why there may be nothing to wait for, and what both follow from.

use crate::catalogue::Sale;
use crate::time::Instant;
use serde::{Deserialize, Serialize};

/// What the queue does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// People join; nobody is called.
    Lobby,
    /// People join, are called and admitted.
    Open,
    /// People join; calls, admissions and deadlines stand still.
    Paused,
    /// Nobody joins any more; the people in the queue are called and admitted.
    Draining,
    /// Nobody is admitted any more; people who are admitted finish.
    Closed,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 5] = [Self::Lobby, Self::Open, Self::Paused, Self::Draining, Self::Closed];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lobby => "lobby",
            Self::Open => "open",
            Self::Paused => "paused",
            Self::Draining => "draining",
            Self::Closed => "closed",
        }
    }

    /// Whether one can join.
    pub const fn takes_joins(self) -> bool {
        matches!(self, Self::Lobby | Self::Open | Self::Paused)
    }

    /// Whether people are called and admitted, and time runs.
    pub const fn moves(self) -> bool {
        matches!(self, Self::Open | Self::Draining)
    }

    pub(super) const fn may_become(self, next: Self) -> bool {
        !matches!(next, Self::Lobby) && !matches!((self, next), (Self::Lobby, Self::Paused | Self::Draining))
    }
}

/// Why there is nothing to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Every seat is held or sold: some may come back.
    AllHeld,
    /// Every seat is sold.
    SoldOut,
    /// What would be sold takes place at another time, and is not sold until it is published again.
    Postponed,
    /// What was sold has begun.
    Begun,
    /// What was sold does not take place.
    Cancelled,
}

impl Ending {
    /// Whether nobody is called or admitted meanwhile. While all seats are held, people are: some may come back.
    pub const fn stops_queue(self) -> bool {
        !matches!(self, Self::AllHeld)
    }

    /// Whether nobody could hold a seat even if one came back.
    pub const fn is_of_performances(self) -> bool {
        matches!(self, Self::Postponed | Self::Begun | Self::Cancelled)
    }

    /// Whether nothing is expected to come back: then the queue closes by itself.
    pub const fn ends_queue(self) -> bool {
        matches!(self, Self::SoldOut | Self::Begun | Self::Cancelled)
    }
}

/// When a sale opens and closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaleDates {
    /// See [`Sale::opens`].
    pub opens: Instant,
    /// See [`Sale::closes`].
    pub closes: Instant,
}

impl SaleDates {
    /// Those of a sale.
    pub fn of(sale: &Sale) -> Self {
        Self { opens: sale.opens, closes: sale.closes }
    }
}

/// All ticks that have looked since then have seen that nothing is left to sell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NothingLeft {
    /// The first of them.
    pub since: Instant,
    /// The last of them.
    pub seen: Instant,
}

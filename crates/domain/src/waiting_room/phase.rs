//! What a queue does, and why there may be nothing to wait for.

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
}

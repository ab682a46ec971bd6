//! What became of somebody.

use std::fmt;
use std::time::Duration;

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    Bought {
        seats: u32,
    },
    /// Held seats, and let them go.
    GaveUp,
    /// Was admitted, and closed the page for good.
    Vanished,
    /// Was admitted when every seat was held or sold.
    FoundNothing,
    SoldOutCheckedIn,
    SoldOutInTheQueue,
    /// Joined, and never checked in.
    NeverCame,
    /// Came when nobody could join any more.
    CameTooLate,
}

/// What became of somebody.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    pub ending: Ending,
    /// From joining, or from the opening if that came later, until they were admitted or went home.
    pub waited: Duration,
    pub admitted: bool,
}

impl Ending {
    /// How many seats it took.
    pub fn seats(self) -> usize {
        match self {
            Self::Bought { seats } => seats as usize,
            _ => 0,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bought { seats: 1 } => "bought a seat",
            Self::Bought { .. } => "bought two seats",
            Self::GaveUp => "held seats and let them go",
            Self::Vanished => "was admitted and closed the page",
            Self::FoundNothing => "was admitted and found nothing left",
            Self::SoldOutCheckedIn => "told after checking in that it is sold out",
            Self::SoldOutInTheQueue => "told in the queue that it is sold out",
            Self::NeverCame => "was called and never came",
            Self::CameTooLate => "came when the queue was closed",
        })
    }
}

//! How accurate the displayed waiting times are.

use crate::catalogue::Group;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Estimates that were made, and how far off they turned out to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimates {
    /// Those of which it is not known yet, the oldest first.
    pub(super) made: Vec<Estimate>,
    /// How far off they were, in thousandths of what was said: a moving average. `None` while nothing is known.
    off: Option<u64>,
}

/// When a rank will be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Estimate {
    pub group: Group,
    pub rank: u64,
    /// When it was made, in open time.
    pub at: Duration,
    pub wait: Duration,
}

impl Estimates {
    /// The newest estimate counts for 1/8 of the moving average.
    const PARTS: u64 = 8;

    /// How far off they were, in thousandths of what was said.
    pub const fn off(&self) -> Option<u64> {
        self.off
    }

    pub(super) fn note(&mut self, made: &Estimate, now: Duration) {
        let took = now.saturating_sub(made.at);
        let off = took.abs_diff(made.wait).as_millis() * 1000 / made.wait.as_millis().max(1000);
        let off = u64::try_from(off).unwrap_or(u64::MAX).min(100_000);
        self.off = Some(self.off.map_or(off, |known| (known * (Self::PARTS - 1) + off) / Self::PARTS));
    }
}

//! Ranks that can't be admitted when it is their turn, because their buyer's row is locked: ticks don't wait for it at first,
//! then once for a moment, and then admit others before, once.

use super::Rank;
use crate::time::Instant;
use serde::{Deserialize, Serialize};

/// What the last ticks could not lock in a group, and who was passed over for that.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skips {
    skipped: Option<Skipped>,
    /// The oldest first.
    passed_over: Vec<PassedOver>,
}

/// A rank that stops its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Skipped {
    rank: u64,
    /// How many ticks running.
    ticks: u32,
}

/// A rank that others of its group were admitted before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct PassedOver {
    rank: u64,
    at: Instant,
}

impl Skips {
    /// Ticks running that skip a rank, before one waits for it.
    pub const PATIENCE: u32 = 3;
    /// Ranks that are remembered as passed over.
    const MOST: usize = 16;

    /// Whether the next tick waits for the row of some rank.
    pub(super) fn is_any_overdue(&self) -> bool {
        self.skipped.is_some_and(|skipped| skipped.ticks >= Self::PATIENCE)
    }

    /// Whether it is this one.
    pub(super) fn is_overdue(&self, rank: Rank) -> bool {
        self.is_any_overdue() && self.skipped.is_some_and(|skipped| skipped.rank == rank.get())
    }

    /// The rank stops its group in this tick; `None` if it goes on.
    pub(super) fn note_skipped(&mut self, rank: Option<Rank>) {
        let before = |rank: u64| self.skipped.filter(|skipped| skipped.rank == rank).map_or(0, |skipped| skipped.ticks);
        self.skipped = rank.map(Rank::get).map(|rank| Skipped { rank, ticks: before(rank).saturating_add(1) });
    }

    pub(super) fn note_passed_over(&mut self, rank: Rank, at: Instant) {
        self.passed_over.retain(|passed| passed.rank != rank.get());
        self.passed_over.push(PassedOver { rank: rank.get(), at });
        if self.passed_over.len() > Self::MOST {
            self.passed_over.remove(0);
        }
    }

    /// Nobody was passed over later than now.
    pub(super) fn reset_clock(&mut self, now: Instant) {
        self.passed_over.iter_mut().for_each(|passed| passed.at = passed.at.min(now));
    }

    /// Since when somebody of that rank, who has checked in then, has stood there without others being rightly admitted
    /// before.
    pub(super) fn waiting_since(&self, rank: Rank, checked_in_at: Instant) -> Instant {
        let passed = self.passed_over.iter().find(|passed| passed.rank == rank.get());
        passed.map_or(checked_in_at, |passed| passed.at.max(checked_in_at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_reset_of_the_clock_nobody_was_passed_over_in_the_future() {
        let at = Instant::from_micros;
        let mut skips = Skips::default();
        skips.note_passed_over(Rank::new(5), at(100));
        skips.note_passed_over(Rank::new(6), at(7));
        skips.reset_clock(at(10));
        assert_eq!([5, 6].map(|rank| skips.waiting_since(Rank::new(rank), at(3))), [at(10), at(7)]);
    }
}

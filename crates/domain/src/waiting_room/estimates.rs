//! How right those are told who ask how long it will take.

use super::{Forecast, Group, Line};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Estimates that were made, and how far off they turned out to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimates {
    /// Those of which it is not known yet, the oldest first.
    made: Vec<Estimate>,
    /// How far off they were, in thousandths of what was said: a moving average. `None` while nothing is known.
    off: Option<u64>,
}

/// When a rank will be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Estimate {
    group: Group,
    rank: u64,
    /// When it was made, in open time.
    at: Duration,
    wait: Duration,
}

impl Estimates {
    /// How often one is made for each group.
    const EVERY: Duration = Duration::from_secs(30);
    /// Of ranks for which it takes so long at most: whether those of hours are right is known only when they are over.
    const MINUTES: u64 = 5;
    const MOST: usize = 16;
    /// One of so many parts of the average is the newest.
    const PARTS: u64 = 8;

    /// How far off they were, in thousandths of what was said.
    pub const fn off(&self) -> Option<u64> {
        self.off
    }

    /// Looks at those whose rank has been called, and makes new ones.
    pub(super) fn keep(line: &mut Line) {
        let is_over = |made: &Estimate| line.groups.get(made.group.index()).is_none_or(|of| made.rank <= of.called);
        let (over, open): (Vec<_>, Vec<_>) = line.estimates.made.iter().partition(|made| is_over(made));
        let is_time = open.last().is_none_or(|last: &Estimate| last.at + Self::EVERY <= line.open_time);
        let groups = if is_time { line.groups.len() } else { 0 };
        let new: Vec<_> = Group::all(groups).filter_map(|group| Estimate::make(line, group)).collect();
        for made in &over {
            line.estimates.note(made, line.open_time);
        }
        line.estimates.made = open.into_iter().chain(new).take(Self::MOST).collect();
    }

    fn note(&mut self, made: &Estimate, now: Duration) {
        let took = now.saturating_sub(made.at);
        let off = took.abs_diff(made.wait).as_millis() * 1000 / made.wait.as_millis().max(1000);
        let off = u64::try_from(off).unwrap_or(u64::MAX).min(100_000);
        self.off = Some(self.off.map_or(off, |known| (known * (Self::PARTS - 1) + off) / Self::PARTS));
    }
}

impl Estimate {
    /// Of the last who waits, or of who is some minutes away.
    fn make(line: &Line, group: Group) -> Option<Self> {
        let of = line.groups.get(group.index()).filter(|of| of.waiting() > 0)?;
        let forecast = Forecast::of(line, group);
        let ahead = of.waiting().min(forecast.passed_a_minute.saturating_mul(Estimates::MINUTES)).max(1);
        let wait = forecast.expected(ahead)?;
        Some(Self { group, rank: of.gaps.beyond(of.called, ahead), at: line.open_time, wait })
    }
}

//! How long it will take, and when to ask again. The same arithmetic stands in the snapshot's documentation for clients.

use super::{Group, Line, QueueNumber, Standing, frontier};
use crate::Instant;
use std::time::Duration;

/// How long somebody will wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Hardly less.
    pub least: Duration,
    /// Hardly more.
    pub most: Duration,
}

/// When to ask again: a part of the wait, between bounds, and not the same for everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskAgain(pub Duration);

/// How fast a line moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// People whose rank passed in the last minute of open time.
    pub passed_a_minute: u64,
    /// Of a thousand who were called, how many came.
    pub share: u64,
}

impl Forecast {
    /// The least of a wait, in tenths.
    pub const LEAST: u32 = 8;
    /// The most of a wait, in tenths.
    pub const MOST: u32 = 15;

    /// Of one group of a line.
    pub fn of(line: &Line, group: Group) -> Self {
        let minute = Duration::from_mins(1);
        let then = line.ago(minute).and_then(|then| then.called.get(group.index()).copied());
        let passed = line
            .groups
            .get(group.index())
            .map_or(0, |of| of.people_called().saturating_sub(of.gaps.people(then.unwrap_or(0))));
        // Less than a minute is made a minute's worth.
        let open = line.open_time.clamp(Duration::from_secs(1), minute).as_millis();
        let passed = u128::from(passed) * minute.as_millis() / open;
        let share = frontier::share(line);
        // The free slots of an opening are taken at once; from then on the rate decides.
        let most = u64::from(line.rate) * 1000 / share;
        Self { passed_a_minute: u64::try_from(passed).unwrap_or(u64::MAX).min(most), share }
    }

    /// Until so many people have passed; `None` while nothing moves.
    pub fn expected(&self, ahead: u64) -> Option<Duration> {
        let seconds = ahead.saturating_mul(60).checked_div(self.passed_a_minute)?;
        Some(Duration::from_secs(seconds.min(7 * 24 * 3600)))
    }

    /// The same, as it is shown.
    pub fn wait(&self, ahead: u64) -> Option<Wait> {
        let wait = self.expected(ahead)?;
        Some(Wait { least: wait * Self::LEAST / 10, most: wait * Self::MOST / 10 })
    }
}

impl AskAgain {
    /// At the soonest.
    pub const SOONEST: Duration = Duration::from_secs(3);
    /// At the latest.
    pub const LATEST: Duration = Duration::from_mins(2);
    /// What part of the wait.
    pub const PART: u32 = 10;

    /// For a place that stands so.
    pub fn of(
        line: &Line,
        opens: Instant,
        group: Group,
        number: QueueNumber,
        standing: Standing,
        now: Instant,
    ) -> Self {
        let jitter = jitter(number);
        if standing == Standing::Lobby {
            // Everybody's first look after the opening, and after the draw, is spread over a quarter of a minute.
            let after = Duration::from_secs(30) + Duration::from_secs(15) * jitter / 1000;
            return Self(opens.since(now).saturating_add(after).min(Self::LATEST));
        }
        let wait = match standing {
            Standing::Waiting { ahead } => {
                let Forecast { passed_a_minute, share } = Forecast::of(line, group);
                // Where nobody moved for a minute those in front may be next, and the others are not.
                let slowly = Forecast { passed_a_minute: passed_a_minute.max(1), share };
                slowly.wait(ahead).map_or(Duration::MAX, |wait| wait.most)
            }
            _ => Duration::ZERO,
        };
        let again = (wait / Self::PART).clamp(Self::SOONEST, Self::LATEST);
        Self(again + again * 3 * jitter / 10_000)
    }
}

impl Line {
    /// Admissions in the last minute of open time.
    pub fn admitted_a_minute(&self) -> u64 {
        let then = self.ago(Duration::from_mins(1)).map_or(0, |then| then.admitted);
        self.admitted.saturating_sub(then)
    }
}

/// 0 to 999, scattered over neighbours.
fn jitter(number: QueueNumber) -> u32 {
    let scattered = number.get().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    u32::try_from(scattered % 1000).unwrap_or(0)
}

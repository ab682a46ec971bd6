//! How long it will take, and when to ask again. The same arithmetic stands in the snapshot's documentation for clients.

use super::{EntryStatus, Queue, QueueNumber, arrivals};
use crate::catalogue::Group;
use crate::time::Instant;
use std::time::Duration;

/// How long somebody will wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The lower bound: it rarely takes less.
    pub least: Duration,
    /// The upper bound: it rarely takes more.
    pub most: Duration,
}

/// When to ask again: a part of the wait, between bounds, and not the same for everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskAgain(pub Duration);

/// How fast a queue moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// People whose rank passed in the last minute of open time.
    pub passed_a_minute: u64,
    /// The share of called people who checked in, in thousandths.
    pub share: u64,
}

impl Forecast {
    /// The lower bound that is shown, in tenths of the estimate.
    pub const MIN: u32 = 8;
    /// The upper bound that is shown, in tenths of the estimate.
    pub const MAX: u32 = 15;

    /// Of one group of a queue.
    pub fn of(queue: &Queue, group: Group) -> Self {
        let minute = Duration::from_mins(1);
        let then = queue.ago(minute).and_then(|then| then.called.get(group.index()).copied());
        let passed = queue
            .groups
            .get(group.index())
            .map_or(0, |of| of.people_called().saturating_sub(of.gaps.people(then.unwrap_or(0))));
        // Less than a minute is made a minute's worth.
        let open = queue.open_time.clamp(Duration::from_secs(1), minute).as_millis();
        let passed = u128::from(passed) * minute.as_millis() / open;
        let share = arrivals::share(queue);
        // At the opening as many are admitted at once as there is room for; from then on the rate decides.
        let most = u64::from(queue.rate) * 1000 / share;
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
        Some(Wait { least: wait * Self::MIN / 10, most: wait * Self::MAX / 10 })
    }
}

impl AskAgain {
    /// The shortest time before asking again: 3 seconds.
    pub const SOONEST: Duration = Duration::from_secs(3);
    /// The longest time before asking again: 2 minutes.
    pub const LATEST: Duration = Duration::from_mins(2);
    /// A client asks again after the wait divided by this.
    pub const PART: u32 = 10;

    /// For a queue entry with that status.
    pub fn of(
        queue: &Queue,
        opens: Instant,
        group: Group,
        number: QueueNumber,
        status: EntryStatus,
        now: Instant,
    ) -> Self {
        let jitter = jitter(number);
        if status == EntryStatus::Lobby {
            // Everybody's first look after the opening, and after the draw, is spread over a quarter of a minute.
            let after = Duration::from_secs(30) + Duration::from_secs(15) * jitter / 1000;
            return Self(opens.since(now).saturating_add(after).min(Self::LATEST));
        }
        let wait = match status {
            EntryStatus::Waiting { ahead } => {
                let Forecast { passed_a_minute, share } = Forecast::of(queue, group);
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

impl Queue {
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

//! What becomes of a queue besides its ticks.

use super::{DrawState, NothingLeft, Phase, Queue, SaleDates};
use crate::catalogue::WaitingRoom;
use crate::text::composed;
use crate::time::Instant;
use crate::violation::{Invalid, Violations};
use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

/// What an operator does with a queue; what is not named stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueChange {
    /// Opens, pauses, drains or closes it.
    pub phase: Option<Phase>,
    /// See [`Queue::capacity`].
    pub capacity: Option<u32>,
    /// See [`Queue::rate`].
    pub rate: Option<u32>,
    /// See [`Queue::burst`].
    pub burst: Option<u32>,
    /// By group, see [`GroupQueue::weight`](crate::waiting_room::GroupQueue::weight).
    pub weights: Option<Vec<u32>>,
    /// See [`Queue::message`]; empty for none.
    pub message: Option<String>,
    /// See [`Queue::holds_stopped`].
    pub holds_stopped: Option<bool>,
}

/// What becomes of a queue besides its ticks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueueUpdate {
    /// By an operator.
    Operator(QueueChange),
    /// Its sale was saved.
    Sale {
        /// When it opens and closes.
        dates: SaleDates,
        /// When it was saved.
        at: Instant,
    },
    /// The draw goes on: by whoever sees first that it can.
    Draw(DrawState),
    /// The queue has moved into the future, by a clock that was wrong: it goes on from this instant, which is now.
    ResetClock(Instant),
    /// The dispenser of numbers has lost what it knew.
    NextEpoch {
        /// By group, the number that it goes on above.
        above: Vec<u64>,
    },
}

/// The queue can't go there from where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a queue that is {} can't become {}", .from.as_str(), .to.as_str())]
pub struct NotNow {
    /// What it is.
    pub from: Phase,
    /// What it was to become.
    pub to: Phase,
}

impl Queue {
    /// The queue after an update; the same if there is nothing to do.
    pub fn update(&self, update: &QueueUpdate) -> Result<Self, NotNow> {
        match update {
            QueueUpdate::Operator(change) => self.change(change),
            QueueUpdate::Sale { dates, at } => Ok(self.follow(*dates, *at)),
            QueueUpdate::Draw(drawing) => Ok(self.draw_on(drawing)),
            QueueUpdate::ResetClock(now) => Ok(self.reset_clock(*now)),
            QueueUpdate::NextEpoch { above } => Ok(self.begin_epoch(above)),
        }
    }

    /// Until its last tick has come, a queue stands still: time never goes back in it. Nothing that it has noted is later
    /// than now afterwards; for how long nothing has been left stays, so that a queue that has closed stays closed.
    fn reset_clock(&self, now: Instant) -> Self {
        if self.last_tick <= now {
            return self.clone();
        }
        let nothing_left = self.nothing_left.map(|known| {
            let ahead = known.seen.since(now);
            NothingLeft { since: known.since - ahead, seen: known.seen - ahead }
        });
        let closed_since = self.closed_since.map(|since| since.min(now));
        let (held_back_until, moving_since, version) = (None, None, self.version.next());
        let mut queue =
            Self { last_tick: now, nothing_left, closed_since, held_back_until, moving_since, version, ..self.clone() };
        queue.groups.iter_mut().for_each(|group| group.skips.reset_clock(now));
        queue
    }

    fn begin_epoch(&self, above: &[u64]) -> Self {
        let mut queue = Self { epoch: self.epoch + 1, version: self.version.next(), ..self.clone() };
        for (group, above) in queue.groups.iter_mut().zip(above) {
            group.gaps.note(group.issued, *above);
        }
        queue
    }

    /// What is known of a draw never changes. Its round is named before it is fixed who takes part, all else after.
    fn draw_on(&self, drawing: &DrawState) -> Self {
        let goes_on = |known: &DrawState| {
            let named = DrawState { round: drawing.round.clone(), ..known.clone() };
            if self.gathered {
                known.round == drawing.round && known.is_kept_by(drawing)
            } else {
                known.round.is_none() && named == *drawing
            }
        };
        match &self.draw {
            Some(known) if known != drawing && goes_on(known) => {
                Self { draw: Some(drawing.clone()), version: self.version.next(), ..self.clone() }
            }
            _ => self.clone(),
        }
    }

    fn change(&self, change: &QueueChange) -> Result<Self, NotNow> {
        let mut queue = self.clone();
        queue.ordered = change.phase.or(self.ordered);
        if let Some(to) = change.phase.filter(|to| *to != self.phase) {
            if !self.phase.may_become(to) {
                return Err(NotNow { from: self.phase, to });
            }
            queue.become_phase(to, self.last_tick);
            queue.nothing_left = None;
            // As far as is known, it ends as it did; but nobody can book what isn't sold, whatever an operator orders.
            queue.ending = queue.ending.filter(|ending| ending.is_of_performances());
        }
        queue.capacity = change.capacity.unwrap_or(queue.capacity);
        queue.rate = change.rate.unwrap_or(queue.rate);
        queue.burst = change.burst.unwrap_or(queue.burst);
        queue.allowance = queue.allowance.min(queue.max_allowance());
        for (group, weight) in queue.groups.iter_mut().zip(change.weights.iter().flatten()) {
            group.weight = *weight;
        }
        if let Some(message) = &change.message {
            queue.message = Some(composed(message).into_owned()).filter(|message| !message.is_empty());
        }
        queue.holds_stopped = change.holds_stopped.unwrap_or(queue.holds_stopped);
        queue.version = queue.version.next();
        Ok(queue)
    }
}

impl QueueChange {
    /// Says everything that is wrong with it; `groups` is how many the queue has.
    pub fn check(&self, groups: usize) -> Result<(), Invalid> {
        let mut flaws = Violations::default();
        for (value, most, pointer) in [
            (self.capacity, WaitingRoom::MAX_CAPACITY, "/capacity"),
            (self.rate, WaitingRoom::MAX_RATE, "/rate_per_minute"),
            (self.burst, WaitingRoom::MAX_CAPACITY, "/burst"),
        ] {
            flaws.check_range(value.unwrap_or(most), 1..=most, "", pointer);
        }
        let weights = self.weights.as_ref().is_none_or(|weights| {
            let fine = |weight: &u32| (1..=WaitingRoom::MAX_WEIGHT).contains(weight);
            weights.len() == groups && weights.iter().all(fine)
        });
        let detail = format!("one for each group, 1 to {}", WaitingRoom::MAX_WEIGHT);
        flaws.unless(weights, "/weights", "range", &detail);
        if let Some(message) = self.message.as_ref().filter(|message| !message.is_empty()) {
            flaws.check_text(message, Self::MAX_MESSAGE, "/message");
        }
        flaws.unless(self.phase != Some(Phase::Lobby), "/phase", "value", "open, paused, draining or closed");
        flaws.into_result()
    }

    const MAX_MESSAGE: usize = Queue::MAX_MESSAGE;
}

/// What is changed and nothing else, such as `phase open, capacity 20`; for people who ask later who did what.
impl fmt::Display for QueueChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = |message: &String| match message.as_str() {
            "" => "no message".to_owned(),
            // In quotes and escaped: it may say anything.
            text => format!("message {text:?}"),
        };
        let weights = |weights: &Vec<u32>| {
            let weights: Vec<String> = weights.iter().map(u32::to_string).collect();
            format!("weights {}", weights.join(" : "))
        };
        let holds = |stopped| if stopped { "new holds stopped" } else { "new holds allowed" };
        let changed = [
            self.phase.map(|phase| format!("phase {}", phase.as_str())),
            self.capacity.map(|capacity| format!("capacity {capacity}")),
            self.rate.map(|rate| format!("{rate} a minute")),
            self.burst.map(|burst| format!("burst {burst}")),
            self.weights.as_ref().map(weights),
            self.message.as_ref().map(message),
            self.holds_stopped.map(|stopped| holds(stopped).to_owned()),
        ];
        let changed: Vec<String> = changed.into_iter().flatten().collect();
        if changed.is_empty() { f.write_str("nothing") } else { f.write_str(&changed.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use crate::waiting_room::{Phase, QueueChange};

    #[test]
    fn only_what_is_changed_is_said() {
        let nothing = QueueChange::default();
        assert_eq!(nothing.to_string(), "nothing");
        let some = QueueChange { phase: Some(Phase::Open), capacity: Some(20), ..nothing.clone() };
        assert_eq!(some.to_string(), "phase open, capacity 20");
        let all = QueueChange {
            rate: Some(600),
            burst: Some(10),
            weights: Some(vec![1, 3]),
            message: Some("곧 \"다시\"\n시작".into()),
            holds_stopped: Some(true),
            ..some
        };
        let said = "phase open, capacity 20, 600 a minute, burst 10, weights 1 : 3, message \"곧 \\\"다시\\\"\\n시작\", \
                    new holds stopped";
        assert_eq!(all.to_string(), said);
        let back = QueueChange { message: Some(String::new()), holds_stopped: Some(false), ..nothing };
        assert_eq!(back.to_string(), "no message, new holds allowed");
    }
}

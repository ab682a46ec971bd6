//! Which seats of a performance can be had, in its latest states: the whole answer, and what has changed since an answer
//! that somebody has.

use super::answer::{Answer, Source, json};
use crate::dto::{AvailabilityChangesDto, AvailabilityDto};
use crate::problem::Problem;
use frontrow_application::{Availability, PerformanceSeats};
use frontrow_domain::PerformanceId;
use parking_lot::Mutex;
use quick_cache::unsync::Cache;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Earlier states that are known of one performance.
const MAX_STATES: usize = 64;
/// Seats that have changed from each of them to the next, together: 16 KiB.
const MAX_CHANGES: usize = 4096;
/// Changes of so many bytes are sent even if the whole answer is shorter, as it is in a small hall: there they say more.
const SHORT: usize = 1024;

/// The states of all performances that somebody asks about.
pub(super) struct AvailabilityAnswers(Mutex<Cache<PerformanceId, Arc<Mutex<Option<States>>>>>);

impl AvailabilityAnswers {
    /// Of so many performances.
    pub fn new(most: usize) -> Self {
        Self(Mutex::new(Cache::new(most)))
    }

    /// The whole answer.
    pub fn whole(&self, seats: PerformanceSeats) -> Result<Answer, Problem> {
        self.with(seats, |states| Ok(states.latest.clone()))
    }

    /// What has changed since the answer with that tag; the whole answer if that is shorter (and the changes are long), or if
    /// nobody knows that tag here.
    pub fn since(&self, seats: PerformanceSeats, tag: &str) -> Result<Answer, Problem> {
        self.with(seats, |states| states.since(tag))
    }

    /// The same, up to the last state that was asked for; `None` if none was.
    pub fn known_since(&self, id: PerformanceId, tag: &str) -> Option<Answer> {
        let states = self.0.lock().get(&id).cloned()?;
        let mut states = states.lock();
        states.as_mut().and_then(|states| states.since(tag).ok())
    }

    /// Of one performance everybody waits while one renders: all others would render the same.
    fn with(
        &self,
        seats: PerformanceSeats,
        answer: impl FnOnce(&mut States) -> Result<Answer, Problem>,
    ) -> Result<Answer, Problem> {
        let states = self.states(seats.on_sale.performance.id);
        let mut states = states.lock();
        if let Some(states) = &mut *states {
            states.advance(seats)?;
            return answer(states);
        }
        answer(states.insert(States::new(seats)?))
    }

    fn states(&self, id: PerformanceId) -> Arc<Mutex<Option<States>>> {
        let mut all = self.0.lock();
        if let Some(states) = all.get(&id) {
            return Arc::clone(states);
        }
        let states = Arc::default();
        all.insert(id, Arc::clone(&states));
        states
    }
}

/// The latest state of one performance, and the way there from some that were before.
struct States {
    source: PerformanceSeats,
    availability: Availability,
    latest: Answer,
    /// The oldest first: each leads to the one after it, and the last one to the latest state.
    steps: VecDeque<Step>,
    /// How many seats all steps change.
    changes: usize,
    /// By tag of an earlier state: what has changed since then, once somebody has asked.
    since: HashMap<Arc<str>, Answer>,
}

/// From one state to the next.
struct Step {
    /// Tag of the state before it.
    from: Arc<str>,
    /// Seats that were free and are taken after it, and the other way round; by ascending number.
    seats: Box<[u32]>,
}

impl States {
    fn new(source: PerformanceSeats) -> Result<Self, Problem> {
        let availability = source.availability();
        let latest = whole(&availability)?;
        Ok(Self { source, availability, latest, steps: VecDeque::new(), changes: 0, since: HashMap::new() })
    }

    /// Goes on to what the seats are now.
    fn advance(&mut self, now: PerformanceSeats) -> Result<(), Problem> {
        if self.source.still_shows(&now) {
            return Ok(());
        }
        let next = Self::new(now)?;
        if next.latest.tag() == self.latest.tag() {
            self.source = next.source;
            return Ok(());
        }
        let before = std::mem::replace(self, next);
        if before.availability.seat_count == self.availability.seat_count
            && before.availability.seat_map_version == self.availability.seat_map_version
        {
            let seats = differences(&before.availability.bitmap, &self.availability.bitmap);
            (self.steps, self.changes) = (before.steps, before.changes + seats.len());
            self.steps.push_back(Step { from: Arc::clone(before.latest.tag()), seats });
            self.forget();
        }
        Ok(())
    }

    /// Drops the oldest states, as far as there are too many.
    fn forget(&mut self) {
        while self.steps.len() > MAX_STATES || self.changes > MAX_CHANGES {
            let Some(oldest) = self.steps.pop_front() else { return };
            self.changes -= oldest.seats.len();
        }
    }

    fn since(&mut self, tag: &str) -> Result<Answer, Problem> {
        if let Some(known) = self.since.get(tag) {
            return Ok(known.clone());
        }
        // A state may come back: then the way from its last time is the shortest.
        let Some(first) = self.steps.iter().rposition(|step| *step.from == *tag) else {
            return Ok(self.latest.clone());
        };
        let from = Arc::clone(&self.steps[first].from);
        let changed = changed_at_last(self.steps.range(first..));
        let changes = AvailabilityChangesDto::of(&self.availability, &from, self.latest.tag(), &changed);
        let body = json(&changes)?;
        let answer = if body.len() < self.latest.body().len().max(SHORT) {
            self.latest.with_body(body)
        } else {
            self.latest.clone()
        };
        self.since.insert(from, answer.clone());
        Ok(answer)
    }
}

fn whole(availability: &Availability) -> Result<Answer, Problem> {
    Answer::new(json(&AvailabilityDto::from(availability))?)
}

/// The numbers of the bits that differ.
fn differences(before: &[u8], now: &[u8]) -> Box<[u32]> {
    let bytes = (0_u32..).step_by(8).zip(before.iter().zip(now));
    let differing = bytes.filter(|(_, (before, now))| before != now);
    differing
        .flat_map(|(first, (before, now))| {
            (0..8).filter(move |bit| (before ^ now) >> bit & 1 == 1).map(move |bit| first + bit + 1)
        })
        .collect()
}

/// The seats that are not at the end as they were before the first step: those that change an odd number of times.
fn changed_at_last<'a>(steps: impl Iterator<Item = &'a Step>) -> Vec<u32> {
    let mut seats: Vec<u32> = steps.flat_map(|step| step.seats.iter().copied()).collect();
    seats.sort_unstable();
    let times = seats.chunk_by(|one, next| one == next);
    times.filter(|times| times.len() % 2 == 1).map(|times| times[0]).collect()
}

#[cfg(test)]
mod tests;

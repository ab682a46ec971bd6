//! Requests that are worked on together, and those who wait for the answers.

use super::work::{Reply, Work};
use crate::queue::Waiting;
use crate::sql::dialect::class::RETRY_AFTER;
use frontrow_application::Outage;
use frontrow_application::port::StoreError;
use std::time::Duration;
use tokio::time::Instant;

/// A batch, or what is left of one.
pub(super) struct Part<W: Work> {
    pub requests: Vec<W::Request>,
    /// Those who made them, in the same order.
    waiting: Vec<Waiting<Reply<W>>>,
    /// Whether some of it may have been committed without an answer.
    pub unknown: bool,
}

impl<W: Work> Part<W> {
    pub(super) fn of(begun: impl Iterator<Item = (W::Request, Waiting<Reply<W>>)>) -> Self {
        let (requests, waiting) = begun.unzip();
        Self { requests, waiting, unknown: false }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// The word for its first request.
    pub(super) fn name(&self) -> &'static str {
        self.requests.first().map_or("nothing", W::name)
    }

    pub(super) fn note_wait(&self, now: Instant, left: usize) {
        W::note_wait(self.waiting.iter().map(|waiting| (now - waiting.times.asked).as_secs_f64()), left);
    }

    /// Without those that have no answer, each of which is a part of its own now; in order.
    pub(super) fn without_left_out(mut self, answers: Vec<Option<W::Answer>>) -> (Self, Vec<W::Answer>, Vec<Self>) {
        if answers.iter().all(Option::is_some) {
            return (self, answers.into_iter().flatten().collect(), Vec::new());
        }
        let begun = std::mem::take(&mut self.requests).into_iter().zip(std::mem::take(&mut self.waiting));
        let (mut answered, mut alone) = (Vec::new(), Vec::new());
        for (begun, answer) in begun.zip(answers) {
            match answer {
                Some(answer) => {
                    answered.push(answer);
                    self.requests.push(begun.0);
                    self.waiting.push(begun.1);
                }
                None => alone.push(Self { unknown: self.unknown, ..Self::of(std::iter::once(begun)) }),
            }
        }
        (self, answered, alone)
    }

    /// Both halves, in order.
    pub(super) fn halves(mut self) -> [Self; 2] {
        let middle = self.requests.len() / 2;
        let (requests, waiting) = (self.requests.split_off(middle), self.waiting.split_off(middle));
        let second = Self { requests, waiting, unknown: self.unknown };
        [self, second]
    }

    pub(super) fn answer(self, answers: Vec<W::Answer>, took: Duration) {
        self.note_seconds(took);
        W::note_served(self.requests.len());
        for (waiting, answer) in self.waiting.into_iter().zip(answers) {
            waiting.answer(Ok(answer));
        }
    }

    pub(super) fn refuse(self, error: &StoreError, took: Duration) {
        self.note_seconds(took);
        for (waiting, request) in self.waiting.into_iter().zip(&self.requests) {
            waiting.answer(Err(W::error(request, error.clone())));
        }
    }

    /// Refuses what is not wanted any more, unless it may have happened.
    pub(super) fn refuse_late(&mut self, now: Instant) {
        let is_late = |waiting: &Waiting<Reply<W>>| waiting.times.until <= now;
        if self.unknown || !self.waiting.iter().any(is_late) {
            return;
        }
        let begun = std::mem::take(&mut self.requests).into_iter().zip(std::mem::take(&mut self.waiting));
        let (late, left): (Vec<_>, Vec<_>) = begun.partition(|(_, waiting)| is_late(waiting));
        for (_, waiting) in late {
            waiting.answer(Err(Outage::Busy { retry_after: RETRY_AFTER }.into()));
        }
        (self.requests, self.waiting) = left.into_iter().unzip();
    }

    fn note_seconds(&self, took: Duration) {
        for request in &self.requests {
            W::note_seconds(W::name(request), took.as_secs_f64());
        }
    }
}

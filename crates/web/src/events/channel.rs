//! One topic, for all who watch it.

use super::frame::{self, HEARTBEAT};
use super::topic::{Kind, Looked, Polls, Topic};
use crate::problem;
use crate::rendered::Answer;
use actix_web::web::Bytes;
use frontrow_domain::Instant;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// Between two changes of a topic that are sent: many changes become one.
const BETWEEN: Duration = Duration::from_secs(1);
/// After so long without anything to say, a comment is sent.
const QUIET: Duration = Duration::from_secs(15);
/// Whoever has not taken what was sent so long ago is not waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// One topic as it is now, and those who watch it.
pub(crate) struct Channel {
    topic: Topic,
    now: watch::Sender<Now>,
    course: Mutex<Course>,
    readers: Mutex<Vec<Arc<Reader>>>,
}

/// What all streams of a topic see. Each takes the newest when it can: nobody queues for anybody.
pub(super) struct Now {
    /// Rises with everything that is sent.
    pub number: u64,
    pub parts: Vec<Part>,
    /// For clients that have what was there before: one buffer for all of them.
    step: Option<Step>,
    heartbeats: u64,
}

/// One kind of event.
#[derive(Clone)]
pub(super) struct Part {
    kind: Kind,
    tag: Arc<str>,
    /// The event that says all of it.
    whole: Bytes,
}

struct Step {
    from: Vec<Arc<str>>,
    events: Bytes,
}

/// What a client has: by part, the tag of its answer, empty if it has none.
pub(super) struct Has {
    pub tags: Vec<Arc<str>>,
    pub heartbeats: u64,
}

/// How long ago something was sent.
#[derive(Default)]
struct Course {
    since_change: Duration,
    since_sent: Duration,
    /// What was sent within the last [`PATIENCE`], and the last one before: its number, and how long ago that was.
    sent: VecDeque<(u64, Duration)>,
}

/// One stream, as its channel sees it.
#[derive(Default)]
pub(super) struct Reader {
    /// The number of what it took last.
    taken: AtomicU64,
    /// When what it has shown to get in expires; `None` if it has shown nothing.
    until: Option<Instant>,
    is_ended: AtomicBool,
    ended: Notify,
}

impl Reader {
    pub fn take(&self, number: u64) {
        self.taken.store(number, Ordering::Relaxed);
    }

    fn end(&self) {
        self.is_ended.store(true, Ordering::SeqCst);
        self.ended.notify_one();
    }

    /// Until it is ended by its channel.
    pub async fn ended(&self) {
        if !self.is_ended.load(Ordering::SeqCst) {
            self.ended.notified().await;
        }
    }
}

impl Now {
    /// What a client has to be sent that has that; `None` if there is nothing. It has it from then on.
    pub fn for_client(&self, topic: Topic, polls: &impl Polls, has: &mut Has) -> Option<Bytes> {
        let heartbeats = std::mem::replace(&mut has.heartbeats, self.heartbeats);
        if let Some(step) = self.step.as_ref().filter(|step| step.from == has.tags) {
            has.tags = self.tags();
            return Some(step.events.clone());
        }
        let mut events = Vec::new();
        for (part, has) in self.parts.iter().zip(&mut has.tags).filter(|(part, has)| part.tag != **has) {
            let changes = if has.is_empty() { None } else { polls.since(topic, part.kind, has) };
            let (tag, event) = match changes {
                Some(changes) => (Arc::clone(changes.tag()), event(part.kind, &changes)),
                None => (Arc::clone(&part.tag), part.whole.clone()),
            };
            // It may be ahead of this topic, if polls have seen more.
            if tag != *has {
                *has = tag;
                events.push(event);
            }
        }
        if events.is_empty() {
            return (heartbeats != self.heartbeats).then_some(HEARTBEAT);
        }
        Some(joined(&events))
    }

    fn tags(&self) -> Vec<Arc<str>> {
        self.parts.iter().map(|part| Arc::clone(&part.tag)).collect()
    }
}

fn event(kind: Kind, answer: &Answer) -> Bytes {
    frame::event(kind.name(), kind.has_id().then_some(&**answer.tag()), answer.body())
}

fn joined(events: &[Bytes]) -> Bytes {
    match events {
        [one] => one.clone(),
        several => several.concat().into(),
    }
}

fn parts(looked: &[Looked], before: &[Part]) -> Vec<Part> {
    let part = |(n, looked): (usize, &Looked)| {
        let tag = looked.answer.tag();
        let same = before.get(n).filter(|part| part.tag == *tag).cloned();
        let new = || Part { kind: looked.kind, tag: Arc::clone(tag), whole: event(looked.kind, &looked.answer) };
        same.unwrap_or_else(new)
    };
    looked.iter().enumerate().map(part).collect()
}

impl Channel {
    pub fn new(topic: Topic, looked: &[Looked]) -> Self {
        let now = Now { number: 1, parts: parts(looked, &[]), step: None, heartbeats: 0 };
        // A first change need not wait for a second one.
        let course = Course { since_change: BETWEEN, sent: [(1, Duration::ZERO)].into(), ..Course::default() };
        Self { topic, now: watch::Sender::new(now), course: Mutex::new(course), readers: Mutex::default() }
    }

    pub fn topic(&self) -> Topic {
        self.topic
    }

    pub fn read(&self, until: Option<Instant>) -> (Arc<Reader>, watch::Receiver<Now>) {
        let now = self.now.subscribe();
        let reader = Arc::new(Reader { until, ..Reader::default() });
        reader.take(now.borrow().number);
        self.readers.lock().push(Arc::clone(&reader));
        (reader, now)
    }

    pub fn leave(&self, reader: &Arc<Reader>) {
        self.readers.lock().retain(|known| !Arc::ptr_eq(known, reader));
    }

    pub fn is_unwatched(&self) -> bool {
        self.readers.lock().is_empty()
    }

    /// Ends all its streams.
    pub fn end(&self) {
        self.end_if(|_| true);
    }

    /// Looks what has changed, and sends it; so long after the last time. Says whether what is watched is still there.
    pub async fn beat(&self, polls: &impl Polls, elapsed: Duration) -> bool {
        let is_due = {
            let mut course = self.course.lock();
            course.pass(elapsed);
            course.since_change >= BETWEEN
        };
        if is_due {
            match polls.look(self.topic).await {
                Ok(looked) => self.offer(polls, &looked),
                Err(error) if error.kind == problem::Kind::NotFound => return false,
                // They are told what was there last, and polls would not say more.
                Err(error) => tracing::debug!(%error, "what is watched can't be read"),
            }
        }
        self.show_out(polls).await;
        self.keep_alive();
        true
    }

    fn offer(&self, polls: &impl Polls, looked: &[Looked]) {
        let (number, before) = {
            let now = self.now.borrow();
            (now.number + 1, now.parts.clone())
        };
        let parts = parts(looked, &before);
        let mut events = Vec::new();
        for (part, before) in parts.iter().zip(&before).filter(|(part, before)| part.tag != before.tag) {
            // Polls may have seen more by now; then these changes would lead too far.
            let changes = polls.since(self.topic, part.kind, &before.tag).filter(|changes| *changes.tag() == part.tag);
            events.push(changes.map_or_else(|| part.whole.clone(), |changes| event(part.kind, &changes)));
        }
        if events.is_empty() {
            return;
        }
        let from = before.into_iter().map(|part| part.tag).collect();
        self.course.lock().change(number);
        self.now.send_modify(|now| {
            *now =
                Now { number, parts, step: Some(Step { from, events: joined(&events) }), heartbeats: now.heartbeats };
        });
    }

    /// Ends the streams of those who take nothing, and of those who may not see any more what they watch.
    async fn show_out(&self, polls: &impl Polls) {
        let (now, is_public) = (polls.now(), polls.is_public(self.topic).await);
        let expected = self.course.lock().expected();
        let slow = self.end_if(|reader| reader.taken.load(Ordering::Relaxed) < expected);
        if slow > 0 {
            metrics::counter!("frontrow_event_streams_dropped_total", "of" => self.topic.name()).increment(slow);
        }
        self.end_if(|reader| match reader.until {
            Some(until) => until <= now,
            None => is_public == Some(false),
        });
    }

    /// How many were ended. They leave by themselves; until then they count for nothing.
    fn end_if(&self, is_over: impl Fn(&Reader) -> bool) -> u64 {
        let mut readers = self.readers.lock();
        let before = readers.len();
        readers.retain(|reader| {
            let is_over = is_over(reader);
            if is_over {
                reader.end();
            }
            !is_over
        });
        (before - readers.len()) as u64
    }

    fn keep_alive(&self) {
        let is_due = self.course.lock().since_sent >= QUIET;
        if is_due {
            let number = self.now.borrow().number + 1;
            self.course.lock().send(number);
            self.now.send_modify(|now| {
                (now.number, now.heartbeats, now.step) = (number, now.heartbeats + 1, None);
            });
        }
    }
}

impl Course {
    fn pass(&mut self, elapsed: Duration) {
        self.since_change += elapsed;
        self.since_sent += elapsed;
        self.sent.iter_mut().for_each(|(_, ago)| *ago += elapsed);
        while self.sent.get(1).is_some_and(|(_, ago)| *ago >= PATIENCE) {
            self.sent.pop_front();
        }
    }

    fn change(&mut self, number: u64) {
        self.since_change = Duration::ZERO;
        self.send(number);
    }

    fn send(&mut self, number: u64) {
        self.since_sent = Duration::ZERO;
        self.sent.push_back((number, Duration::ZERO));
    }

    /// What everybody should have taken by now.
    fn expected(&self) -> u64 {
        self.sent.front().filter(|(_, ago)| *ago >= PATIENCE).map_or(0, |(number, _)| *number)
    }
}

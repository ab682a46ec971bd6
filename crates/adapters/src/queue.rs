//! A bounded queue of requests, from which workers take batches. A job that no worker has begun can be dropped; then it
//! never happens, and whoever asked is told so.
//!
//! Requests with the same [route](Queued::route) are taken in the order in which they came, by one worker at a time, so
//! that workers do not wait for each other's rows. Routes are taken in turn: a short one never waits behind a long one.

use frontrow_application::port::Join;
use parking_lot::Mutex;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

/// What a queue has to know of a request.
pub(crate) trait Queued {
    /// What it works on: requests with the same one are worked on by one worker at a time. `None` if any number of workers
    /// may do so.
    fn route(&self) -> Option<Uuid> {
        None
    }

    /// Who made it, if there is a limit to what they may have in the queue.
    fn asker(&self) -> Option<Uuid> {
        None
    }

    /// Whether it leaves [some room](Limits) in the queue to others.
    fn gives_way(&self) -> bool {
        false
    }

    /// How much of the [`Batch`](Limits) it takes up.
    fn weight(&self) -> usize {
        1
    }
}

/// Any number of workers may take joins.
impl Queued for Join {}

/// How much is worked on together, and how much may wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How many requests may wait, at least one; those that are being worked on are not in the queue.
    pub capacity: usize,
    /// How much of that is for requests that do not give way.
    pub reserved: usize,
    /// How many requests of one asker may wait.
    pub per_asker: usize,
    /// How many requests a batch has at most.
    pub batch: usize,
    /// How many it has at most while routes take turns, so that a quiet one doesn't wait for a long batch of a busy one.
    pub shared_batch: usize,
    /// What a batch of several requests weighs at most; a single request may weigh more.
    pub weight: usize,
}

/// So many turns are short from the one on at which several routes were ready.
const SHARED_TURNS: u32 = 8;

impl Limits {
    /// So many may wait, whoever asks, and so many are worked on together, whatever they weigh.
    pub(crate) const fn of(capacity: usize, batch: usize) -> Self {
        Self { capacity, reserved: 0, per_asker: usize::MAX, batch, shared_batch: batch, weight: usize::MAX }
    }
}

/// The end at which requests come in. When it is closed or dropped, the jobs come to an end.
pub(crate) struct Queue<Q: Queued, R>(Arc<Shared<Q, R>>);

/// The end at which they are taken, by one worker or several.
pub(crate) struct Jobs<Q: Queued, R>(Arc<Shared<Q, R>>);

struct Shared<Q: Queued, R> {
    limits: Limits,
    state: Mutex<State<Q, R>>,
    /// As in the state, for those who only want to know how full it is.
    waiting: AtomicUsize,
    /// Rings when a route becomes ready, and once for everybody at the end. Whoever takes a route and leaves others rings
    /// again. The worker that rested last is woken first: what it needs is still in the processor's caches, and in those of
    /// its session at the database.
    ready: Notify,
}

struct State<Q, R> {
    routes: HashMap<Option<Uuid>, VecDeque<Job<Q, R>>>,
    /// Routes with requests that nobody works on, in turn.
    ready: VecDeque<Option<Uuid>>,
    /// Requests in the queue of those who have some.
    by_asker: HashMap<Uuid, usize>,
    waiting: usize,
    closed: bool,
    /// Turns that are still to be short, because several routes were ready at once lately.
    shared_turns: u32,
}

/// Why a request was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotQueued {
    Full,
    /// Whoever asks has too many requests in the queue already.
    TooMany {
        most: usize,
    },
    Closed,
}

/// A request, as the worker sees it.
pub(crate) struct Job<Q, R> {
    request: Q,
    reply: oneshot::Sender<R>,
    /// Set when it is begun or dropped, whichever comes first.
    settled: Arc<AtomicBool>,
    times: Times,
}

/// Whoever waits for the reply to a request that has begun.
pub(crate) struct Waiting<R> {
    reply: oneshot::Sender<R>,
    pub times: Times,
}

/// When a request was made, and until when it may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    pub asked: Instant,
    pub until: Instant,
}

/// Jobs to be worked on together. Until it is dropped, nobody else works on their route.
pub(crate) struct Batch<Q: Queued, R> {
    pub jobs: Vec<Job<Q, R>>,
    /// How many requests wait in the queue besides, on all routes.
    pub left: usize,
    turn: Option<Turn<Q, R>>,
}

/// A route that is being worked on.
struct Turn<Q: Queued, R> {
    route: Uuid,
    shared: Arc<Shared<Q, R>>,
}

/// A request, as whoever made it sees it.
pub(crate) struct Asked<R> {
    reply: oneshot::Receiver<R>,
    settled: Arc<AtomicBool>,
    until: Instant,
}

/// What whoever asked knows when they have waited long enough.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answered<R> {
    With(R),
    /// It was not begun, and never will be.
    NotBegun,
    /// A worker has begun it, and may have ended with its runtime.
    Begun,
}

impl<Q: Queued, R> Queue<Q, R> {
    pub(crate) fn new(limits: Limits) -> (Self, Jobs<Q, R>) {
        let state = State {
            routes: HashMap::new(),
            ready: VecDeque::new(),
            by_asker: HashMap::new(),
            waiting: 0,
            closed: false,
            shared_turns: 0,
        };
        let shared =
            Arc::new(Shared { limits, state: Mutex::new(state), waiting: AtomicUsize::new(0), ready: Notify::new() });
        (Self(Arc::clone(&shared)), Jobs(shared))
    }

    /// Queues a request that may begin until then.
    pub(crate) fn push(&self, request: Q, until: Instant) -> Result<Asked<R>, NotQueued> {
        let (sender, receiver) = oneshot::channel();
        let settled = Arc::new(AtomicBool::new(false));
        let asked = Asked { reply: receiver, settled: Arc::clone(&settled), until };
        let times = Times { asked: Instant::now(), until };
        let mut state = self.0.state.lock();
        let is_ready = state.push(Job { request, reply: sender, settled, times }, &self.0.limits)?;
        self.0.waiting.store(state.waiting, Ordering::Relaxed);
        drop(state);
        if is_ready {
            self.0.ready.notify_last();
        }
        Ok(asked)
    }

    /// How many requests are in the queue, a moment ago.
    pub(crate) fn waiting(&self) -> usize {
        self.0.waiting.load(Ordering::Relaxed)
    }

    /// Takes no more requests. Those in the queue stay there until they are worked on.
    pub(crate) fn close(&self) {
        self.0.state.lock().closed = true;
        self.0.ready.notify_waiters();
        self.0.ready.notify_one();
    }
}

impl<Q: Queued, R> Drop for Queue<Q, R> {
    fn drop(&mut self) {
        self.close();
    }
}

impl<Q: Queued, R> Jobs<Q, R> {
    /// Waits for the next jobs. None: the queue is closed and empty.
    pub(crate) async fn next(&self) -> Option<Batch<Q, R>> {
        loop {
            let rung = self.0.ready.notified();
            if let Some(batch) = self.take() {
                return Some(batch);
            }
            if self.is_finished() {
                // Wakes the next worker, so that all of them end.
                self.0.ready.notify_one();
                return None;
            }
            rung.await;
        }
    }

    fn take(&self) -> Option<Batch<Q, R>> {
        let mut state = self.0.state.lock();
        let route = state.ready.pop_front()?;
        let limits = state.turn_limits(&self.0.limits);
        let jobs = state.take(route, &limits);
        self.0.waiting.store(state.waiting, Ordering::Relaxed);
        let is_left = state.routes.contains_key(&route);
        // Requests without a route may be taken by several workers, so what is left of them is ready at once.
        if route.is_none() && is_left {
            state.ready.push_back(route);
        }
        if !state.ready.is_empty() {
            self.0.ready.notify_last();
        }
        let turn = route.map(|route| Turn { route, shared: Arc::clone(&self.0) });
        if let Some(route) = route {
            // An empty route that is being worked on stays known, so that nobody else begins with it.
            state.routes.entry(Some(route)).or_default();
        }
        Some(Batch { jobs, left: state.waiting, turn })
    }

    /// Wakes another worker, for one that can't go on: its own route may be ready again.
    pub(crate) fn pass_on(&self) {
        self.0.ready.notify_last();
    }

    /// Takes all requests that wait now, except those of routes that are being worked on.
    pub(crate) fn waiting(&self) -> Vec<Job<Q, R>> {
        let mut jobs = Vec::new();
        let all = Limits { batch: usize::MAX, weight: usize::MAX, ..self.0.limits };
        let mut state = self.0.state.lock();
        while let Some(route) = state.ready.pop_front() {
            jobs.extend(state.take(route, &all));
        }
        self.0.waiting.store(state.waiting, Ordering::Relaxed);
        jobs
    }

    /// Whether nothing is left and nothing will come.
    pub(crate) fn is_finished(&self) -> bool {
        let state = self.0.state.lock();
        state.closed && state.waiting == 0
    }
}

impl<Q: Queued, R> State<Q, R> {
    /// Adds the job; true if its route has become ready.
    fn push(&mut self, job: Job<Q, R>, limits: &Limits) -> Result<bool, NotQueued> {
        if self.closed {
            return Err(NotQueued::Closed);
        }
        let reserved = if job.request.gives_way() { limits.reserved } else { 0 };
        if self.waiting >= limits.capacity.saturating_sub(reserved).max(1) {
            return Err(NotQueued::Full);
        }
        if let Some(asker) = job.request.asker() {
            let waiting = self.by_asker.entry(asker).or_insert(0);
            if *waiting >= limits.per_asker {
                return Err(NotQueued::TooMany { most: limits.per_asker });
            }
            *waiting += 1;
        }
        self.waiting += 1;
        let route = job.request.route();
        match self.routes.entry(route) {
            Entry::Occupied(mut known) => {
                known.get_mut().push_back(job);
                Ok(false)
            }
            Entry::Vacant(new) => {
                new.insert(VecDeque::from([job]));
                self.ready.push_back(route);
                Ok(true)
            }
        }
    }

    /// The limits of the turn that begins, after its route was taken from those that are ready.
    fn turn_limits(&mut self, limits: &Limits) -> Limits {
        self.shared_turns = if self.ready.is_empty() { self.shared_turns.saturating_sub(1) } else { SHARED_TURNS };
        let batch = if self.shared_turns > 0 { limits.batch.min(limits.shared_batch) } else { limits.batch };
        Limits { batch, ..*limits }
    }

    /// The next jobs of a route, which is forgotten if none are left.
    fn take(&mut self, route: Option<Uuid>, limits: &Limits) -> Vec<Job<Q, R>> {
        let Some(queue) = self.routes.get_mut(&route) else { return Vec::new() };
        let (mut jobs, mut weight) = (Vec::new(), 0);
        while let Some(next) = queue.front() {
            weight += next.request.weight();
            let is_full = jobs.len() >= limits.batch || weight > limits.weight;
            if is_full && !jobs.is_empty() {
                break;
            }
            jobs.extend(queue.pop_front());
        }
        if queue.is_empty() {
            self.routes.remove(&route);
        }
        self.waiting -= jobs.len();
        for asker in jobs.iter().filter_map(|job| job.request.asker()) {
            if let Entry::Occupied(mut waiting) = self.by_asker.entry(asker) {
                *waiting.get_mut() -= 1;
                if *waiting.get() == 0 {
                    waiting.remove();
                }
            }
        }
        jobs
    }
}

impl<Q: Queued, R> Drop for Turn<Q, R> {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock();
        let route = Some(self.route);
        if state.routes.get(&route).is_some_and(VecDeque::is_empty) {
            state.routes.remove(&route);
        } else {
            // Whoever had the turn looks for more themselves.
            state.ready.push_back(route);
        }
    }
}

impl<Q: Queued, R> Batch<Q, R> {
    /// Lets others work on the route from now on: the negative control of tests.
    #[cfg(feature = "sql")]
    pub(crate) fn end_turn(&mut self) {
        drop(self.turn.take());
    }
}

impl<Q, R> Job<Q, R> {
    /// Whether whoever asked has gone.
    pub(crate) fn is_deserted(&self) -> bool {
        self.reply.is_closed()
    }

    /// The request, which has to come to its end from here on; `None` if whoever asked was told that it won't.
    pub(crate) fn begin(self) -> Option<(Q, Waiting<R>)> {
        let waiting = Waiting { reply: self.reply, times: self.times };
        (!self.settled.swap(true, Ordering::SeqCst)).then_some((self.request, waiting))
    }

    /// Replies to whoever still waits, without working on the request.
    pub(crate) fn refuse(self, reply: R) {
        if let Some((_, waiting)) = self.begin() {
            waiting.answer(reply);
        }
    }
}

impl<R> Waiting<R> {
    /// Does nothing if whoever asked has gone.
    pub(crate) fn answer(self, reply: R) {
        drop(self.reply.send(reply));
    }
}

impl<R> Asked<R> {
    /// The reply, or what is known once it may not begin any more.
    pub(crate) async fn answer(mut self) -> Answered<R> {
        let reply = match timeout_at(self.until, &mut self.reply).await {
            Ok(reply) => reply.ok(),
            Err(_) if !self.settled.swap(true, Ordering::SeqCst) => return Answered::NotBegun,
            // The reply may have come at the same moment.
            Err(_) => self.reply.try_recv().ok(),
        };
        reply.map_or(Answered::Begun, Answered::With)
    }
}

#[cfg(test)]
mod tests;

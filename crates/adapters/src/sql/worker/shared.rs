//! What the workers of one kind have in common.

use super::context::WorkerContext;
use super::work::{Reply, Work};
use crate::queue::Jobs;
use std::sync::atomic::{AtomicUsize, Ordering};

pub(super) struct Shared<W: Work> {
    pub work: W,
    pub context: WorkerContext,
    pub jobs: Jobs<W::Request, Reply<W>>,
    pub workers: usize,
    /// How many of them are disconnected and could not reconnect.
    pub away: AtomicUsize,
}

impl<W: Work> Shared<W> {
    pub(super) fn new(work: W, context: &WorkerContext, jobs: Jobs<W::Request, Reply<W>>, workers: usize) -> Self {
        Self { work, context: context.clone(), jobs, workers, away: AtomicUsize::new(0) }
    }

    /// Whether no worker has a connection, nor could get one.
    pub(super) fn is_cut_off(&self) -> bool {
        self.away.load(Ordering::SeqCst) >= self.workers
    }
}

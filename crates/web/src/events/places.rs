//! How many streams may be open at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The places for streams.
pub(super) struct Places {
    most: usize,
    taken: Arc<AtomicUsize>,
}

/// A place that is taken until this is dropped.
pub(super) struct Place(Arc<AtomicUsize>);

impl Places {
    pub fn new(most: usize) -> Self {
        Self { most, taken: Arc::default() }
    }

    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }

    /// `None` if all are taken.
    pub fn take(&self) -> Option<Place> {
        let one_more = |taken: usize| (taken < self.most).then_some(taken + 1);
        self.taken.try_update(Ordering::SeqCst, Ordering::SeqCst, one_more).ok()?;
        Some(Place(Arc::clone(&self.taken)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

//! How far a case has come.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// How far a case has come, for whoever reads of its failure.
#[derive(Default)]
pub(crate) struct Progress {
    steps: AtomicU64,
    last: Mutex<&'static str>,
}

impl Progress {
    pub(crate) fn step(&self, what: &'static str) {
        self.steps.fetch_add(1, Ordering::Relaxed);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = what;
    }

    /// In words.
    pub(crate) fn so_far(&self) -> String {
        match self.steps.load(Ordering::Relaxed) {
            0 => "before the first step".to_owned(),
            steps => format!("step {steps}, {}", self.last.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }
}

//! How many are where, as everybody's script counts it, and what they were told.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

/// How many are where.
#[derive(Default)]
pub struct Tally {
    pub waiting: AtomicI64,
    pub called: AtomicI64,
    pub present: AtomicI64,
    pub admitted: AtomicI64,
    pub seats_held: AtomicI64,
    pub seats_paid: AtomicI64,
    /// By what was asked and what was answered, how often.
    told: Mutex<BTreeMap<(&'static str, String), u64>>,
}

/// Counted in one place, until it is dropped.
pub struct Presence<'a> {
    count: &'a AtomicI64,
    by: i64,
}

impl Tally {
    /// Counts somebody, or some seats, while they are there.
    pub fn count(count: &AtomicI64, by: i64) -> Presence<'_> {
        count.fetch_add(by, Ordering::Relaxed);
        Presence { count, by }
    }

    pub fn tell(&self, asked: &'static str, answer: String) {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner).entry((asked, answer)).or_default() += 1;
    }

    pub fn told(&self) -> BTreeMap<(&'static str, String), u64> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(self.by, Ordering::Relaxed);
    }
}

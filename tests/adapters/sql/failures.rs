//! Why transactions had to be tried again.

use frontrow_adapters::sql::hook::Hook;
use std::sync::Mutex;

/// What the database said whenever an attempt came to nothing.
#[derive(Default)]
pub struct Failures(Mutex<Vec<String>>);

impl Hook for Failures {
    fn failed(&self, cause: &str) {
        self.0.lock().unwrap().push(cause.to_owned());
    }
}

impl Failures {
    /// Whoever waited for too long, on a machine that had too much to do, was in no deadlock: those are found sooner.
    pub fn assert_no_deadlock(&self) {
        const TOO_LONG: [&str; 2] = ["Lock wait timeout exceeded", "due to lock timeout"];
        let mut failures = self.0.lock().unwrap().clone();
        failures.retain(|cause| !TOO_LONG.iter().any(|said| cause.contains(said)));
        assert!(failures.is_empty(), "a transaction had to be tried again: {failures:?}");
    }
}

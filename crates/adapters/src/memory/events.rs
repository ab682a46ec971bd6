//! What has happened, for who wants to look at it later.

use frontrow_application::port::Announcer;
use frontrow_domain::Event;
use std::sync::{Mutex, PoisonError};

/// Keeps the events that it hears of until somebody takes them.
#[derive(Debug, Default)]
pub struct EventLog(Mutex<Vec<Event>>);

impl EventLog {
    /// What was heard since the last time, the oldest first.
    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Announcer for EventLog {
    fn announce(&self, events: &[Event]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(events);
    }
}

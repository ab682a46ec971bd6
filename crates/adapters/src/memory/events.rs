//! What has happened, for whoever wants to look at it later.

use frontrow_application::port::Announcer;
use frontrow_domain::Event;
use parking_lot::Mutex;

/// Keeps the events that it hears of until somebody takes them.
#[derive(Debug, Default)]
pub struct EventLog(Mutex<Vec<Event>>);

impl EventLog {
    /// What was heard since the last time, the oldest first.
    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.0.lock())
    }
}

impl Announcer for EventLog {
    fn announce(&self, events: &[Event]) {
        self.0.lock().extend_from_slice(events);
    }
}

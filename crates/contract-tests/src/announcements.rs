//! What a store announces.

use frontrow_application::port::Announcer;
use frontrow_domain::Event;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Hears what the store of a world announces.
#[derive(Default)]
pub(crate) struct Announcements(Mutex<Vec<Event>>);

impl Announcer for Announcements {
    fn announce(&self, events: &[Event]) {
        self.events().extend_from_slice(events);
    }
}

impl Announcements {
    /// In the order in which they came.
    pub(crate) fn heard(&self) -> Vec<Event> {
        self.events().clone()
    }

    fn events(&self) -> MutexGuard<'_, Vec<Event>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! What all work on waiting rooms needs.

use super::texts::QueueTexts;
use crate::sql::Database;
use crate::sql::hook::Hook;
use crate::sql::statements::Statements;
use frontrow_application::port::Clock;
use std::sync::Arc;

pub(super) struct QueueContext {
    pub database: Arc<Database>,
    pub clock: Arc<dyn Clock>,
    pub texts: QueueTexts,
    pub hook: Arc<dyn Hook>,
}

impl QueueContext {
    pub(super) fn statements(&self) -> Statements<'_> {
        Statements { texts: &self.texts.base, hook: &*self.hook }
    }
}

/// Notes how long a batch of joins, check-ins or ticks took.
pub(super) fn note_seconds(work: &'static str, seconds: f64) {
    metrics::histogram!("frontrow_queue_seconds", "work" => work).record(seconds);
}

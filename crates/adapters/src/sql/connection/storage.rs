//! Whether what is written can be kept.

use crate::sql::dialect::class::Class;
use frontrow_application::port::StoreError;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;

/// What is known of writes.
#[derive(Default)]
pub(in crate::sql) struct Storage {
    state: Mutex<State>,
    troubled: Notify,
}

#[derive(Default)]
struct State {
    /// Why the last write failed; `None`: all is well.
    trouble: Option<Class>,
    /// Writes that have failed so far.
    failures: u64,
}

impl Storage {
    pub(in crate::sql) fn new() -> Self {
        metrics::gauge!("frontrow_storage_writable").set(1);
        Self::default()
    }

    /// A write has failed. Only some classes of errors say something about the storage.
    pub(in crate::sql) fn note(&self, class: Class) {
        let cause = match class {
            Class::Full => "storage_full",
            Class::Unwritable => "unwritable",
            Class::Retry | Class::Duplicate | Class::Lost | Class::Reconnect | Class::Other => return,
        };
        metrics::counter!("frontrow_write_failures_total", "cause" => cause).increment(1);
        let mut state = self.state();
        state.failures += 1;
        if state.trouble.replace(class).is_none() {
            tracing::error!(cause, "the database can't be written: not ready until it can");
            metrics::gauge!("frontrow_storage_writable").set(0);
            self.troubled.notify_one();
        }
    }

    /// What to tell whoever asks while writes fail.
    pub(in crate::sql) fn check(&self) -> Result<(), StoreError> {
        self.state().trouble.and_then(Class::outage).map_or(Ok(()), |outage| Err(outage.into()))
    }

    /// Waits until trouble begins. What began while nobody waited is not missed.
    pub(in crate::sql) async fn trouble(&self) {
        self.troubled.notified().await;
    }

    /// Writes that have failed so far.
    pub(in crate::sql) fn failures(&self) -> u64 {
        self.state().failures
    }

    /// Notes that writes succeed again, unless something has failed since there were so many failures.
    pub(in crate::sql) fn recover(&self, failures: u64) {
        let mut state = self.state();
        if state.failures == failures {
            state.trouble = None;
            tracing::info!("the database can be written again");
            metrics::gauge!("frontrow_storage_writable").set(1);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

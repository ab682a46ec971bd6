//! Reads of seats, and whose turn it is to read.

use crate::shared_read::SharedRead;
use frontrow_application::port::StoreError;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::{AcquireError, Notify, Semaphore, SemaphorePermit};

/// What seats are read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To plan with, or to let people in.
    Booking,
    /// To look at.
    Browsing,
}

/// One performance at a time is read for each purpose: a page of a hundred halls must not take all connections, and nobody
/// who books waits until all of them have been read.
pub(super) struct Turns {
    booking: Semaphore,
    browsing: Semaphore,
}

impl Default for Turns {
    fn default() -> Self {
        Self { booking: Semaphore::new(1), browsing: Semaphore::new(1) }
    }
}

impl Turns {
    /// The turn of a read that was begun for that purpose. Once it is in a hurry, it waits with those who book.
    pub(super) async fn turn(&self, purpose: Purpose, hurry: &Notify) -> Result<SemaphorePermit<'_>, AcquireError> {
        if purpose == Purpose::Booking {
            return self.booking.acquire().await;
        }
        tokio::select! {
            biased;
            turn = self.browsing.acquire() => turn,
            () = hurry.notified() => self.booking.acquire().await,
        }
    }
}

/// A read that goes on, or has ended.
pub(super) struct Reading {
    pub outcome: SharedRead<()>,
    hurry: Arc<Notify>,
}

impl Reading {
    pub(super) fn begin<F>(runtime: &Handle, read: impl FnOnce(Arc<Notify>) -> F) -> Self
    where
        F: Future<Output = Result<(), StoreError>> + Send + 'static,
    {
        let hurry = Arc::new(Notify::new());
        Self { outcome: SharedRead::begin(runtime, read(Arc::clone(&hurry))), hurry }
    }

    /// Somebody waits for it who asks for that purpose.
    pub(super) fn is_wanted_for(&self, purpose: Purpose) {
        if purpose == Purpose::Booking {
            self.hurry.notify_one();
        }
    }
}

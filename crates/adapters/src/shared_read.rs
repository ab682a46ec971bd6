//! One read for everybody who asks for the same at the same time. They share its outcome, failures too: when the
//! database is away, a hundred callers wait for it once and not one after the other.

use frontrow_application::port::StoreError;
use tokio::runtime::Handle;
use tokio::sync::watch;

/// A read that goes on, or has ended.
#[derive(Clone)]
pub(crate) struct SharedRead<T>(watch::Receiver<Option<Result<T, StoreError>>>);

/// The other half of a [`SharedRead`], which begins it.
pub(crate) struct Reader<T>(watch::Sender<Option<Result<T, StoreError>>>);

impl<T: Clone + Send + Sync + 'static> Reader<T> {
    /// Begins. Whoever asked may go away: others may wait by then. On a runtime that has ended, `work` is dropped at once.
    pub(crate) fn begin(self, runtime: &Handle, work: impl Future<Output = Result<T, StoreError>> + Send + 'static) {
        runtime.spawn(async move {
            let found = work.await;
            self.0.send_replace(Some(found));
        });
    }
}

impl<T: Clone + Send + Sync + 'static> SharedRead<T> {
    /// A read that has yet to begin.
    pub(crate) fn new() -> (Self, Reader<T>) {
        let (tell, told) = watch::channel(None);
        (Self(told), Reader(tell))
    }

    /// One that has begun.
    pub(crate) fn begin(runtime: &Handle, work: impl Future<Output = Result<T, StoreError>> + Send + 'static) -> Self {
        let (read, reader) = Self::new();
        reader.begin(runtime, work);
        read
    }

    /// Whether nobody knows yet.
    pub(crate) fn goes_on(&self) -> bool {
        self.0.has_changed().is_ok() && self.0.borrow().is_none()
    }

    /// What came of it; `None` if it was cut off, such as by the end of its runtime.
    pub(crate) async fn outcome(mut self) -> Option<Result<T, StoreError>> {
        self.0.wait_for(Option::is_some).await.ok()?.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontrow_application::Outage;
    use std::sync::Arc;
    use std::time::Duration;
    use tokio::sync::Notify;

    #[tokio::test]
    async fn all_who_wait_share_what_comes_of_it_although_the_first_one_has_gone() {
        let go_on = Arc::new(Notify::new());
        let may = Arc::clone(&go_on);
        let away = StoreError::Outage(Outage::Unavailable { retry_after: Duration::from_secs(1) });
        let fails = away.clone();
        let asked = SharedRead::<()>::begin(&Handle::current(), async move {
            may.notified().await;
            Err(fails)
        });
        let waiting: Vec<_> = (0..5).map(|_| tokio::spawn(asked.clone().outcome())).collect();
        assert!(asked.goes_on());
        drop(asked);
        go_on.notify_one();
        for waiting in waiting {
            assert_eq!(waiting.await.unwrap(), Some(Err(away.clone())));
        }
    }

    #[test]
    fn what_is_cut_off_has_no_outcome() {
        let gone = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let asked = SharedRead::<()>::begin(gone.handle(), std::future::pending());
        drop(gone);
        assert!(!asked.goes_on());
        let here = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(here.block_on(asked.outcome()), None);
    }
}

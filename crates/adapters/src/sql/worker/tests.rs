use super::*;
use crate::queue::Queued;
use crate::sql::connection::Failure;
use crate::sql::hook::Hook;
use crate::sql::testing::{Counter, database};
use std::sync::atomic::{AtomicBool, Ordering};

/// Panics where it is told to: outside transactions.
#[derive(Default)]
struct Clumsy {
    panics: AtomicBool,
}

static PANICS: AtomicBool = AtomicBool::new(false);

impl Queued for u32 {}

impl Work for Clumsy {
    type Request = u32;
    type Answer = u32;
    type Error = StoreError;

    fn name(_: &u32) -> &'static str {
        "clumsy"
    }

    /// Told between the transaction and the answers.
    fn note_seconds(_: &'static str, _: f64) {
        assert!(!PANICS.swap(false, Ordering::SeqCst), "as the test wants");
    }

    fn error(_: &u32, error: StoreError) -> StoreError {
        error
    }

    async fn transact(&self, connection: &WorkerConnection, requests: &[u32]) -> Result<Vec<Option<u32>>, Failure> {
        let transaction = connection.begin().await?;
        assert!(!self.panics.swap(false, Ordering::SeqCst), "as the test wants");
        connection.end(transaction, Ok(requests.iter().copied().map(Some).collect())).await
    }
}

#[tokio::test]
async fn a_worker_goes_on_after_a_panic_wherever_it_was() {
    let (database, _folder) = database().await;
    let context = WorkerContext { database, ids: Arc::new(Counter::default()), hook: <dyn Hook>::none() };
    let clumsy = Clumsy { panics: AtomicBool::new(true) };
    let workers = Workers::open(clumsy, &context, 1, Limits::of(8, 8)).await.unwrap();
    let failed = workers.ask(1).await;
    assert!(matches!(failed, Err(StoreError::Fault(_))), "nothing was committed: {failed:?}");
    assert_eq!(workers.ask(2).await, Ok(2));
    PANICS.store(true, Ordering::SeqCst);
    assert_eq!(workers.ask(3).await, Err(StoreError::Unknown), "nobody knows, because nobody was answered");
    assert_eq!(workers.ask(4).await, Ok(4));
    workers.drain().await;
}

//! What workers do.

use super::connection::WorkerConnection;
use crate::queue::Queued;
use crate::sql::connection::Failure;
use crate::sql::dialect::class::RETRY_AFTER;
use frontrow_application::Outage;
use frontrow_application::port::StoreError;

/// A kind of work: what one transaction does, and what becomes of those who asked when there is none.
pub(in crate::sql) trait Work: Send + Sync + 'static {
    type Request: Queued + Send + Sync + 'static;
    type Answer: Send + 'static;
    type Error: From<Outage> + Send + 'static;
    /// Whether a request is dropped when whoever made it has gone before it was begun. Otherwise it is carried out all the
    /// same.
    const DROPS_DESERTED: bool = false;

    /// The word for the request in the log and in metrics.
    fn name(request: &Self::Request) -> &'static str;

    /// Notes in metrics how long a request of that name took once it was begun, retries included.
    fn note_seconds(name: &'static str, seconds: f64);

    /// Notes in metrics for how many seconds each request of a batch has waited, and how many wait besides.
    fn note_wait(_waited: impl Iterator<Item = f64>, _left: usize) {}

    /// Notes in metrics how many requests one transaction has served.
    fn note_served(_requests: usize) {}

    /// What somebody is told who has that many requests waiting, and may have no more.
    fn too_many(_most: usize) -> Self::Error {
        Outage::Busy { retry_after: RETRY_AFTER }.into()
    }

    /// What whoever made the request is told when it was given up.
    fn error(request: &Self::Request, error: StoreError) -> Self::Error;

    /// One transaction for all of them, whole; an answer for each, in their order, or `None` for one that was left out and has
    /// to be tried by itself. May run several times for the same requests: what was done already has to be found, and answered
    /// again.
    fn transact(
        &self,
        connection: &WorkerConnection,
        requests: &[Self::Request],
    ) -> impl Future<Output = Result<Vec<Option<Self::Answer>>, Failure>> + Send;
}

/// What whoever asked gets.
pub(super) type Reply<W> = Result<<W as Work>::Answer, <W as Work>::Error>;

//! Repositories of sales that treat a sale and its queue as two things: the suite has to name them.

use crate::memory::InMemory;
use async_trait::async_trait;
use frontrow_application::port::{QueueStore, Revision, SaleRepository, StoreError, Stored};
use frontrow_contract_tests::{Failure, Fixture, Programme, SuitePorts, World, run_some};
use frontrow_domain::waiting_room::{Queue, QueueUpdate, SaleDates};
use frontrow_domain::{Instant, Sale, SaleId};
use std::sync::Arc;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// Opens the queue, and then saves the sale.
    OpensFirst,
    /// Saves the sale, and moves the queue's dates whether that was done or not.
    FollowsWhatIsStale,
    /// Saves the dates of a sale, and leaves its queue alone.
    FollowsNothing,
    /// Looks at the revision first, and saves later: two at once do it twice.
    LooksAndSavesLater,
}

struct Faulty(Fault);

struct Sales {
    fault: Fault,
    inner: Arc<dyn SaleRepository>,
    queues: Arc<dyn QueueStore>,
}

#[async_trait]
impl World for Faulty {
    async fn fresh(&self, programme: &Programme, suite: &SuitePorts) -> Result<Fixture, Failure> {
        let mut fixture = InMemory.fresh(programme, suite).await?;
        let (Some(catalogue), Some(queues)) = (&mut fixture.catalogue, &fixture.queues) else { return Ok(fixture) };
        let (inner, queues) = (Arc::clone(&catalogue.sales), Arc::clone(&queues.instances[0].store));
        catalogue.sales = Arc::new(Sales { fault: self.0, inner, queues });
        Ok(fixture)
    }
}

impl Sales {
    async fn follow(&self, sale: &Sale, dates: SaleDates) -> Result<(), StoreError> {
        let update = QueueUpdate::Sale { dates, at: Instant::from_micros(i64::MIN) };
        self.queues.update_queue(sale.id, &update, None).await.map(drop)
    }
}

#[async_trait]
impl SaleRepository for Sales {
    async fn sale(&self, id: SaleId) -> Result<Option<Stored<Sale>>, StoreError> {
        self.inner.sale(id).await
    }

    async fn save_sale(&self, sale: &Sale, read: Option<Revision>) -> Result<(), StoreError> {
        let before = self.queues.queue(sale.id).await?.and_then(|queue| queue.dates);
        let saved = self.inner.save_sale(sale, read).await;
        match (self.fault, before) {
            (Fault::FollowsWhatIsStale, Some(_)) => self.follow(sale, SaleDates::of(sale)).await?,
            (Fault::FollowsNothing, Some(before)) => self.follow(sale, before).await?,
            _ => {}
        }
        saved
    }

    async fn save_with_queue(&self, sale: &Sale, read: Revision, queue: &Queue) -> Result<(), StoreError> {
        match self.fault {
            Fault::OpensFirst => {
                self.queues.open_queue(queue).await?;
                self.inner.save_sale(sale, Some(read)).await
            }
            Fault::LooksAndSavesLater => {
                let known = self.inner.sale(sale.id).await?.map(|stored| stored.revision);
                if known != Some(read) {
                    return Err(StoreError::Stale);
                }
                for _ in 0..50 {
                    tokio::task::yield_now().await;
                }
                loop {
                    let Some(known) = self.inner.sale(sale.id).await? else { return Err(StoreError::Stale) };
                    match self.inner.save_with_queue(sale, known.revision, queue).await {
                        Err(StoreError::Stale) => {}
                        saved => return saved,
                    }
                }
            }
            _ => self.inner.save_with_queue(sale, read, queue).await,
        }
    }
}

/// Each of the cases fails.
async fn seen_by(fault: Fault, cases: &[&'static str]) -> Result<(), Failure> {
    let report = run_some(Arc::new(Faulty(fault)), |name| cases.contains(&name)).await;
    let failed: Vec<&str> = report.failed.iter().map(|(name, _)| *name).collect();
    match cases.iter().find(|case| !failed.contains(*case)) {
        None => Ok(()),
        Some(case) => Err(Failure::new(format!("{case} does not see through {fault:?}: {report:?}"))),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_opened_before_its_sale_is_saved() -> Result<(), Failure> {
    let cases = ["a_sale_and_its_queue_become_public_together", "a_queue_from_before_the_publication_is_replaced"];
    seen_by(Fault::OpensFirst, &cases).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_does_not_follow_its_sale_or_follows_what_was_not_saved() -> Result<(), Failure> {
    seen_by(Fault::FollowsNothing, &["a_queue_follows_the_dates_of_its_sale"]).await?;
    seen_by(Fault::FollowsWhatIsStale, &["a_queue_follows_the_dates_of_its_sale"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publication_that_looks_first_and_saves_later() -> Result<(), Failure> {
    seen_by(Fault::LooksAndSavesLater, &["a_queue_from_before_the_publication_is_replaced"]).await
}

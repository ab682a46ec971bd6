//! Ticks run by themselves: which are due, while others run.

use super::*;
use crate::port::{Join, Joined};
use async_trait::async_trait;
use frontrow_domain::UserId;
use frontrow_domain::waiting_room::QueueNumber;
use futures_util::FutureExt;
use tokio::sync::Semaphore;

/// Says nothing of sale 0's numbers until it may: each permit is for one answer.
struct Stuck(Semaphore);

#[async_trait]
impl NumberDispenser for Stuck {
    async fn join(&self, join: Join) -> Result<Joined, StoreError> {
        panic!("{join:?}")
    }

    async fn issued(&self, of: SaleId, groups: usize) -> Result<Vec<u64>, StoreError> {
        if of == sale(0).id {
            self.0.acquire().await.unwrap().forget();
        }
        Ok(vec![0; groups])
    }

    async fn entries(&self, of: SaleId, _: Group, _: u64, _: u32) -> Result<Vec<(QueueNumber, UserId)>, StoreError> {
        panic!("{of}")
    }

    async fn forget(&self, of: SaleId) -> Result<(), StoreError> {
        panic!("{of}")
    }
}

/// The queues of sales 0 and 1, of which the first can't be ticked until it may. Each tick of the second admits so many.
fn two_queues(admitted: Vec<usize>) -> (Arc<TickQueues>, Arc<Stuck>) {
    let views = queues(queue(), sale_with_room(0));
    views.replace(Queue { sale: sale(1).id, ..queue() }, Arc::new(sale_with_room(1)), at(NOW));
    let (mut store, admitted) = (MockQueueStore::new(), Mutex::new(admitted.into_iter()));
    store.expect_tick().returning(move |order| {
        let of = Queue { sale: order.sale.id, ..queue() };
        let many = if of.sale == sale(1).id { admitted.lock().unwrap().next().unwrap() } else { 0 };
        Ok(Some(TickReport { admitted: vec![crate::testing::buyer(1).key; many], ..report(of) }))
    });
    let stuck = Arc::new(Stuck(Semaphore::new(0)));
    (Arc::new(TickQueues { dispenser: stuck.clone(), ..ticks(views, store) }), stuck)
}

fn sales(due: &[DueTick]) -> Vec<SaleId> {
    due.iter().map(DueTick::sale).collect()
}

#[tokio::test]
async fn a_queue_whose_tick_does_not_end_keeps_no_other_waiting() {
    let (ticks, stuck) = two_queues(vec![0; 4]);
    let (first, second) = (sale(0).id, sale(1).id);
    let mut due = ticks.due(false);
    assert_eq!(sales(&due), [first, second]);
    let other = due.pop().unwrap();
    let mut waiting = Box::pin(due.pop().unwrap().run());
    assert!((&mut waiting).now_or_never().is_none());
    assert!(matches!(other.run().await, Ticked { report: Ok(Some(_)), next: None }));
    for _ in 0..3 {
        let mut due = ticks.due(false);
        assert_eq!(sales(&due), [second], "the first one is passed over");
        assert!(due.pop().unwrap().run().await.report.unwrap().is_some());
    }
    stuck.0.add_permits(1);
    assert!(matches!(waiting.await, Ticked { report: Ok(Some(_)), next: None }));
    assert_eq!(sales(&ticks.due(false)), [first, second]);
}

#[tokio::test]
async fn an_urgent_tick_that_is_asked_for_while_one_runs_comes_right_after_it() {
    let (ticks, stuck) = two_queues(Vec::new());
    let mut waiting = Box::pin(ticks.due(false).remove(0).run());
    assert!((&mut waiting).now_or_never().is_none());
    assert_eq!(sales(&ticks.due(true)), [sale(1).id]);
    stuck.0.add_permits(2);
    let next = waiting.await.next.unwrap();
    assert_eq!(sales(&ticks.due(false)), [sale(1).id], "it has begun already");
    assert!(next.run().await.next.is_none(), "one is enough");
}

#[tokio::test]
async fn a_tick_that_admits_as_many_as_it_can_is_followed_by_another() {
    let (ticks, _) = two_queues(vec![Tick::BATCH, Tick::BATCH - 1]);
    let first = ticks.due(false).remove(1).run().await;
    assert!(first.next.unwrap().run().await.next.is_none());
}

#[tokio::test]
async fn a_tick_that_nobody_runs_is_due_again() {
    let (ticks, _) = two_queues(Vec::new());
    let due = ticks.due(false);
    assert!(ticks.due(false).is_empty());
    drop(due);
    assert_eq!(ticks.due(false).len(), 2);
}

#[tokio::test]
async fn a_queue_that_is_over_is_not_ticked() {
    let (ticks, _) = two_queues(Vec::new());
    let due = ticks.due(false).remove(0);
    ticks.queues.replace_all(Vec::new(), at(NOW));
    assert!(matches!(due.run().await, Ticked { report: Ok(None), next: None }));
}

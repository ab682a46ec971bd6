//! What operators do with a queue, and see of it.

use crate::port::{Clock, IdSource, NumberDispenser, OperatorAction, QueueFigures, QueueStore};
use crate::{ActingOperator, Conflict, Error, Missing, Page, PageRequest};
use frontrow_domain::waiting_room::{Admitted, Phase, Queue, QueueChange, QueueUpdate};
use frontrow_domain::{Instant, Rejection, SaleId};
use std::sync::Arc;
use uuid::Uuid;

/// A queue with its figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueReport {
    /// As it was read from the store for this report.
    pub queue: Queue,
    /// Its figures.
    pub figures: QueueFigures,
    /// By group, how many numbers were handed out.
    pub issued: Vec<u64>,
}

/// Opens, pauses, drains, closes and changes queues, and shows operators how they are.
pub struct OperateQueue {
    /// Keeps the queues, and notes who did what.
    pub store: Arc<dyn QueueStore>,
    /// Knows how many have joined.
    pub dispenser: Arc<dyn NumberDispenser>,
    /// Makes the ids of actions.
    pub ids: Arc<dyn IdSource>,
    /// Gives the instant that the rules decide by.
    pub clock: Arc<dyn Clock>,
}

impl OperateQueue {
    /// Changes what the change names; everything else stays. Once the sale has closed, its queue is closed, whatever an
    /// operator orders: that is refused, because the next tick would undo it.
    pub async fn change(&self, by: ActingOperator, sale: SaleId, change: &QueueChange) -> Result<Queue, Error> {
        let queue = self.store.queue(sale).await?.ok_or(Error::NotFound(Missing::Queue))?;
        change.check(queue.groups.len())?;
        let goes_on = change.phase.is_some_and(|phase| phase != Phase::Closed);
        if let Some(closed) = queue.sale_closed(self.clock.now()).filter(|_| goes_on) {
            return Err(Error::Rejected(Rejection::SaleClosed { closed }));
        }
        let action = action(by, sale, change.to_string(), &*self.ids, &*self.clock);
        let updated = self.store.update_queue(sale, &QueueUpdate::Operator(change.clone()), Some(action)).await?;
        let updated = updated.ok_or(Error::NotFound(Missing::Queue))?;
        updated.map_err(|flaw| Conflict::QueuePhase(flaw).into())
    }

    /// Lets a queue go on from `now`, the database's time, that a wrong clock has moved into the future. Says what it was;
    /// changes nothing if it was not.
    pub async fn reset_clock(&self, by: ActingOperator, sale: SaleId, now: Instant) -> Result<Queue, Error> {
        let queue = self.store.queue(sale).await?.ok_or(Error::NotFound(Missing::Queue))?;
        let ahead = queue.last_tick.since(now);
        let what = format!("clock set back by {} s", ahead.as_secs());
        let action = action(by, sale, what, &*self.ids, &*self.clock);
        let updated = self.store.update_queue(sale, &QueueUpdate::ResetClock(now), Some(action)).await?;
        updated.ok_or(Error::NotFound(Missing::Queue))?.map_err(|flaw| Error::from(Conflict::QueuePhase(flaw)))?;
        Ok(queue)
    }

    /// The queue as it is.
    pub async fn report(&self, _by: ActingOperator, sale: SaleId) -> Result<QueueReport, Error> {
        let queue = self.store.queue(sale).await?.ok_or(Error::NotFound(Missing::Queue))?;
        let issued = self.issued(&queue).await?;
        let figures = self.store.figures(sale, self.clock.now()).await?;
        Ok(QueueReport { queue, figures, issued })
    }

    /// Who was admitted when, without saying who they are.
    pub async fn log(
        &self,
        sale: SaleId,
        page: PageRequest<(i64, u8, u64)>,
    ) -> Result<Page<Admitted, (i64, u8, u64)>, Error> {
        self.store.queue(sale).await?.ok_or(Error::NotFound(Missing::Queue))?;
        Ok(self.store.log(sale, page).await?)
    }

    /// Nobody joins a closed queue any more, and the dispenser may have forgotten it.
    async fn issued(&self, queue: &Queue) -> Result<Vec<u64>, Error> {
        if queue.phase == Phase::Closed {
            return Ok(queue.groups.iter().map(|group| group.issued).collect());
        }
        Ok(self.dispenser.issued(queue.sale, queue.groups.len()).await?)
    }

    /// What operators have done to the queue, the newest first.
    pub async fn actions(
        &self,
        _by: ActingOperator,
        sale: SaleId,
        page: PageRequest<Uuid>,
    ) -> Result<Page<OperatorAction, Uuid>, Error> {
        self.store.queue(sale).await?.ok_or(Error::NotFound(Missing::Queue))?;
        Ok(self.store.actions(sale, page).await?)
    }
}

/// What an operator does now.
pub(super) fn action(
    by: ActingOperator,
    sale: SaleId,
    what: String,
    ids: &dyn IdSource,
    clock: &dyn Clock,
) -> OperatorAction {
    OperatorAction { id: ids.id(), by: by.user(), at: clock.now(), sale, what }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{EndedFigures, MockNumberDispenser, MockQueueStore};
    use crate::testing::{at, clock, ids, operator, queue, sale, user};
    use frontrow_domain::Invalid;
    use frontrow_domain::waiting_room::{NotNow, SaleDates};

    const NOW: i64 = 100;

    fn operate(store: MockQueueStore) -> OperateQueue {
        let dispenser = Arc::new(MockNumberDispenser::new());
        OperateQueue { store: Arc::new(store), dispenser, ids: ids(), clock: clock(NOW) }
    }

    /// A store with the queue of sale 0.
    fn store() -> MockQueueStore {
        let mut store = MockQueueStore::new();
        store.expect_queue().returning(|id| Ok(Some(queue()).filter(|queue| queue.sale == id)));
        store
    }

    fn change() -> QueueChange {
        QueueChange { capacity: Some(20), ..QueueChange::default() }
    }

    /// By operator 9.
    fn noted(what: &str) -> OperatorAction {
        OperatorAction { id: Uuid::from_u128(1), by: user(9), at: at(NOW), sale: sale(0).id, what: what.to_owned() }
    }

    /// What comes of the change if the store says that.
    async fn change_when(answer: Option<Result<Queue, NotNow>>) -> Result<Queue, Error> {
        let mut store = store();
        store.expect_update_queue().times(1).return_once(move |_, _, _| Ok(answer));
        operate(store).change(operator(9), sale(0).id, &change()).await
    }

    #[tokio::test]
    async fn a_queue_is_changed_and_who_did_it_noted_with_it() {
        let mut store = store();
        store
            .expect_update_queue()
            .withf(|id, update, action| {
                let Some(action) = action else { return false };
                (*id, update, action) == (sale(0).id, &QueueUpdate::Operator(change()), &noted("capacity 20"))
            })
            .times(1)
            .returning(|_, update, _| Ok(Some(queue().update(update))));
        let changed = operate(store).change(operator(9), sale(0).id, &change()).await;
        assert_eq!(changed.unwrap(), Queue { capacity: 20, version: queue().version.next(), ..queue() });
    }

    #[tokio::test]
    async fn a_change_with_flaws_changes_nothing_and_hears_of_all_of_them() {
        let flawed = QueueChange {
            phase: Some(Phase::Lobby),
            capacity: Some(0),
            weights: Some(vec![1]),
            ..QueueChange::default()
        };
        let refused = operate(store()).change(operator(9), sale(0).id, &flawed).await;
        let Err(Error::Invalid(Invalid(flaws))) = refused else { panic!("{refused:?}") };
        let found: Vec<_> = flaws.iter().map(|flaw| flaw.pointer.as_str()).collect();
        assert_eq!(found, ["/capacity", "/weights", "/phase"]);
    }

    #[tokio::test]
    async fn what_an_operator_orders_of_a_queue_whose_sale_has_closed_is_refused() {
        let closed = |closes| Queue { dates: Some(SaleDates { opens: at(1), closes }), ..queue() };
        let order = |phase| QueueChange { phase, ..change() };
        let change = async |queue: Queue, phase| {
            let mut store = MockQueueStore::new();
            let (found, known) = (queue.clone(), queue);
            store.expect_queue().returning(move |_| Ok(Some(found.clone())));
            store.expect_update_queue().returning(move |_, update, _| Ok(Some(known.update(update))));
            operate(store).change(operator(9), sale(0).id, &order(phase)).await
        };
        let refused = Err(Error::Rejected(Rejection::SaleClosed { closed: at(NOW) }));
        for phase in [Phase::Open, Phase::Paused, Phase::Draining] {
            assert_eq!(change(closed(at(NOW)), Some(phase)).await, refused, "{phase:?}");
            assert!(change(closed(at(NOW + 1)), Some(phase)).await.is_ok(), "{phase:?}");
        }
        for harmless in [Some(Phase::Closed), None] {
            assert!(change(closed(at(NOW)), harmless).await.is_ok(), "{harmless:?}");
        }
    }

    #[tokio::test]
    async fn a_queue_in_the_future_is_set_back_and_who_did_it_noted_with_it() {
        let (mut store, ahead) = (MockQueueStore::new(), Queue { last_tick: at(NOW + 3600), ..queue() });
        let found = ahead.clone();
        store.expect_queue().returning(move |_| Ok(Some(found.clone())));
        let found = ahead.clone();
        store
            .expect_update_queue()
            .withf(|id, update, action| {
                let noted = Some(noted("clock set back by 3600 s"));
                (*id, update, action) == (sale(0).id, &QueueUpdate::ResetClock(at(NOW)), &noted)
            })
            .times(1)
            .returning(move |_, update, _| Ok(Some(found.update(update))));
        assert_eq!(operate(store).reset_clock(operator(9), sale(0).id, at(NOW)).await, Ok(ahead));
    }

    #[tokio::test]
    async fn where_the_queue_cant_go_from_where_it_is_is_a_conflict() {
        let not_now = NotNow { from: Phase::Lobby, to: Phase::Paused };
        assert_eq!(change_when(Some(Err(not_now))).await, Err(Conflict::QueuePhase(not_now).into()));
        assert_eq!(change_when(None).await, Err(Error::NotFound(Missing::Queue)));
    }

    #[tokio::test]
    async fn a_sale_without_a_queue_has_nothing_to_operate() {
        let (operate, other) = (operate(store()), sale(1).id);
        let missing = Error::NotFound(Missing::Queue);
        assert_eq!(operate.change(operator(9), other, &change()).await, Err(missing.clone()));
        assert_eq!(operate.report(operator(9), other).await, Err(missing.clone()));
        assert_eq!(operate.log(other, PageRequest { limit: 10, after: None }).await, Err(missing.clone()));
        assert_eq!(operate.actions(operator(9), other, PageRequest { limit: 10, after: None }).await, Err(missing));
    }

    #[tokio::test]
    async fn a_report_says_how_many_joined_are_checked_in_and_are_in() {
        let ended = EndedFigures { paid: 3, left: 1, ..EndedFigures::default() };
        let figures = QueueFigures { present: 3, active: 2, admitted: 7, ended };
        let mut store = store();
        let asked = (sale(0).id, at(NOW));
        store.expect_figures().withf(move |id, now| (*id, *now) == asked).return_once(move |_, _| Ok(figures));
        let mut dispenser = MockNumberDispenser::new();
        let asked = (sale(0).id, 2);
        dispenser.expect_issued().withf(move |id, groups| (*id, *groups) == asked).return_once(|_, _| Ok(vec![31, 4]));
        let operate = OperateQueue { dispenser: Arc::new(dispenser), ..operate(store) };
        let report = QueueReport { queue: queue(), figures, issued: vec![31, 4] };
        assert_eq!(operate.report(operator(9), sale(0).id).await, Ok(report));
    }

    #[tokio::test]
    async fn of_a_closed_queue_the_dispenser_need_not_know_anything() {
        let mut store = MockQueueStore::new();
        let closed = Queue { phase: Phase::Closed, ..queue() };
        let known = closed.clone();
        store.expect_queue().return_once(move |_| Ok(Some(known)));
        store.expect_figures().return_once(|_, _| Ok(QueueFigures::default()));
        let report = operate(store).report(operator(9), sale(0).id).await.unwrap();
        assert_eq!((report.queue, report.issued), (closed, vec![30, 0]));
    }

    #[tokio::test]
    async fn the_log_is_read_page_by_page() {
        let mut store = store();
        let after = Some((4, 0, 15));
        store
            .expect_log()
            .withf(move |id, page| *id == sale(0).id && *page == PageRequest { limit: 10, after })
            .return_once(|_, _| Ok(Page { items: Vec::new(), next: None }));
        let operate = operate(store);
        let page = operate.log(sale(0).id, PageRequest { limit: 10, after }).await.unwrap();
        assert_eq!((page.items, page.next), (Vec::new(), None));
    }

    #[tokio::test]
    async fn what_operators_have_done_is_read_page_by_page() {
        let mut store = store();
        let asked = PageRequest { limit: 10, after: Some(Uuid::from_u128(5)) };
        let (expected, page) = (asked.clone(), Page { items: vec![noted("bar x")], next: Some(Uuid::from_u128(1)) });
        let found = page.clone();
        store
            .expect_actions()
            .withf(move |id, asked| (*id, asked) == (sale(0).id, &expected))
            .return_once(move |_, _| Ok(found));
        assert_eq!(operate(store).actions(operator(9), sale(0).id, asked).await, Ok(page));
    }
}

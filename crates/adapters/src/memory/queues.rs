//! Queues of waiting rooms, their check-ins, and who was admitted.

use super::Memory;
use super::state::State;
use async_trait::async_trait;
use frontrow_application::port::{
    BuyerPresence, EndedFigures, OperatorAction, QueueFigures, QueueStore, StoreError, TickOrder, TickReport,
};
use frontrow_application::{FaultId, Page, PageRequest};
use frontrow_domain::waiting_room::{
    Admitted, CheckIn, CheckInOutcome, NotNow, Phase, Queue, QueueUpdate, Tick, TickInput, TickOutcome,
};
use frontrow_domain::{Buyer, BuyerKey, Instant, SaleId, Stale};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use uuid::Uuid;

impl Memory {
    /// What operators have done to waiting rooms, the oldest first.
    pub fn operator_actions(&self) -> Vec<OperatorAction> {
        self.state().operated.0.clone()
    }

    fn queue_fault(&self, sale: SaleId, cause: &Stale) -> StoreError {
        let fault = FaultId(self.ids.id());
        tracing::error!(%fault, %sale, %cause, "a tick failed");
        StoreError::Fault(fault)
    }
}

#[async_trait]
impl QueueStore for Memory {
    async fn open_queue(&self, queue: &Queue) -> Result<(), StoreError> {
        self.state().rooms.open_queue(queue.clone());
        Ok(())
    }

    async fn queues(&self) -> Result<Vec<Queue>, StoreError> {
        let state = self.state();
        Ok(state.rooms.queues.values().filter(|queue| !state.is_over(queue)).cloned().collect())
    }

    async fn over_queues(&self) -> Result<Vec<Queue>, StoreError> {
        let state = self.state();
        let over = state.rooms.queues.values().filter(|queue| state.is_over(queue));
        Ok(over.filter(|queue| !state.numbers.forgotten.contains(&queue.sale)).cloned().collect())
    }

    async fn forget_queue(&self, sale: SaleId, now: Instant) -> Result<bool, StoreError> {
        let state = &mut *self.state();
        let is_over =
            state.rooms.queues.get(&sale).is_some_and(|queue| state.is_over(queue) && queue.is_forgotten(now));
        if is_over {
            state.rooms.entries.retain(|key, _| key.sale != sale);
            state.rooms.check_ins.retain(|key, _| key.sale != sale);
            state.numbers.by_number.retain(|(of, ..), _| *of != sale);
            state.numbers.forgotten.insert(sale);
        }
        Ok(is_over)
    }

    async fn queue(&self, sale: SaleId) -> Result<Option<Queue>, StoreError> {
        Ok(self.state().rooms.queues.get(&sale).cloned())
    }

    async fn update_queue(
        &self,
        sale: SaleId,
        update: &QueueUpdate,
        action: Option<OperatorAction>,
    ) -> Result<Option<Result<Queue, NotNow>>, StoreError> {
        let state = &mut *self.state();
        let Some(queue) = state.rooms.queues.get_mut(&sale) else { return Ok(None) };
        Ok(Some(queue.update(update).inspect(|next| {
            state.operated.0.extend(action.filter(|_| next.version != queue.version));
            queue.clone_from(next);
        })))
    }

    async fn note(&self, action: &OperatorAction) -> Result<(), StoreError> {
        self.state().operated.0.push(action.clone());
        Ok(())
    }

    async fn actions(&self, sale: SaleId, page: PageRequest<Uuid>) -> Result<Page<OperatorAction, Uuid>, StoreError> {
        let state = self.state();
        let of_sale = state.operated.0.iter().filter(|action| action.sale == sale);
        let wanted = of_sale.filter(|action| page.after.is_none_or(|after| action.id < after));
        let mut items: Vec<OperatorAction> = wanted.cloned().collect();
        items.sort_by_key(|action| Reverse(action.id));
        items.truncate(page.limit as usize + 1);
        Ok(Page::of(items, page.limit, |action| action.id))
    }

    async fn tick(&self, order: &TickOrder) -> Result<Option<TickReport>, StoreError> {
        let mut state = self.state();
        let now = self.clock.now();
        state.tick(order, now).map_err(|conflict| self.queue_fault(order.sale.id, &conflict))
    }

    async fn check_in(&self, check_in: CheckIn, lapsed: bool) -> Result<CheckInOutcome, StoreError> {
        let State { bookings, rooms, .. } = &mut *self.state();
        Ok(rooms.check_in(bookings, check_in, lapsed))
    }

    async fn whereabouts(&self, key: BuyerKey) -> Result<BuyerPresence, StoreError> {
        let State { bookings, rooms, .. } = &*self.state();
        Ok(BuyerPresence { buyer: bookings.buyers.get(&key).copied(), check_in: rooms.check_ins.get(&key).copied() })
    }

    async fn admitted(&self, keys: &[BuyerKey]) -> Result<Vec<Buyer>, StoreError> {
        let state = self.state();
        let now = self.clock.now();
        let buyers = keys.iter().filter_map(|key| state.bookings.buyers.get(key));
        Ok(buyers.filter(|buyer| buyer.live_admission(now).is_some()).copied().collect())
    }

    async fn log(
        &self,
        sale: SaleId,
        page: PageRequest<(i64, u8, u64)>,
    ) -> Result<Page<Admitted, (i64, u8, u64)>, StoreError> {
        let state = self.state();
        let of_sale = state.rooms.log.iter().filter(|admitted| admitted.key.sale == sale);
        let wanted = of_sale.filter(|admitted| page.after.is_none_or(|after| log_position(admitted) > after));
        let mut items: Vec<Admitted> = wanted.copied().collect();
        items.sort_by_key(log_position);
        items.truncate(page.limit as usize + 1);
        Ok(Page::of(items, page.limit, log_position))
    }

    async fn figures(&self, sale: SaleId, now: Instant) -> Result<QueueFigures, StoreError> {
        let state = self.state();
        let present = state.rooms.check_ins.values();
        let present =
            present.filter(|check_in| check_in.key.sale == sale && CheckIn::is_present(check_in.seen_at, now)).count();
        let admitted = state.rooms.queues.get(&sale).map_or(0, |queue| queue.admitted);
        let mut ended = EndedFigures::default();
        let buyers = state.bookings.buyers.values().filter(|buyer| buyer.key.sale == sale);
        buyers.filter_map(|buyer| buyer.ended).for_each(|how| ended.add(how, 1));
        Ok(QueueFigures { present: present as u64, active: state.active(sale) as u64, admitted, ended })
    }
}

/// A tick admits its people group by group in turns; the log has them by rank.
fn log_position(admitted: &Admitted) -> (i64, u8, u64) {
    (admitted.tick, admitted.group.get(), admitted.rank.get())
}

impl State {
    /// How many people of a sale are admitted.
    fn active(&self, sale: SaleId) -> usize {
        self.bookings.admissions.keys().filter(|key| key.sale == sale).count()
    }

    fn is_over(&self, queue: &Queue) -> bool {
        queue.phase == Phase::Closed && self.active(queue.sale) == 0
    }

    /// One tick, whole.
    fn tick(&mut self, order: &TickOrder, now: Instant) -> Result<Option<TickReport>, Stale> {
        let Self { bookings, rooms, .. } = self;
        let Some(queue) = rooms.queues.get(&order.sale.id) else { return Ok(None) };
        let Some(found) = rooms.input(bookings, order.sale.id, order.stock, now) else { return Ok(None) };
        // Numbers may be handed out elsewhere.
        let input = TickInput { issued: order.issued.clone(), turned_away: order.turned_away, ..found };
        let tick = Tick::plan(queue, &order.sale, order.session, &input, now);
        let locked: BTreeMap<_, _> =
            tick.buyers().into_iter().map(|key| (key, bookings.buyers.get(&key).copied())).collect();
        let ticked = tick.carry_out(&locked);
        let report = report(&ticked);
        rooms.store(bookings, ticked)?;
        Ok(Some(report))
    }
}

fn report(ticked: &TickOutcome) -> TickReport {
    TickReport {
        queue: ticked.queue.row.clone(),
        admitted: ticked.admitted.iter().map(|admission| admission.key).collect(),
        ended: ticked.ended.len(),
        quiet: ticked.quiet,
    }
}

//! Lines of waiting rooms, their doors, and who was admitted.

use super::{Memory, State};
use async_trait::async_trait;
use frontrow_application::port::{
    EndedFigures, LineFigures, LineStore, OperatorAction, StoreError, TickOrder, TickReport, Whereabouts,
};
use frontrow_application::{FaultId, Page, PageRequest};
use frontrow_domain::waiting_room::{Admitted, Claim, Claimed, Floor, Line, LineUpdate, NotNow, Phase, Tick, Ticked};
use frontrow_domain::{Buyer, BuyerKey, Conflict, Instant, SaleId};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use uuid::Uuid;

/// What operators have done, the oldest first.
#[derive(Default)]
pub(super) struct Operated(Vec<OperatorAction>);

impl Memory {
    /// What operators have done to waiting rooms, the oldest first.
    pub fn operator_actions(&self) -> Vec<OperatorAction> {
        self.state().operated.0.clone()
    }

    fn line_fault(&self, sale: SaleId, cause: &Conflict) -> StoreError {
        let fault = FaultId(self.ids.id());
        tracing::error!(%fault, %sale, %cause, "a tick failed");
        StoreError::Fault(fault)
    }
}

#[async_trait]
impl LineStore for Memory {
    async fn open_line(&self, line: &Line) -> Result<(), StoreError> {
        self.state().rooms.open_line(line.clone());
        Ok(())
    }

    async fn lines(&self) -> Result<Vec<Line>, StoreError> {
        let state = self.state();
        let lines = state.rooms.lines.values();
        Ok(lines.filter(|line| line.phase != Phase::Closed || state.active(line.sale) > 0).cloned().collect())
    }

    async fn line(&self, sale: SaleId) -> Result<Option<Line>, StoreError> {
        Ok(self.state().rooms.lines.get(&sale).cloned())
    }

    async fn update_line(
        &self,
        sale: SaleId,
        update: &LineUpdate,
        action: Option<OperatorAction>,
    ) -> Result<Option<Result<Line, NotNow>>, StoreError> {
        let state = &mut *self.state();
        let Some(line) = state.rooms.lines.get_mut(&sale) else { return Ok(None) };
        Ok(Some(line.update(update).inspect(|next| {
            state.operated.0.extend(action.filter(|_| next.version != line.version));
            line.clone_from(next);
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
        state.tick(order, now).map_err(|conflict| self.line_fault(order.sale.id, &conflict))
    }

    async fn claim(&self, claim: Claim, lapsed: bool) -> Result<Claimed, StoreError> {
        let State { books, rooms, .. } = &mut *self.state();
        Ok(rooms.claim(books, claim, lapsed))
    }

    async fn whereabouts(&self, key: BuyerKey) -> Result<Whereabouts, StoreError> {
        let State { books, rooms, .. } = &*self.state();
        Ok(Whereabouts { buyer: books.buyers.get(&key).copied(), claim: rooms.door.get(&key).copied() })
    }

    async fn admitted(&self, keys: &[BuyerKey]) -> Result<Vec<Buyer>, StoreError> {
        let state = self.state();
        let now = self.clock.now();
        let buyers = keys.iter().filter_map(|key| state.books.buyers.get(key));
        Ok(buyers.filter(|buyer| buyer.live_slot(now).is_some()).copied().collect())
    }

    async fn log(
        &self,
        sale: SaleId,
        page: PageRequest<(i64, u8, u64)>,
    ) -> Result<Page<Admitted, (i64, u8, u64)>, StoreError> {
        let state = self.state();
        let of_sale = state.rooms.log.iter().filter(|admitted| admitted.key.sale == sale);
        let wanted = of_sale.filter(|admitted| page.after.is_none_or(|after| place_in_log(admitted) > after));
        let mut items: Vec<Admitted> = wanted.copied().collect();
        items.sort_by_key(place_in_log);
        items.truncate(page.limit as usize + 1);
        Ok(Page::of(items, page.limit, place_in_log))
    }

    async fn figures(&self, sale: SaleId, now: Instant) -> Result<LineFigures, StoreError> {
        let state = self.state();
        let at_door = state.rooms.door.values();
        let at_door = at_door.filter(|claim| claim.key.sale == sale && Tick::is_present(claim.seen_at, now)).count();
        let admitted = state.rooms.lines.get(&sale).map_or(0, |line| line.admitted);
        let mut ended = EndedFigures::default();
        let buyers = state.books.buyers.values().filter(|buyer| buyer.key.sale == sale);
        buyers.filter_map(|buyer| buyer.ended).for_each(|how| ended.add(how, 1));
        Ok(LineFigures { at_door: at_door as u64, active: state.active(sale) as u64, admitted, ended })
    }
}

/// A tick admits its people group by group in turns; the log has them by rank.
fn place_in_log(admitted: &Admitted) -> (i64, u8, u64) {
    (admitted.tick, admitted.group.get(), admitted.rank.get())
}

impl State {
    /// Slots that are taken.
    fn active(&self, sale: SaleId) -> usize {
        self.books.admissions.keys().filter(|key| key.sale == sale).count()
    }

    /// One tick, whole.
    fn tick(&mut self, order: &TickOrder, now: Instant) -> Result<Option<TickReport>, Conflict> {
        let Self { books, rooms, .. } = self;
        let Some(line) = rooms.lines.get(&order.sale.id) else { return Ok(None) };
        let Some(found) = rooms.floor(books, order.sale.id, order.stock, now) else { return Ok(None) };
        // Numbers may be handed out elsewhere.
        let floor = Floor { issued: order.issued.clone(), turned_away: order.turned_away, ..found };
        let tick = Tick::plan(line, &order.sale, order.session, &floor, now);
        let locked: BTreeMap<_, _> =
            tick.buyers().into_iter().map(|key| (key, books.buyers.get(&key).copied())).collect();
        let ticked = tick.carry_out(&locked);
        let report = report(&ticked);
        rooms.store(books, ticked)?;
        Ok(Some(report))
    }
}

fn report(ticked: &Ticked) -> TickReport {
    TickReport {
        line: ticked.line.row.clone(),
        admitted: ticked.admitted.iter().map(|admission| admission.key).collect(),
        ended: ticked.ended.len(),
        quiet: ticked.quiet,
    }
}

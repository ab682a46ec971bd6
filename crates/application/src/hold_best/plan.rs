//! Which seats somebody should try to get who wants the best ones. Nothing is decided here: only tried in a good order.

use crate::Error;
use crate::port::{Clock, OnSale, SeatSnapshot, SeatSnapshots};
use frontrow_domain::{Block, HoldBest, Instant, Outcome, PerformanceId, SeatNumber, SeatsSeen, Wish};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Plans, and remembers what others have planned a moment ago: in a rush everybody gets seats of their own to try, so
/// that nobody has to wait for somebody else's, or to plan again.
pub struct BestSeats {
    snapshots: Arc<dyn SeatSnapshots>,
    clock: Arc<dyn Clock>,
    marks: Mutex<HashMap<PerformanceId, BTreeMap<SeatNumber, Mark>>>,
}

/// Why a seat is left to others although it looks free.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// Somebody is about to hold it.
    Planned,
    /// Somebody has held it, which snapshots begun by then may not show.
    Held(Instant),
}

/// What to try. While it lives, others try something else.
pub(super) struct Plan<'a> {
    pub blocks: Vec<Block>,
    pub wait: bool,
    /// Seats that could be had one by one; only counted where there are no blocks.
    pub left: u32,
    best: &'a BestSeats,
    performance: PerformanceId,
}

/// Seats of a plan that waits: no more than it takes to have a choice.
const MAX_WAITED_FOR: usize = 8;

impl BestSeats {
    /// Plans on those snapshots.
    pub fn new(snapshots: Arc<dyn SeatSnapshots>, clock: Arc<dyn Clock>) -> Self {
        Self { snapshots, clock, marks: Mutex::default() }
    }

    /// From what was read lately; or afresh if that has failed once, or if there is nothing left in it: memory alone
    /// never says that there is nothing.
    pub(super) async fn plan(
        &self,
        on_sale: &OnSale,
        wish: &Wish,
        afresh: bool,
        wait: bool,
    ) -> Result<Plan<'_>, Error> {
        let id = on_sale.performance.id;
        if !afresh {
            let plan = self.plan_on(&*self.snapshots.recent(id).await?, on_sale, wish, wait);
            if !plan.blocks.is_empty() && !plan.wait {
                return Ok(plan);
            }
        }
        Ok(self.plan_on(&*self.snapshots.fresh(id).await?, on_sale, wish, wait))
    }

    fn plan_on(&self, snapshot: &SeatSnapshot, on_sale: &OnSale, wish: &Wish, wait: bool) -> Plan<'_> {
        let performance = on_sale.performance.id;
        let mut plan = Plan { blocks: Vec::new(), wait, left: 0, best: self, performance };
        let free = self.free(snapshot, on_sale);
        let most = if wait { MAX_WAITED_FOR.max(wish.count as usize) } else { HoldBest::MAX_CANDIDATES };
        let mut marks = self.marks();
        let marked = marks.entry(performance).or_default();
        marked.retain(|_, mark| !matches!(mark, Mark::Held(at) if *at < snapshot.begun));
        let unmarked: Vec<bool> = without(&free, marked);
        plan.blocks = SeatsSeen { layout: &on_sale.layout, free: &unmarked }.best(wish, most);
        match plan.blocks.first() {
            Some(first) if !wait => marked.extend(first.iter().map(|seat| (*seat, Mark::Planned))),
            Some(_) => {}
            // Whoever is about to hold them may not come to it.
            None => {
                let hall = SeatsSeen { layout: &on_sale.layout, free: &free };
                plan.blocks = hall.best(wish, MAX_WAITED_FOR.max(wish.count as usize));
                plan.wait = true;
                plan.left = hall.left(wish);
            }
        }
        plan
    }

    fn free(&self, snapshot: &SeatSnapshot, on_sale: &OnSale) -> Vec<bool> {
        let now = self.clock.now();
        let mut free = vec![true; on_sale.layout.seat_count() as usize];
        for seat in &snapshot.not_free {
            if let Some(free) = free.get_mut(seat.key.number.index()) {
                *free = seat.state.can_be_taken(now);
            }
        }
        free
    }

    fn marks(&self) -> MutexGuard<'_, HashMap<PerformanceId, BTreeMap<SeatNumber, Mark>>> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn without(free: &[bool], marks: &BTreeMap<SeatNumber, Mark>) -> Vec<bool> {
    let mut free = free.to_vec();
    for seat in marks.keys() {
        if let Some(free) = free.get_mut(seat.index()) {
            *free = false;
        }
    }
    free
}

impl Plan<'_> {
    /// Others need not try these seats any more.
    pub(super) fn carried_out(&self, outcome: &Outcome) {
        let Outcome::Held(reservation) = outcome else { return };
        let now = self.best.clock.now();
        let mut marks = self.best.marks();
        let marked = marks.entry(self.performance).or_default();
        marked.extend(reservation.seats().map(|seat| (seat, Mark::Held(now))));
    }
}

impl Drop for Plan<'_> {
    fn drop(&mut self) {
        let mut marks = self.best.marks();
        let Some(marked) = marks.get_mut(&self.performance) else { return };
        if !self.wait {
            for seat in self.blocks.iter().take(1).flatten() {
                if marked.get(seat) == Some(&Mark::Planned) {
                    marked.remove(seat);
                }
            }
        }
        if marked.is_empty() {
            marks.remove(&self.performance);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::MockSeatSnapshots;
    use crate::testing::{at, clock, on_sale, reservation, seat};
    use frontrow_domain::{Reservation, SeatState};

    const WISH: fn() -> Wish = || Wish { count: 2, tier: "R".into(), accessible: false };

    fn best(now: i64, begun: i64, sold: Vec<u32>) -> BestSeats {
        let mut snapshots = MockSeatSnapshots::new();
        let not_free = sold.into_iter().map(|n| seat(n, SeatState::Sold { to: reservation().id })).collect();
        let snapshot = Arc::new(SeatSnapshot { begun: at(begun), not_free });
        let fresh = Arc::clone(&snapshot);
        snapshots.expect_recent().returning(move |_| Ok(Arc::clone(&snapshot)));
        snapshots.expect_fresh().returning(move |_| Ok(Arc::clone(&fresh)));
        BestSeats::new(Arc::new(snapshots), clock(now))
    }

    async fn first<'a>(best: &'a BestSeats, on_sale: &OnSale) -> (Vec<u32>, Plan<'a>) {
        let plan = best.plan(on_sale, &WISH(), false, false).await.unwrap();
        (plan.blocks[0].iter().map(|seat| seat.get()).collect(), plan)
    }

    #[tokio::test]
    async fn who_plans_at_the_same_time_tries_other_seats_until_they_are_given_up() {
        let (best, on_sale) = (best(100, 99, vec![]), on_sale());
        let (one, plan) = first(&best, &on_sale).await;
        let (two, _other) = first(&best, &on_sale).await;
        assert_eq!((one, two), (vec![1, 2], vec![3, 4]));
        drop(plan);
        assert_eq!(first(&best, &on_sale).await.0, [1, 2]);
    }

    #[tokio::test]
    async fn what_was_held_is_left_alone_until_a_snapshot_shows_it() {
        for (begun, expected) in [(99, vec![3, 4]), (100, vec![3, 4]), (101, vec![1, 2])] {
            let (best, on_sale) = (best(100, begun, vec![]), on_sale());
            let (_, plan) = first(&best, &on_sale).await;
            plan.carried_out(&Outcome::Held(reservation()));
            drop(plan);
            assert_eq!(first(&best, &on_sale).await.0, expected, "begun at {begun}");
        }
    }

    #[tokio::test]
    async fn what_everybody_else_has_planned_is_waited_for() {
        let (best, on_sale) = (best(100, 99, (3..=10).collect()), on_sale());
        let (_, plan) = first(&best, &on_sale).await;
        assert!(!plan.wait);
        let (seats, other) = first(&best, &on_sale).await;
        assert_eq!((seats, other.wait), (vec![1, 2], true));
        drop(other);
        assert!(first(&best, &on_sale).await.1.wait, "still somebody else's");
    }

    #[tokio::test]
    async fn nothing_is_remembered_of_plans_that_came_to_nothing() {
        let (best, on_sale) = (best(100, 99, vec![]), on_sale());
        drop(first(&best, &on_sale).await);
        assert!(best.marks().is_empty());
        let (_, plan) = first(&best, &on_sale).await;
        let held = Reservation { line_items: vec![], ..reservation() };
        plan.carried_out(&Outcome::Held(held));
        drop(plan);
        assert!(best.marks().is_empty());
    }
}

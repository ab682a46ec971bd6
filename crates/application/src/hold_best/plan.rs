//! Which seats somebody should try to get who wants the best ones. Nothing is decided here: only tried in a good order.

use crate::Error;
use crate::port::{OnSale, SeatSnapshot, SeatSnapshots};
use frontrow_domain::{Block, HoldBest, PerformanceId, SeatNumber, SeatSet, SeatsSeen, Wish};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Plans, and remembers what others are about to hold: in a rush everybody gets seats of their own to try, so that nobody
/// has to wait for somebody else's, or to plan again.
pub struct BestSeats {
    snapshots: Arc<dyn SeatSnapshots>,
    planned: Mutex<HashMap<PerformanceId, BTreeSet<SeatNumber>>>,
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
    pub fn new(snapshots: Arc<dyn SeatSnapshots>) -> Self {
        Self { snapshots, planned: Mutex::default() }
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
        let (performance, layout) = (on_sale.performance.id, &*on_sale.layout);
        let mut plan = Plan { blocks: Vec::new(), wait, left: 0, best: self, performance };
        let most = if wait { MAX_WAITED_FOR.max(wish.count as usize) } else { HoldBest::MAX_CANDIDATES };
        let mut planned = self.planned();
        let theirs = planned.entry(performance).or_default();
        let taken = with(&snapshot.taken, theirs);
        plan.blocks = SeatsSeen { layout, taken: &taken }.best(wish, most);
        match plan.blocks.first() {
            Some(first) if !wait => theirs.extend(first),
            Some(_) => {}
            // Whoever is about to hold them may not come to it.
            None => {
                let hall = SeatsSeen { layout, taken: &snapshot.taken };
                plan.blocks = hall.best(wish, MAX_WAITED_FOR.max(wish.count as usize));
                plan.wait = true;
                plan.left = hall.left(wish);
            }
        }
        plan
    }

    fn planned(&self) -> MutexGuard<'_, HashMap<PerformanceId, BTreeSet<SeatNumber>>> {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn with(taken: &SeatSet, planned: &BTreeSet<SeatNumber>) -> SeatSet {
    let mut all = taken.clone();
    all.extend(planned.iter().copied());
    all
}

impl Drop for Plan<'_> {
    fn drop(&mut self) {
        let mut planned = self.best.planned();
        let Some(theirs) = planned.get_mut(&self.performance) else { return };
        if !self.wait {
            for seat in self.blocks.iter().take(1).flatten() {
                theirs.remove(seat);
            }
        }
        if theirs.is_empty() {
            planned.remove(&self.performance);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::MockSeatSnapshots;
    use crate::testing::{on_sale, seat_number};

    const WISH: fn() -> Wish = || Wish { count: 2, tier: "R".into(), accessible: false };

    fn best(sold: impl IntoIterator<Item = u32>) -> BestSeats {
        let mut snapshots = MockSeatSnapshots::new();
        let taken: SeatSet = sold.into_iter().map(seat_number).collect();
        let snapshot = Arc::new(SeatSnapshot { count: taken.len(), taken, any_held: false });
        let fresh = Arc::clone(&snapshot);
        snapshots.expect_recent().returning(move |_| Ok(Arc::clone(&snapshot)));
        snapshots.expect_fresh().returning(move |_| Ok(Arc::clone(&fresh)));
        BestSeats::new(Arc::new(snapshots))
    }

    async fn first<'a>(best: &'a BestSeats, on_sale: &OnSale) -> (Vec<u32>, Plan<'a>) {
        let plan = best.plan(on_sale, &WISH(), false, false).await.unwrap();
        (plan.blocks[0].iter().map(|seat| seat.get()).collect(), plan)
    }

    #[tokio::test]
    async fn who_plans_at_the_same_time_tries_other_seats_until_they_are_given_up() {
        let (best, on_sale) = (best([]), on_sale());
        let (one, plan) = first(&best, &on_sale).await;
        let (two, _other) = first(&best, &on_sale).await;
        assert_eq!((one, two), (vec![1, 2], vec![3, 4]));
        drop(plan);
        assert_eq!(first(&best, &on_sale).await.0, [1, 2]);
    }

    #[tokio::test]
    async fn what_everybody_else_has_planned_is_waited_for() {
        let (best, on_sale) = (best(3..=10), on_sale());
        let (_, plan) = first(&best, &on_sale).await;
        assert!(!plan.wait);
        let (seats, other) = first(&best, &on_sale).await;
        assert_eq!((seats, other.wait), (vec![1, 2], true));
        drop(other);
        assert!(first(&best, &on_sale).await.1.wait, "still somebody else's");
    }

    #[tokio::test]
    async fn nothing_is_remembered_of_plans_that_have_ended() {
        let (best, on_sale) = (best([]), on_sale());
        drop(first(&best, &on_sale).await);
        assert!(best.planned().is_empty());
    }
}

//! Which seats somebody should try to get who wants the best ones. Nothing is decided here: only tried in a good order.

use crate::Error;
use crate::port::{Clock, OnSale, SeatSnapshot, SeatSnapshots};
use frontrow_domain::{Block, HoldBest, Instant, PerformanceId, Reservation, SeatNumber, SeatsSeen, Wish};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Plans, and remembers what others are about to hold, and what another instance was found to have held: in a rush
/// everybody gets seats of their own to try, so that nobody has to wait for somebody else's, or to plan again.
pub struct BestSeats {
    snapshots: Arc<dyn SeatSnapshots>,
    clock: Arc<dyn Clock>,
    passed_over: Mutex<HashMap<PerformanceId, PassedOver>>,
}

/// Seats that plans pass over although they look free.
#[derive(Default)]
struct PassedOver {
    /// Somebody here is about to hold them.
    planned: BTreeSet<SeatNumber>,
    /// A plan came too late for them, and until when that is to be believed: snapshots show it by then.
    missed: BTreeMap<SeatNumber, Instant>,
}

/// How long a seat that somebody came too late for is passed over: the age of a snapshot, and as long again while it is
/// being read.
const MISSED: Duration = Duration::from_secs(2);

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
        Self { snapshots, clock, passed_over: Mutex::default() }
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
            let recent = self.snapshots.recent(id).await?;
            let now = self.clock.now();
            let plan = self.plan_on(&recent, on_sale, wish, wait, |missed_until| now < missed_until);
            if !plan.blocks.is_empty() && !plan.wait {
                return Ok(plan);
            }
        }
        let fresh = self.snapshots.fresh(id).await?;
        Ok(self.plan_on(&fresh, on_sale, wish, wait, |_| false))
    }

    /// Forgets what was missed unless `is_believed`.
    fn plan_on(
        &self,
        snapshot: &SeatSnapshot,
        on_sale: &OnSale,
        wish: &Wish,
        wait: bool,
        is_believed: impl Fn(Instant) -> bool,
    ) -> Plan<'_> {
        let (performance, layout) = (on_sale.performance.id, &*on_sale.layout);
        let mut plan = Plan { blocks: Vec::new(), wait, left: 0, best: self, performance };
        let most = if wait { MAX_WAITED_FOR.max(wish.count as usize) } else { HoldBest::MAX_CANDIDATES };
        let mut passed_over = self.passed_over();
        let PassedOver { planned, missed } = passed_over.entry(performance).or_default();
        missed.retain(|_, until| is_believed(*until));
        let mut taken = snapshot.taken.clone();
        taken.extend(planned.iter().chain(missed.keys()).copied());
        plan.blocks = SeatsSeen { layout, taken: &taken }.best(wish, most);
        match plan.blocks.first() {
            Some(first) if !wait => planned.extend(first),
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

    fn passed_over(&self) -> MutexGuard<'_, HashMap<PerformanceId, PassedOver>> {
        self.passed_over.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Plan<'_> {
    /// What became of it: the blocks before that of the reservation, or all of them where there is none, could not be had,
    /// and others need not try them.
    pub(super) fn tried(&self, held: Option<&Reservation>) {
        let got = match held {
            None => self.blocks.len(),
            // A repetition is told of a reservation that may have nothing to do with this plan.
            Some(reservation) => {
                let of_it = |block: &Block| reservation.seats().next().is_some_and(|seat| block.contains(&seat));
                self.blocks.iter().position(of_it).unwrap_or_default()
            }
        };
        if got == 0 {
            return;
        }
        let missed = self.blocks[..got].iter().flatten();
        let until = self.best.clock.now() + MISSED;
        let mut passed_over = self.best.passed_over();
        passed_over.entry(self.performance).or_default().missed.extend(missed.map(|seat| (*seat, until)));
    }
}

impl Drop for Plan<'_> {
    fn drop(&mut self) {
        let mut passed_over = self.best.passed_over();
        let Some(PassedOver { planned, missed }) = passed_over.get_mut(&self.performance) else { return };
        if !self.wait {
            for seat in self.blocks.iter().take(1).flatten() {
                planned.remove(seat);
            }
        }
        if planned.is_empty() && missed.is_empty() {
            passed_over.remove(&self.performance);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{MockClock, MockSeatSnapshots};
    use crate::testing::{at, on_sale, reservation, seat_number};
    use frontrow_domain::{LineItem, SeatSet};
    use std::sync::atomic::{AtomicI64, Ordering};

    const WISH: fn() -> Wish = || Wish { count: 2, tier: "R".into(), accessible: false };

    /// Seconds.
    static NOW: AtomicI64 = AtomicI64::new(100);

    fn best(sold: impl IntoIterator<Item = u32>) -> BestSeats {
        let mut clock = MockClock::new();
        clock.expect_now().returning(|| at(NOW.load(Ordering::SeqCst)));
        let mut snapshots = MockSeatSnapshots::new();
        let taken: SeatSet = sold.into_iter().map(seat_number).collect();
        let snapshot = Arc::new(SeatSnapshot { count: taken.len(), taken, any_held: false });
        let fresh = Arc::clone(&snapshot);
        snapshots.expect_recent().returning(move |_| Ok(Arc::clone(&snapshot)));
        snapshots.expect_fresh().returning(move |_| Ok(Arc::clone(&fresh)));
        BestSeats::new(Arc::new(snapshots), Arc::new(clock))
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
        assert!(best.passed_over().is_empty());
    }

    #[tokio::test]
    async fn what_was_missed_is_passed_over_for_two_seconds_unless_seats_are_read_afresh() {
        let (best, on_sale) = (best([]), on_sale());
        let (seats, plan) = first(&best, &on_sale).await;
        plan.tried(Some(&reservation()));
        drop(plan);
        assert_eq!((seats, first(&best, &on_sale).await.0), (vec![1, 2], vec![1, 2]), "it got its first block");

        let (_, plan) = first(&best, &on_sale).await;
        let third = reservation_of(&plan.blocks[2]);
        plan.tried(Some(&third));
        drop(plan);
        assert_eq!(first(&best, &on_sale).await.0, [5, 6], "the first two were gone");
        NOW.store(102, Ordering::SeqCst);
        assert_eq!(first(&best, &on_sale).await.0, [1, 2]);

        let (_, plan) = first(&best, &on_sale).await;
        plan.tried(None);
        drop(plan);
        let afresh = best.plan(&on_sale, &WISH(), false, false).await.unwrap();
        assert_eq!((afresh.blocks[0][0], afresh.wait), (seat_number(1), false), "all were gone, so they are read");
    }

    fn reservation_of(block: &Block) -> Reservation {
        let line_item = |seat: &SeatNumber| LineItem { seat: *seat, ..reservation().line_items[0].clone() };
        Reservation { line_items: block.iter().map(line_item).collect(), ..reservation() }
    }
}

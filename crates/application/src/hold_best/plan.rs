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
    start: u32,
    halls: Mutex<HashMap<PerformanceId, Arc<Mutex<PassedOver>>>>,
}

/// Seats of a performance that plans pass over although they look free.
#[derive(Default)]
struct PassedOver {
    /// Somebody here is about to hold them.
    planned: BTreeSet<SeatNumber>,
    /// A plan came too late for them, and when.
    missed: BTreeMap<SeatNumber, Instant>,
}

/// Performances in memory; beyond that, those that nobody plans for are forgotten.
const MAX_HALLS: usize = 1000;

/// How long a seat that somebody came too late for is passed over, unless seats are read sooner: the age of a snapshot,
/// and as long again while it is being read.
const MISSED: Duration = Duration::from_secs(2);

/// How late it may be known that seats have come free at another instance, where there seems to be nothing left: everybody
/// who asks for a hall that is sold out shares one read of it in this time.
const LATE: Duration = Duration::from_millis(250);

/// What to try. While it lives, others try something else.
pub(super) struct Plan<'a> {
    pub blocks: Vec<Block>,
    pub wait: bool,
    /// Seats that could be had one by one; only counted where there are no blocks.
    pub left: u32,
    /// Whether the first block is left to it by others.
    is_first_mine: bool,
    clock: &'a dyn Clock,
    hall: Arc<Mutex<PassedOver>>,
}

/// Seats of a plan that waits: no more than it takes to have a choice.
const MAX_WAITED_FOR: usize = 8;

impl BestSeats {
    /// Plans on those snapshots. Instances get different starts, at random: then they rarely try the same seats first (see
    /// [`SeatsSeen::best_from`]).
    pub fn new(snapshots: Arc<dyn SeatSnapshots>, clock: Arc<dyn Clock>, start: u32) -> Self {
        Self { snapshots, clock, start, halls: Mutex::default() }
    }

    /// From what was read lately; or afresh if that has failed once, or if there is nothing left in it: memory alone
    /// never says that there is nothing. Whoever waits for seats, because it is their last chance, plans on a read of their
    /// own.
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
            let plan = self.plan_on(&recent, on_sale, wish, wait, self.clock.now() - MISSED);
            if !plan.blocks.is_empty() && !plan.wait {
                return Ok(plan);
            }
        }
        let now = self.clock.now();
        let since = if wait { now } else { now - LATE };
        let fresh = self.snapshots.fresh(id, since).await?;
        Ok(self.plan_on(&fresh, on_sale, wish, wait, since))
    }

    /// Forgets what was missed by `since`: the snapshot shows it.
    fn plan_on(&self, snapshot: &SeatSnapshot, on_sale: &OnSale, wish: &Wish, wait: bool, since: Instant) -> Plan<'_> {
        let (layout, hall) = (&*on_sale.layout, self.hall(on_sale.performance.id));
        let mut taken = snapshot.taken.clone();
        let waited_for = MAX_WAITED_FOR.max(wish.count as usize);
        let most = if wait { waited_for } else { HoldBest::MAX_CANDIDATES };
        let blocks = {
            let mut passed_over = lock(&hall);
            let PassedOver { planned, missed } = &mut *passed_over;
            missed.retain(|_, at| since < *at);
            taken.extend(planned.iter().chain(missed.keys()).copied());
            let blocks = SeatsSeen { layout, taken: &taken }.best_from(wish, most, self.start);
            planned.extend(blocks.iter().take(1).flatten());
            blocks
        };
        let is_first_mine = !blocks.is_empty();
        let mut plan = Plan { blocks, wait, left: 0, is_first_mine, clock: &*self.clock, hall };
        if !is_first_mine {
            // Whoever is about to hold them may not come to it.
            let seen = SeatsSeen { layout, taken: &snapshot.taken };
            plan.blocks = seen.best_from(wish, waited_for, self.start);
            plan.wait = true;
            plan.left = seen.left(wish);
        }
        plan
    }

    /// A lock for each performance: in a large hall it takes a moment to find the best seats.
    fn hall(&self, performance: PerformanceId) -> Arc<Mutex<PassedOver>> {
        let mut halls = lock(&self.halls);
        if halls.len() >= MAX_HALLS && !halls.contains_key(&performance) {
            halls.retain(|_, hall| Arc::strong_count(hall) > 1);
        }
        Arc::clone(halls.entry(performance).or_default())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Plan<'_> {
    /// What became of it: the blocks before that of the reservation could not be had, and others need not try them. Where
    /// there is no reservation, those that were looked at for certain.
    pub(super) fn tried(&self, held: Option<&Reservation>) {
        let missed = match held {
            None if self.wait => self.blocks.len(),
            None => HoldBest::BLOCKS_LOOKED_AT.min(self.blocks.len()),
            // A repetition is told of a reservation that may have nothing to do with this plan.
            Some(reservation) => {
                let of_it = |block: &Block| reservation.seats().next().is_some_and(|seat| block.contains(&seat));
                self.blocks.iter().position(of_it).unwrap_or_default()
            }
        };
        if missed == 0 {
            return;
        }
        let (now, seats) = (self.clock.now(), self.blocks[..missed].iter().flatten());
        lock(&self.hall).missed.extend(seats.map(|seat| (*seat, now)));
    }
}

impl Drop for Plan<'_> {
    fn drop(&mut self) {
        if self.is_first_mine {
            let mut passed_over = lock(&self.hall);
            for seat in self.blocks.iter().take(1).flatten() {
                passed_over.planned.remove(seat);
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! What an instance remembers from one tick to the next.

use frontrow_domain::waiting_room::Queue;
use frontrow_domain::{Instant, Sale, SaleId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How old an entry may be.
const CACHE_TIME: Duration = Duration::from_secs(1);

/// Sales read within the last second, and what this instance does with which queues.
#[derive(Default)]
pub struct TickCache {
    sales: Mutex<BTreeMap<SaleId, (Instant, Arc<Sale>)>>,
    /// Queues that were ticked here the last time. Whoever ticks a queue counts its seats; the others need not.
    ticked_here: Mutex<BTreeSet<SaleId>>,
    /// Queues that are over.
    over: Mutex<OverQueues>,
    /// Queues that are being ticked here, and whether an urgent tick was asked for meanwhile.
    running: Mutex<BTreeMap<SaleId, bool>>,
    /// Queues whose lobby is being drawn here.
    drawing: Mutex<BTreeSet<SaleId>>,
}

/// Queues that are over: closed, and nobody is admitted.
#[derive(Default)]
pub(super) struct OverQueues {
    /// When all of them were read.
    pub read_at: Option<Instant>,
    /// As they were when they were read last.
    pub queues: BTreeMap<SaleId, Queue>,
    /// Those whose numbers the dispenser was told to forget.
    pub told: BTreeSet<SaleId>,
}

impl TickCache {
    pub(super) fn running(&self) -> MutexGuard<'_, BTreeMap<SaleId, bool>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn drawing(&self) -> MutexGuard<'_, BTreeSet<SaleId>> {
        self.drawing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn over(&self) -> MutexGuard<'_, OverQueues> {
        self.over.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn ticked_here(&self) -> MutexGuard<'_, BTreeSet<SaleId>> {
        self.ticked_here.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sale, if it was read within the last second.
    pub(super) fn recent_sale(&self, id: SaleId, now: Instant) -> Option<Arc<Sale>> {
        let sales = self.sales.lock().unwrap_or_else(PoisonError::into_inner);
        sales.get(&id).filter(|(at, _)| *at <= now && now.since(*at) < CACHE_TIME).map(|(_, sale)| Arc::clone(sale))
    }

    pub(super) fn note_sale(&self, id: SaleId, read_at: Instant, sale: Arc<Sale>) {
        self.sales.lock().unwrap_or_else(PoisonError::into_inner).insert(id, (read_at, sale));
    }
}

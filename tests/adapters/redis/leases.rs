//! The store that leases numbers, in memory, and a look at what it was asked.

use async_trait::async_trait;
use frontrow_application::Outage;
use frontrow_application::port::{Lease, NumberLeases, StoreError};
use frontrow_domain::SaleId;
use frontrow_domain::waiting_room::Group;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[derive(Default)]
pub struct Leases {
    queues: Mutex<HashMap<SaleId, Lease>>,
    away: AtomicBool,
}

impl Leases {
    /// Adds a queue that nobody has joined.
    pub fn open(&self, sale: SaleId, groups: usize) {
        let lease = Lease { epoch: 1, above: vec![0; groups], ceiling: vec![0; groups] };
        self.queues.lock().unwrap().insert(sale, lease);
    }

    pub fn known(&self, sale: SaleId) -> Lease {
        self.queues.lock().unwrap()[&sale].clone()
    }

    /// From now on the store is away, or there again.
    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    fn with<T>(&self, sale: SaleId, ask: impl FnOnce(&mut Lease) -> T) -> Result<Option<T>, StoreError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(StoreError::Outage(Outage::Busy { retry_after: Duration::from_secs(7) }));
        }
        Ok(self.queues.lock().unwrap().get_mut(&sale).map(ask))
    }
}

#[async_trait]
impl NumberLeases for Leases {
    async fn lease(&self, sale: SaleId) -> Result<Option<Lease>, StoreError> {
        if self.away.load(Ordering::SeqCst) {
            // As databases do that are waited for.
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        self.with(sale, |lease| lease.clone())
    }

    async fn extend(
        &self,
        sale: SaleId,
        epoch: u32,
        group: Group,
        above: u64,
        block: u64,
    ) -> Result<Option<u64>, StoreError> {
        let extended = self.with(sale, |lease| {
            let ceiling = &mut lease.ceiling[group.index()];
            (lease.epoch == epoch).then(|| {
                *ceiling = (above + block).max(*ceiling);
                *ceiling
            })
        });
        extended.map(Option::flatten)
    }

    async fn next_epoch(&self, sale: SaleId, lost: u32, block: u64) -> Result<Option<Lease>, StoreError> {
        let next = self.with(sale, |lease| {
            (lease.epoch == lost).then(|| {
                let above = lease.ceiling.clone();
                let ceiling = above.iter().map(|above| above + block).collect();
                *lease = Lease { epoch: lost + 1, above, ceiling };
                lease.clone()
            })
        });
        next.map(Option::flatten)
    }
}

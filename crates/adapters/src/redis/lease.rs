//! Which numbers Redis may hand out, and the next epoch that begins when it has lost its data.

use super::connection::RedisConnection;
use super::numbers::SaleNumbers;
use super::trouble::Trouble;
use frontrow_application::port::Lease;
use frontrow_domain::waiting_room::Group;
use std::sync::Arc;
use std::time::Duration;

/// How often an instance looks whether another one has begun an epoch.
const LOOKS: u32 = 20;
/// How long it waits in between: several times as long as another instance needs to write to both stores.
const PAUSE: Duration = Duration::from_millis(50);

impl SaleNumbers {
    /// The lease of the epoch that Redis has.
    pub(super) async fn lease(&self, link: &RedisConnection) -> Result<Arc<Lease>, Trouble> {
        let mut known = self.lease.lock().await;
        if let Some(lease) = &*known {
            return Ok(Arc::clone(lease));
        }
        let lease = Arc::new(self.agree(link).await?);
        *known = Some(Arc::clone(&lease));
        Ok(lease)
    }

    /// Forgets the lease, unless another one is known by now: Redis says that its epoch is over, or has lost it.
    pub(super) async fn forget_lease(&self, lease: &Arc<Lease>) {
        let mut known = self.lease.lock().await;
        if known.as_ref().is_some_and(|known| Arc::ptr_eq(known, lease)) {
            *known = None;
        }
    }

    /// Leases more numbers above those that were handed out.
    pub(super) async fn extend(&self, epoch: u32, group: Group, issued: u64) -> Result<(), Trouble> {
        let block = self.context.settings.block;
        let raised = self.context.leases.extend(self.sale, epoch, group, issued, block).await?;
        let mut known = self.lease.lock().await;
        let Some(lease) = known.as_ref().filter(|lease| lease.epoch == epoch) else { return Ok(()) };
        let Some(raised) = raised else {
            *known = None;
            return Ok(());
        };
        let mut lease = Lease::clone(lease);
        if let Some(ceiling) = lease.ceiling.get_mut(group.index()) {
            *ceiling = raised.max(*ceiling);
        }
        *known = Some(Arc::new(lease));
        Ok(())
    }

    /// Brings the store of queues and Redis to the same epoch. What Redis has counts only if it is of the queue's
    /// epoch, and on the server on which that began: another run may be an older copy, whichever epoch it names.
    async fn agree(&self, link: &RedisConnection) -> Result<Lease, Trouble> {
        let mut seen = None;
        for look in 0..LOOKS {
            if look > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            let lease = self.context.leases.lease(self.sale).await?;
            let lease = lease.ok_or_else(|| Trouble::Defect(format!("sale {} has no queue", self.sale)))?;
            if self.has(link, &lease).await? {
                self.keep(link).await?;
                return Ok(lease);
            }
            if self.context.settings.only_reads {
                return Err(Trouble::Defect("this Redis does not have the queue's numbers".into()));
            }
            // An epoch that is seen for the first time may just be beginning elsewhere.
            if seen.replace(lease.epoch) == Some(lease.epoch)
                && let Some(begun) = self.begin(link, lease.epoch).await?
            {
                return Ok(begun);
            }
        }
        tracing::warn!(sale = %self.sale, "no agreement with Redis on an epoch");
        Err(Trouble::Away)
    }

    /// The next epoch, unless others are ahead of us.
    async fn begin(&self, link: &RedisConnection, lost: u32) -> Result<Option<Lease>, Trouble> {
        let next = self.context.leases.next_epoch(self.sale, lost, self.context.settings.block).await?;
        let Some(next) = next else { return Ok(None) };
        let begun = self.context.scripts.begin(link.clone(), &self.keys, &next).await;
        let begun = match begun {
            Ok(begun) => begun,
            Err(error) => return Err(self.trouble_of(link, &error).await),
        };
        // An error is found by the next call on this connection.
        drop(self.context.server.put_mark_back(link).await);
        metrics::counter!("frontrow_number_epochs_total").increment(1);
        tracing::info!(sale = %self.sale, epoch = next.epoch, "numbers go on above all that were leased");
        Ok(begun.then_some(next))
    }

    /// Whether the server has the epoch, as it began on this very run, and all else that it begins with.
    async fn has(&self, link: &RedisConnection, lease: &Lease) -> Result<bool, Trouble> {
        let keys = self.keys.of_script(lease.ceiling.len());
        let held = redis::cmd("MGET").arg(&keys).query_async(&mut link.connection.clone()).await;
        let held: Vec<Option<String>> = match held {
            Ok(held) => held,
            Err(error) => return Err(self.trouble_of(link, &error).await),
        };
        let is_ours = |epoch: &str, run: &str| epoch == lease.epoch.to_string() && run == &*link.run;
        Ok(match held.as_slice() {
            [Some(epoch), Some(run), others @ ..] => is_ours(epoch, run) && others.iter().all(Option::is_some),
            _ => false,
        })
    }
}

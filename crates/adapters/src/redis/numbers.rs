//! What is known of the numbers of one sale, and what all sales share.

use super::connection::Server;
use super::keys::Keys;
use super::script::Scripts;
use super::settings::RedisSettings;
use frontrow_application::port::{IdSource, Lease, NumberLeases};
use frontrow_domain::waiting_room::{Group, QueueNumber};
use frontrow_domain::{SaleId, UserId};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tokio::runtime::Handle;
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;

/// Joins that one script takes: more would make everybody else in Redis wait.
pub(super) const BATCH_SIZE: u32 = 256;
/// What the numbers of all sales need.
pub(super) struct DispenserContext {
    pub server: Server,
    pub scripts: Scripts,
    pub leases: Arc<dyn NumberLeases>,
    pub ids: Arc<dyn IdSource>,
    pub settings: RedisSettings,
    pub runtime: Handle,
}

/// The numbers of one sale: how they are served, leased and listed has a file each.
pub(super) struct SaleNumbers {
    pub context: Arc<DispenserContext>,
    pub sale: SaleId,
    pub keys: Keys,
    pub lease: KnownLease,
    pub number_index: Mutex<Option<NumberIndex>>,
    pub issued: Mutex<Option<(Instant, Vec<u64>)>>,
    pub is_extending: AtomicBool,
}

/// What was leased, as far as this instance knows. Ceilings only rise, so one that is out of date is too careful.
pub(super) type KnownLease = AsyncMutex<Option<Arc<Lease>>>;

/// The entries of a group, kept for whoever reads them page by page.
pub(super) struct NumberIndex {
    pub group: Group,
    pub read_at: Instant,
    /// By ascending number.
    pub entries: Arc<Vec<(QueueNumber, UserId)>>,
}

impl SaleNumbers {
    pub(super) fn new(context: &Arc<DispenserContext>, sale: SaleId) -> Self {
        Self {
            context: Arc::clone(context),
            sale,
            keys: Keys::of(&context.settings.prefix, sale),
            lease: KnownLease::default(),
            number_index: Mutex::default(),
            issued: Mutex::default(),
            is_extending: AtomicBool::new(false),
        }
    }
}

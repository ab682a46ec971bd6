//! Whether this instance still matches the installation, which somebody may change while it runs.

use super::{entrance, instance_settings, refusal};
use crate::keys::Keys;
use crate::settings::Settings;
use anyhow::Result;
use async_trait::async_trait;
use frontrow_adapters::redis::RedisDispenser;
use frontrow_adapters::sql::{Database, SqlProbe};
use frontrow_application::port::{Probe, StoreError};
use frontrow_application::{EnterInstallation, Error, InstanceSettings, Outage};
use frontrow_domain::{Difference, Instant};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Compares the instance with the installation at regular intervals.
pub struct InstallationGuard {
    enter: EnterInstallation,
    own: Mutex<InstanceSettings>,
    redis: Option<Arc<RedisDispenser>>,
    differs: AtomicBool,
}

impl InstallationGuard {
    /// The interval between two comparisons.
    pub const EVERY: Duration = Duration::from_secs(5);

    /// A guard for an instance with these settings and keys that matched at startup.
    pub fn new(
        database: &Arc<Database>,
        settings: &Settings,
        keys: &Keys,
        redis: Option<Arc<RedisDispenser>>,
    ) -> Result<Self> {
        let (enter, own) = (entrance(database, settings)?, instance_settings(settings, keys));
        Ok(Self { enter, own: Mutex::new(own), redis, differs: AtomicBool::new(false) })
    }

    /// Compares, and returns the number of differences. The server isn't ready until there are none.
    pub async fn run(&self) -> Result<u32, Error> {
        if let Some(redis) = &self.redis {
            redis.keep_mark().await;
        }
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let differences = self.enter.differences(&own).await?;
        let differs = !differences.is_empty();
        if differs != self.differs.swap(differs, Ordering::SeqCst) {
            if differs {
                tracing::warn!(differences = refusal(&differences), "the installation has changed: not ready any more");
            } else {
                tracing::info!("this instance is again what the installation says: ready");
            }
        }
        Ok(u32::try_from(differences.len()).unwrap_or(u32::MAX))
    }

    /// In what an instance with other keys would differ from the installation.
    pub async fn differences(&self, own: &InstanceSettings) -> Result<Vec<Difference>, Error> {
        self.enter.differences(own).await
    }

    /// This is what the instance has from now on.
    pub fn adopt(&self, own: InstanceSettings) {
        *self.own.lock().unwrap_or_else(PoisonError::into_inner) = own;
    }

    /// Whether the last comparison found a difference.
    pub fn differs(&self) -> bool {
        self.differs.load(Ordering::SeqCst)
    }
}

/// A [`SqlProbe`] that also fails while the instance differs from the installation.
pub struct GuardedProbe {
    /// Asks the database.
    pub probe: SqlProbe,
    /// Knows whether it differs.
    pub guard: Arc<InstallationGuard>,
}

#[async_trait]
impl Probe for GuardedProbe {
    async fn now(&self) -> Result<Instant, StoreError> {
        if self.guard.differs() {
            return Err(StoreError::Outage(Outage::Unavailable { retry_after: InstallationGuard::EVERY }));
        }
        self.probe.now().await
    }
}

//! The world that is there now.

use crate::error::MockError;
use crate::playbill::Playbill;
use crate::settings::MockSettings;
use crate::world::World;
use frontrow_adapters::panics;
use frontrow_application::port::Clock;
use parking_lot::RwLock;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, watch};
use tokio::time::{MissedTickBehavior, interval};

/// Has the world that is there now, and keeps it moving.
pub struct Stage {
    settings: MockSettings,
    base: Arc<dyn Clock>,
    world: RwLock<Arc<World>>,
    /// One reset comes after the other.
    resetting: Mutex<()>,
}

/// How often the mock looks what is due.
const BEAT: Duration = Duration::from_millis(100);

impl Stage {
    /// With the first world of these settings. `base` is the clock that its own goes like.
    pub async fn open(settings: MockSettings, base: Arc<dyn Clock>) -> Result<Self, MockError> {
        let world = World::new(&settings, Arc::clone(&base)).await?;
        Ok(Self { settings, base, world: RwLock::new(Arc::new(world)), resetting: Mutex::default() })
    }

    /// What was chosen about it.
    pub fn settings(&self) -> &MockSettings {
        &self.settings
    }

    /// The world that is there now.
    pub(crate) fn world(&self) -> Arc<World> {
        Arc::clone(&self.world.read())
    }

    /// Puts the first world in the place of the one that is there.
    pub(crate) async fn reset(&self) -> Result<Arc<World>, MockError> {
        let _one_at_a_time = self.resetting.lock().await;
        let first = Arc::new(World::new(&self.settings, Arc::clone(&self.base)).await?);
        let old = std::mem::replace(&mut *self.world.write(), Arc::clone(&first));
        old.end();
        Ok(first)
    }

    /// What you can find in the first world.
    pub fn playbill(&self) -> Playbill {
        self.world().playbill.clone()
    }

    /// Keeps the world moving until it is told to stop; then whoever still reads from it is told.
    pub async fn drive(&self, mut stop: watch::Receiver<bool>) {
        let mut beats = interval(BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                _ = beats.tick() => {}
            }
            let world = self.world();
            if let Some(Err(error)) = panics::caught("mock", world.beat()).await {
                tracing::error!(%error, "the mock's world did not move");
            }
        }
        self.world().end();
    }
}

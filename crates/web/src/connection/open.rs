//! How many connections are open.

use frontrow_application::port::Network;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Networks are counted in so many maps, so that nobody waits for whoever connects besides.
const SHARDS: usize = 64;

/// Counts the connections of this instance.
pub(crate) struct OpenConnections {
    most: usize,
    /// 0 for any number.
    most_of_network: u32,
    open: AtomicUsize,
    networks: Vec<Mutex<HashMap<Network, u32>>>,
    hasher: RandomState,
}

/// Counts as open until it is dropped.
pub(crate) struct OpenConnection {
    all: Arc<OpenConnections>,
    network: Option<Network>,
}

/// Why there may be no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TooMany {
    OfAll,
    OfNetwork,
}

impl TooMany {
    /// Its name in figures.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OfAll => "instance",
            Self::OfNetwork => "network",
        }
    }
}

impl OpenConnections {
    /// With so many at a time, and so many from one network; 0 for any number of those.
    pub fn new(most: usize, most_of_network: u32) -> Arc<Self> {
        let networks = (0..SHARDS).map(|_| Mutex::default()).collect();
        Arc::new(Self { most, most_of_network, open: AtomicUsize::new(0), networks, hasher: RandomState::new() })
    }

    /// One more, from that network; `None` where connections are not counted by it.
    pub fn open(self: &Arc<Self>, network: Option<Network>) -> Result<OpenConnection, TooMany> {
        let network = network.filter(|_| self.most_of_network > 0);
        // Whoever is refused gives it back on being dropped.
        let mut opened = OpenConnection { all: Arc::clone(self), network: None };
        if self.open.fetch_add(1, Ordering::Relaxed) >= self.most {
            return Err(TooMany::OfAll);
        }
        if let Some(network) = network {
            let mut counts = self.shard(network).lock();
            let count = counts.entry(network).or_default();
            if *count >= self.most_of_network {
                return Err(TooMany::OfNetwork);
            }
            *count += 1;
            opened.network = Some(network);
        }
        Ok(opened)
    }

    fn shard(&self, network: Network) -> &Mutex<HashMap<Network, u32>> {
        let hash = usize::try_from(self.hasher.hash_one(network) % SHARDS as u64).unwrap_or(0);
        &self.networks[hash]
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.all.open.fetch_sub(1, Ordering::Relaxed);
        let Some(network) = self.network else { return };
        let mut counts = self.all.shard(network).lock();
        if let Some(count) = counts.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(n: u8) -> Option<Network> {
        Network::of([192, 0, 2, n].into())
    }

    #[test]
    fn there_are_so_many_and_so_many_of_one_network() {
        let all = OpenConnections::new(4, 2);
        let refused = |network| all.open(network).err();
        let first = all.open(network(1)).ok();
        let _second = all.open(network(1)).ok();
        assert_eq!(refused(network(1)), Some(TooMany::OfNetwork));
        let _third = all.open(network(2)).ok();
        let _fourth = all.open(None).ok();
        assert_eq!(refused(None), Some(TooMany::OfAll));
        drop(first);
        assert_eq!(refused(network(1)), None);
        assert_eq!(all.open.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn who_has_gone_is_forgotten() {
        let all = OpenConnections::new(1000, 1000);
        for n in 0..=255 {
            drop(all.open(network(n)));
        }
        assert!(all.networks.iter().all(|shard| shard.lock().is_empty()));
        assert_eq!(all.open.load(Ordering::Relaxed), 0);
    }
}

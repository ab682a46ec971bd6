//! Layouts of frozen seat maps, which are right for good: each is parsed once, as long as anybody has it.

use crate::recent_reads::CUT_OFF;
use crate::shared_read::{Reader, SharedRead};
use frontrow_application::port::StoreError;
use frontrow_domain::Layout;
use parking_lot::Mutex;
use quick_cache::unsync::Cache;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Weak};
use tokio::runtime::Handle;
use uuid::Uuid;

/// Layouts that stay in memory though nobody has them, of up to some 20 MB each. Those of performances that are in memory
/// come on top.
const MAX_UNUSED: usize = 32;

/// A venue, and the version of its seat map.
pub(super) type LayoutKey = (Uuid, i64);

/// Layouts by seat map. A read has a purpose `P`: nobody waits for a read that somebody began for another purpose.
pub(super) struct Layouts<P: Copy + Eq + Hash>(Mutex<Known<P>>);

struct Known<P> {
    /// What was asked for last stays, whether or not anybody has it.
    recent: Cache<LayoutKey, Arc<Layout>>,
    /// Whatever anybody has, or had a moment ago.
    alive: HashMap<LayoutKey, Weak<Layout>>,
    /// What is being read at this moment. Each read takes itself out when it has ended.
    reading: HashMap<(LayoutKey, P), SharedRead<Arc<Layout>>>,
}

/// What somebody who asks gets at once.
enum Asked<P: Copy + Eq + Hash> {
    Known(Arc<Layout>),
    Read(SharedRead<Arc<Layout>>),
    /// Nobody reads it yet.
    New(SharedRead<Arc<Layout>>, Reader<Arc<Layout>>, GoingOn<P>),
}

/// A read that goes on, until it is dropped.
struct GoingOn<P: Copy + Eq + Hash> {
    layouts: Arc<Layouts<P>>,
    key: (LayoutKey, P),
}

impl<P: Copy + Eq + Hash> Drop for GoingOn<P> {
    fn drop(&mut self) {
        self.layouts.0.lock().reading.remove(&self.key);
    }
}

impl<P: Copy + Eq + Hash> Default for Layouts<P> {
    fn default() -> Self {
        let known = Known { recent: Cache::new(MAX_UNUSED), alive: HashMap::new(), reading: HashMap::new() };
        Self(Mutex::new(known))
    }
}

impl<P: Copy + Eq + Hash + Send + 'static> Layouts<P> {
    /// The layout that is known, or that `parse` makes of what `read` finds.
    pub(super) async fn find<R, F>(
        self: &Arc<Self>,
        runtime: &Handle,
        key: (LayoutKey, P),
        read: impl FnOnce() -> F,
        parse: impl FnOnce(R) -> Result<Layout, StoreError> + Send + 'static,
    ) -> Result<Arc<Layout>, StoreError>
    where
        F: Future<Output = Result<R, StoreError>> + Send + 'static,
        R: Send + 'static,
    {
        let found = match self.ask(key) {
            Asked::Known(layout) => return Ok(layout),
            Asked::Read(found) => found,
            Asked::New(found, reader, going_on) => {
                let row = read();
                reader.begin(runtime, async move {
                    let going_on = going_on;
                    let row = row.await?;
                    going_on.layouts.known_or_parsed(key.0, || parse(row))
                });
                found
            }
        };
        found.outcome().await.unwrap_or(Err(CUT_OFF))
    }

    fn ask(self: &Arc<Self>, key: (LayoutKey, P)) -> Asked<P> {
        let mut known = self.0.lock();
        if let Some(layout) = known.layout(key.0) {
            return Asked::Known(layout);
        }
        if let Some(going_on) = known.reading.get(&key) {
            return Asked::Read(going_on.clone());
        }
        let (found, reader) = SharedRead::new();
        known.reading.insert(key, found.clone());
        Asked::New(found, reader, GoingOn { layouts: Arc::clone(self), key })
    }

    /// A read for another purpose may have been faster.
    fn known_or_parsed(
        &self,
        key: LayoutKey,
        parse: impl FnOnce() -> Result<Layout, StoreError>,
    ) -> Result<Arc<Layout>, StoreError> {
        if let Some(layout) = self.0.lock().layout(key) {
            return Ok(layout);
        }
        let layout = parse()?;
        Ok(self.0.lock().keep(key, layout))
    }
}

impl<P> Known<P> {
    fn layout(&mut self, key: LayoutKey) -> Option<Arc<Layout>> {
        if let Some(layout) = self.recent.get(&key) {
            return Some(Arc::clone(layout));
        }
        let layout = self.alive.get(&key)?.upgrade()?;
        self.recent.insert(key, Arc::clone(&layout));
        Some(layout)
    }

    fn keep(&mut self, key: LayoutKey, layout: Layout) -> Arc<Layout> {
        if let Some(known) = self.layout(key) {
            return known;
        }
        let layout = Arc::new(layout);
        self.alive.retain(|_, layout| layout.strong_count() > 0);
        self.alive.insert(key, Arc::downgrade(&layout));
        self.recent.insert(key, Arc::clone(&layout));
        layout
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontrow_domain::testing;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::sync::Semaphore;
    use tokio::task::JoinHandle;

    /// Seat maps are read when they may be: each permit is for one.
    struct SeatMaps {
        layouts: Arc<Layouts<bool>>,
        may: [Semaphore; 2],
        read: AtomicUsize,
        parsed: AtomicUsize,
    }

    impl SeatMaps {
        fn new() -> Arc<Self> {
            let may = [Semaphore::new(0), Semaphore::new(0)];
            Arc::new(Self { layouts: Arc::default(), may, read: AtomicUsize::new(0), parsed: AtomicUsize::new(0) })
        }

        async fn ask(self: &Arc<Self>, version: i64, hurried: bool) -> Result<Arc<Layout>, StoreError> {
            let (reads, parses) = (Arc::clone(self), Arc::clone(self));
            let read = move || {
                reads.read.fetch_add(1, Ordering::SeqCst);
                async move {
                    reads.may[usize::from(hurried)].acquire().await.unwrap().forget();
                    Ok(version)
                }
            };
            let parse = move |version| {
                parses.parsed.fetch_add(1, Ordering::SeqCst);
                if version < 0 { Err(StoreError::Stale) } else { Ok(testing::seat_map().build().layout().unwrap()) }
            };
            let key = ((Uuid::nil(), version), hurried);
            self.layouts.find(&Handle::current(), key, read, parse).await
        }

        fn begin(self: &Arc<Self>, version: i64, hurried: bool) -> JoinHandle<Result<Arc<Layout>, StoreError>> {
            let maps = Arc::clone(self);
            tokio::spawn(async move { maps.ask(version, hurried).await })
        }

        async fn has_begun(&self, reads: usize) {
            while self.read.load(Ordering::SeqCst) < reads {
                tokio::task::yield_now().await;
            }
        }

        fn counts(&self) -> (usize, usize) {
            (self.read.load(Ordering::SeqCst), self.parsed.load(Ordering::SeqCst))
        }
    }

    #[tokio::test]
    async fn all_who_ask_at_once_share_a_read_and_its_failure() {
        for (version, fails) in [(1, false), (-1, true)] {
            let maps = SeatMaps::new();
            let asked: Vec<_> = (0..5).map(|_| maps.begin(version, false)).collect();
            maps.has_begun(1).await;
            maps.may[0].add_permits(1);
            for asked in asked {
                assert_eq!(asked.await.unwrap().is_err(), fails);
            }
            assert_eq!(maps.counts(), (1, 1));
            assert!(maps.layouts.0.lock().reading.is_empty());
            maps.may[0].add_permits(1);
            drop(maps.ask(version, false).await);
            assert_eq!(maps.counts(), if fails { (2, 2) } else { (1, 1) }, "failures are not kept");
        }
    }

    #[tokio::test]
    async fn a_layout_that_anybody_has_is_not_read_again_however_many_others_come() {
        let maps = SeatMaps::new();
        maps.may[0].add_permits(1000);
        let first = maps.ask(0, false).await.unwrap();
        for version in 1..=200 {
            maps.ask(version, false).await.unwrap();
        }
        assert!(Arc::ptr_eq(&first, &maps.ask(0, false).await.unwrap()));
        assert_eq!(maps.counts(), (201, 201));
        assert!(maps.layouts.0.lock().alive.len() <= MAX_UNUSED + 2, "those that nobody has are forgotten");
    }

    #[tokio::test]
    async fn nobody_waits_for_a_read_for_another_purpose_and_the_later_one_parses_nothing() {
        let maps = SeatMaps::new();
        let slow = maps.begin(1, false);
        maps.has_begun(1).await;
        maps.may[1].add_permits(1);
        let layout = maps.ask(1, true).await.unwrap();
        maps.may[0].add_permits(1);
        assert!(Arc::ptr_eq(&layout, &slow.await.unwrap().unwrap()));
        assert_eq!(maps.counts(), (2, 1));
    }
}

//! What is remembered of those who have asked: of so many, and never more.

use governor::nanos::Nanos;
use governor::state::StateStore;
use parking_lot::Mutex;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;

/// A bucket has so many places.
const PLACES: usize = 8;

/// What can be forgotten.
pub(super) trait Remembered: Copy + Default {
    /// Where there is no more room, what has the smallest is forgotten first.
    fn weight(&self) -> u64;
}

/// When the time is used up that somebody's requests have taken, in nanoseconds.
impl Remembered for u64 {
    fn weight(&self) -> u64 {
        *self
    }
}

/// A fixed number of values by key, in buckets with a lock each. Whoever comes to a full bucket takes the place of whoever
/// has used the least of what they may: those are as if they had never asked, and those who have asked most stay known.
pub(super) struct Table<V> {
    buckets: Box<[Mutex<[Place<V>; PLACES]>]>,
    /// Nobody outside can tell which keys share a bucket.
    hasher: RandomState,
}

#[derive(Clone, Copy, Default)]
struct Place<V> {
    /// 0: nobody's.
    key: u64,
    value: V,
}

impl<V: Remembered> Table<V> {
    /// With room for at least so many keys.
    pub(super) fn new(keys: usize) -> Self {
        let buckets = keys.div_ceil(PLACES).next_power_of_two();
        let buckets = (0..buckets).map(|_| Mutex::new([Place::default(); PLACES])).collect();
        Self { buckets, hasher: RandomState::new() }
    }

    /// The key of whoever that is. With 64 bits of a keyed hash, two have the same one as good as never.
    pub(super) fn key(&self, who: impl Hash) -> u64 {
        self.hasher.hash_one(who).max(1)
    }

    /// What is known of the key; `None` if nothing is.
    pub(super) fn get(&self, key: u64) -> Option<V> {
        let bucket = self.bucket(key).lock();
        bucket.iter().find(|place| place.key == key).map(|place| place.value)
    }

    /// Puts what `change` makes of what is known, unless it refuses.
    pub(super) fn update<T, E>(&self, key: u64, change: impl FnOnce(Option<V>) -> Result<(T, V), E>) -> Result<T, E> {
        let mut bucket = self.bucket(key).lock();
        let known = bucket.iter().position(|place| place.key == key);
        let (result, value) = change(known.map(|place| bucket[place].value))?;
        let place = known.unwrap_or_else(|| lightest(&bucket));
        bucket[place] = Place { key, value };
        Ok(result)
    }

    fn bucket(&self, key: u64) -> &Mutex<[Place<V>; PLACES]> {
        // The number of buckets is a power of two.
        let mask = self.buckets.len() - 1;
        &self.buckets[usize::try_from(key & u64::MAX >> 1).unwrap_or(usize::MAX) & mask]
    }
}

fn lightest<V: Remembered>(bucket: &[Place<V>; PLACES]) -> usize {
    let weight = |place: &Place<V>| if place.key == 0 { 0 } else { place.value.weight() };
    (0..PLACES).min_by_key(|place| weight(&bucket[*place])).unwrap_or(0)
}

/// A look at a key, or a request that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Question {
    pub key: u64,
    pub counts: bool,
}

/// The table as `governor` wants it. What only looks changes nothing.
#[derive(Clone)]
pub(super) struct RateStates(pub Arc<Table<u64>>);

impl StateStore for RateStates {
    type Key = Question;

    fn measure_and_replace<T, F, E>(&self, question: &Question, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        if !question.counts {
            return decide(self.0.get(question.key).map(Nanos::from)).map(|(result, _)| result);
        }
        self.0.update(question.key, |known| {
            let (result, next) = decide(known.map(Nanos::from))?;
            Ok((result, u64::from(next)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(table: &Table<u64>, key: u64, value: u64) {
        let put: Result<(), ()> = table.update(key, |_| Ok(((), value)));
        put.unwrap();
    }

    #[test]
    fn it_has_as_much_room_at_the_end_as_at_the_beginning() {
        let table = Table::new(1000);
        let places = table.buckets.len() * PLACES;
        assert_eq!(places, 1024);
        for who in 0..100_000_u32 {
            put(&table, table.key(who), u64::from(who));
        }
        let known = (0..100_000_u32).filter(|who| table.get(table.key(who)).is_some()).count();
        assert!((900..=places).contains(&known), "{known}");
    }

    #[test]
    fn who_has_used_the_most_is_remembered_however_many_come() {
        let table = Table::new(1000);
        let greedy = table.key("greedy");
        put(&table, greedy, 1_000_000);
        for who in 0..100_000_u32 {
            put(&table, table.key(who), 1);
        }
        assert_eq!(table.get(greedy), Some(1_000_000));
    }

    #[test]
    fn what_is_refused_changes_nothing() {
        let table = Table::new(8);
        put(&table, 7, 1);
        let refused: Result<(), &str> = table.update(7, |known| {
            assert_eq!(known, Some(1));
            Err("no")
        });
        assert_eq!((refused, table.get(7)), (Err("no"), Some(1)));
        assert_eq!(table.get(8), None);
    }
}

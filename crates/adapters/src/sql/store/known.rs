//! Rows that were there once, and so are there still: none of them is ever deleted.

use frontrow_domain::{BuyerKey, Scope, UserId};
use std::collections::{BTreeSet, HashSet};
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// The buyers' rows and the wallets that this instance has locked.
#[derive(Default)]
pub(super) struct Known {
    pub buyers: Keys<BuyerKey>,
    pub wallets: Keys<UserId>,
}

impl Known {
    /// What was locked in a transaction that was committed.
    pub fn note(&self, scope: &Scope) {
        self.buyers.note(&scope.buyers);
        self.wallets.note(&scope.wallets);
    }
}

/// Keys of rows.
pub(super) struct Keys<K>(Mutex<HashSet<K>>);

impl<K> Default for Keys<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Copy + Eq + Hash> Keys<K> {
    /// With that many, some megabytes, it begins anew.
    const MOST: usize = 100_000;

    pub fn have(&self, keys: &BTreeSet<K>) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.iter().all(|key| known.contains(key))
    }

    fn note(&self, keys: &BTreeSet<K>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= Self::MOST {
            known.clear();
        }
        known.extend(keys);
    }
}

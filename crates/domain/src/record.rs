//! What every stored row has: a key, and a version that guards its writes.

use serde::{Deserialize, Serialize};
use std::fmt::Debug;
/// How often a row has changed. A write names the version that was read, and touches nothing if the row has moved on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(i64);

impl Version {
    /// Of a row that has just been made.
    pub const FIRST: Self = Self(1);

    /// As read from a database.
    pub const fn new(version: i64) -> Self {
        Self(version)
    }

    /// As written to a database.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Of the row's next state.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// A row with a key and a version.
pub trait Record: Clone + PartialEq {
    /// What it is locked by.
    type Key: Copy + Ord + Debug;
    /// Its key.
    fn key(&self) -> Self::Key;
    /// Its version.
    fn version(&self) -> Version;
}

/// One row to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write<T> {
    /// As it shall be.
    pub row: T,
    /// The version that was read; `None` if the row is new.
    pub read: Option<Version>,
}

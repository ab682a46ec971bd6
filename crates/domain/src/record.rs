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
pub trait Record: Clone + PartialEq + Debug {
    /// What it is locked by.
    type Key: Copy + Ord + Debug;
    /// Its key.
    fn key(&self) -> Self::Key;
    /// Its version.
    fn version(&self) -> Version;
    /// This row with all that may change as in `next`; the rest never changes. `Locked` refuses a change of the rest, and a
    /// store that updates a row has to write the former and nothing else.
    #[must_use]
    fn changed_to(&self, next: &Self) -> Self;
}

/// The fields of a struct in which two values differ, for people.
pub(crate) fn fields_that_differ<T: Debug>(one: &T, other: &T) -> String {
    let (one, other) = (format!("{one:#?}"), format!("{other:#?}"));
    let differing = fields(&one).into_iter().zip(fields(&other)).filter(|(one, other)| one != other);
    let names = differing.filter_map(|(field, _)| field.split_once(':')).map(|(name, _)| name.trim());
    names.collect::<Vec<_>>().join(", ")
}

/// Each field of a struct that is shown over several lines: it begins where a line is indented once.
fn fields(shown: &str) -> Vec<&str> {
    let begins = |line: &str| line.strip_prefix("    ").is_some_and(|rest| rest.starts_with(char::is_alphabetic));
    let mut starts = vec![];
    let mut at = 0;
    for line in shown.split_inclusive('\n') {
        if begins(line) {
            starts.push(at);
        }
        at += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([at]);
    starts.iter().zip(ends).map(|(start, end)| &shown[*start..end]).collect()
}

/// One row to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write<T> {
    /// As it shall be.
    pub row: T,
    /// The version that was read; `None` if the row is new.
    pub read: Option<Version>,
}

#[cfg(test)]
mod tests {
    use super::fields_that_differ;
    use crate::testing::{line_item, points, reservation};

    #[test]
    fn fields_that_differ_are_named_however_deep_the_difference_is() {
        let one = reservation().build();
        assert_eq!(fields_that_differ(&one, &one), "");
        let other = reservation().amount(points(1)).line_items(vec![line_item(1, 999)]).build();
        assert_eq!(fields_that_differ(&one, &other), "amount, line_items");
    }
}

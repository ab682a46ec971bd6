//! Why a case did not pass.

use crate::part::Part;
use std::fmt;
use std::panic::Location;

/// Why a case did not pass: something is wrong, or the case was skipped.
pub struct Failure {
    text: String,
    lacks: Option<Part>,
}

impl Failure {
    /// Something is wrong.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), lacks: None }
    }

    /// Something is wrong, found at that source location.
    pub(crate) fn at(place: &Location<'_>, text: &str) -> Self {
        Self::new(format!("{}:{}: {text}", place.file(), place.line()))
    }

    /// The same failure, with context in front of its text.
    pub(crate) fn within(self, circumstances: &str) -> Self {
        Self { text: format!("{circumstances}: {}", self.text), ..self }
    }

    /// The case is skipped, because the world lacks that part.
    pub(crate) fn lacks(part: Part) -> Self {
        Self { text: format!("the world has no {part:?}"), lacks: Some(part) }
    }

    /// The missing part, if the case was skipped.
    pub(crate) fn lacking(&self) -> Option<Part> {
        self.lacks
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// As [`fmt::Display`], so that `unwrap` prints it readably.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Turns every error into a failure that knows where it occurred. Possible because `Failure` itself isn't an `Error`.
impl<E: std::error::Error> From<E> for Failure {
    #[track_caller]
    fn from(error: E) -> Self {
        Self::at(Location::caller(), &format!("{error} ({error:?})"))
    }
}

/// Fails the case unless the condition is true.
macro_rules! ensure {
    ($condition:expr, $($text:tt)+) => {
        if !$condition {
            return Err($crate::Failure::new(format!("{}:{}: {}", file!(), line!(), format_args!($($text)+))));
        }
    };
}

/// Fails the case unless both are equal.
macro_rules! ensure_eq {
    ($found:expr, $expected:expr $(,)?) => {
        ensure_eq!($found, $expected, "{}", stringify!($found))
    };
    ($found:expr, $expected:expr, $($text:tt)+) => {
        match (&$found, &$expected) {
            (found, expected) => {
                ensure!(found == expected, "{}:\n  found    {found:?}\n  expected {expected:?}", format_args!($($text)+));
            }
        }
    };
}

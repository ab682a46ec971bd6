//! What is wrong with a description that somebody wrote: a venue's seats, a price list, a sale.

use crate::text::{paragraphs_flaw, text_flaw};
use std::fmt;
use std::ops::RangeInclusive;
use thiserror::Error;

/// One thing that is wrong, where it is, and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// JSON pointer into the description, such as `/sections/0/name`.
    pub pointer: String,
    /// A stable word for the kind of flaw, such as `length`, `range` or `duplicate`.
    pub code: &'static str,
    /// What is allowed, for a person.
    pub detail: String,
}

/// Everything that is wrong with a description; never empty.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct Invalid(pub Vec<Violation>);

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, flaw) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{}: {}", flaw.pointer, flaw.detail)?;
        }
        Ok(())
    }
}

/// Collects flaws, so that the author of a description hears of all of them at once.
#[derive(Default)]
pub(crate) struct Violations(Vec<Violation>);

impl Violations {
    /// More than these help nobody.
    const MAX: usize = 20;

    pub(crate) fn add(&mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        if self.0.len() < Self::MAX {
            self.0.push(Violation { pointer: pointer.into(), code, detail: detail.into() });
        }
    }

    pub(crate) fn unless(&mut self, fine: bool, pointer: &str, code: &'static str, detail: &str) {
        if !fine {
            self.add(pointer, code, detail);
        }
    }

    /// A number, or a count of things: `detail` is "1 to 50", and behind it what is counted.
    pub(crate) fn check_range<T: Copy + PartialOrd + fmt::Display>(
        &mut self,
        value: T,
        range: RangeInclusive<T>,
        what: &str,
        pointer: &str,
    ) {
        if !range.contains(&value) {
            let space = if what.is_empty() { "" } else { " " };
            self.add(pointer, "range", format!("{} to {}{space}{what}", range.start(), range.end()));
        }
    }

    /// A text for people: see [`text_flaw`].
    pub(crate) fn check_text(&mut self, text: &str, most: usize, pointer: &str) {
        if let Some(detail) = text_flaw(text, most) {
            self.add(pointer, "text", detail);
        }
    }

    /// A text for people that may have several paragraphs.
    pub(crate) fn check_paragraphs(&mut self, text: &str, most: usize, pointer: &str) {
        if let Some(detail) = paragraphs_flaw(text, most) {
            self.add(pointer, "text", detail);
        }
    }

    /// A code that stands in addresses and labels: 1 to `most` ASCII letters or digits.
    pub(crate) fn check_code(&mut self, text: &str, most: usize, pointer: &str) {
        if !is_code(text, most) {
            self.add(pointer, "code", format!("1 to {most} ASCII letters or digits"));
        }
    }

    pub(crate) fn into_result(self) -> Result<(), Invalid> {
        if self.0.is_empty() { Ok(()) } else { Err(Invalid(self.0)) }
    }
}

pub(crate) fn is_code(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

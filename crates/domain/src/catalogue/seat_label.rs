//! How one seat is named: by number in the books, by label for people.

use super::seat_name::seat_name;
use crate::violation::is_code;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// A seat's number within a performance: 1 to n in seat-map order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct SeatNumber(u32);

impl SeatNumber {
    /// The highest number, and with it the most seats that a performance can have.
    pub const MAX: u32 = 100_000;
    /// The first seat of every performance.
    pub const FIRST: Self = Self(1);

    /// `None` for 0 and for more seats than a map may have.
    pub const fn new(number: u32) -> Option<Self> {
        if number == 0 || number > Self::MAX { None } else { Some(Self(number)) }
    }

    /// The number itself, from 1.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Index in a list of all seats, from 0.
    pub const fn index(self) -> usize {
        self.0 as usize - 1
    }
}

impl TryFrom<u32> for SeatNumber {
    type Error = &'static str;

    fn try_from(number: u32) -> Result<Self, Self::Error> {
        Self::new(number).ok_or("a seat number is 1 to 100000")
    }
}

impl From<SeatNumber> for u32 {
    fn from(number: SeatNumber) -> Self {
        number.0
    }
}

/// What is printed on a ticket: `section-row-number` (`A-1-12`, `1층-가-12`), or `section-number` (`FLOOR-12`) where
/// people stand. Names are as [`seat_name`] gives them; a label that is read from a text is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeatLabel {
    /// The section's name, such as `A`.
    pub section: String,
    /// The row's name; absent in a standing section.
    pub row: Option<String>,
    /// The seat's number within its row, or the spot's within its standing section.
    pub number: u32,
}

/// The text is not a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a label is SECTION-ROW-NUMBER such as A-1-12, or SECTION-NUMBER such as FLOOR-12 where people stand")]
pub struct NotALabel;

impl FromStr for SeatLabel {
    type Err = NotALabel;

    fn from_str(text: &str) -> Result<Self, NotALabel> {
        let parts: Vec<&str> = text.split('-').collect();
        let (section, row, number) = match parts[..] {
            [section, number] => (section, None, number),
            [section, row, number] => (section, Some(row), number),
            _ => return Err(NotALabel),
        };
        let name = |text: &str| seat_name(text).ok_or(NotALabel);
        // A leading zero or plus sign would give one seat two labels.
        let plain = is_code(number, 6) && !number.starts_with('0');
        if !plain {
            return Err(NotALabel);
        }
        let number = number.parse().map_err(|_| NotALabel)?;
        Ok(Self { section: name(section)?, row: row.map(name).transpose()?, number })
    }
}

impl fmt::Display for SeatLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.row {
            Some(row) => write!(f, "{}-{row}-{}", self.section, self.number),
            None => write!(f, "{}-{}", self.section, self.number),
        }
    }
}

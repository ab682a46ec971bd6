//! Money as the rules see it.

use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;
/// An amount of points, never negative: 1 point is 1 minor unit of the installation's one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Points(i64);

/// The amount is negative or greater than [`Points::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an amount is 0 to {}", Points::MAX)]
pub struct OutOfRange;

impl Points {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount: what every database and every JSON reader keeps exactly.
    pub const MAX: Self = Self(9_007_199_254_740_991);

    /// Checks that the amount is 0 to [`Points::MAX`].
    pub const fn new(amount: i64) -> Result<Self, OutOfRange> {
        if amount < 0 || amount > Self::MAX.0 { Err(OutOfRange) } else { Ok(Self(amount)) }
    }

    /// The amount in minor units.
    pub const fn amount(self) -> i64 {
        self.0
    }

    /// Whether there is nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, or `None` above [`Points::MAX`].
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Self::new(self.0 + other.0).ok()
    }

    /// The difference, or `None` below zero.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        Self::new(self.0 - other.0).ok()
    }

    /// The sum of all, or `None` above [`Points::MAX`].
    pub fn checked_sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }

    /// `self * numerator / denominator`, rounded down; `None` above [`Points::MAX`] or for a denominator of 0.
    #[must_use]
    pub fn share(self, numerator: u32, denominator: u32) -> Option<Self> {
        let product = i128::from(self.0) * i128::from(numerator);
        Self::new(i64::try_from(product.checked_div(i128::from(denominator))?).ok()?).ok()
    }
}

impl TryFrom<i64> for Points {
    type Error = OutOfRange;

    fn try_from(amount: i64) -> Result<Self, OutOfRange> {
        Self::new(amount)
    }
}

impl From<Points> for i64 {
    fn from(points: Points) -> Self {
        points.0
    }
}

impl fmt::Display for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_end_at_zero_and_at_the_maximum() {
        assert_eq!(Points::new(-1), Err(OutOfRange));
        assert_eq!(Points::new(Points::MAX.amount() + 1), Err(OutOfRange));
        assert_eq!(Points::MAX.checked_add(Points(1)), None);
        assert_eq!(Points(1).checked_sub(Points(2)), None);
        assert_eq!(Points(2).checked_sub(Points(2)), Some(Points::ZERO));
        assert!(serde_json::from_str::<Points>("-1").is_err());
    }

    #[test]
    fn a_share_rounds_down_and_does_not_overflow_on_the_way() {
        assert_eq!(Points(99).share(500, 1000), Some(Points(49)));
        assert_eq!(Points::MAX.share(1000, 1000), Some(Points::MAX));
        assert_eq!(Points::MAX.share(1001, 1000), None);
        assert_eq!(Points(1).share(1, 0), None);
    }
}

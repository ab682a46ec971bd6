//! What buyers are told of a performance.

use super::{Action, NotBookable, Performance, Sale};
use crate::time::Instant;
use serde::{Deserialize, Serialize};

/// What buyers are told of a performance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PublicStatus {
    /// A sale will open.
    Upcoming,
    /// A sale is open, and there are seats.
    OnSale,
    /// A sale is open, and there is no seat that can be had; holds may still lapse.
    SoldOut,
    /// No sale is open, and none will, or it has begun and is not sold any longer.
    Closed,
    /// It takes place at another time.
    Postponed,
    /// It does not take place.
    Cancelled,
}

impl PublicStatus {
    /// The status of a public performance with these published sales and that many seats that can be had.
    pub fn of(performance: &Performance, sales: &[Sale], available: u32, now: Instant) -> Self {
        match performance.bookable().check(Action::Hold, now) {
            Err(NotBookable::Cancelled) => return Self::Cancelled,
            Err(NotBookable::Postponed) => return Self::Postponed,
            Err(NotBookable::Begun { .. }) => return Self::Closed,
            _ => {}
        }
        let said: Vec<_> = sales.iter().map(|sale| sale.check_action(performance, Action::Hold, now)).collect();
        let opens_later = |said: &Result<(), NotBookable>| matches!(said, Err(NotBookable::SaleNotOpen { .. }));
        if said.iter().any(Result::is_ok) {
            if available == 0 { Self::SoldOut } else { Self::OnSale }
        } else if sales.is_empty() || said.iter().any(opens_later) {
            Self::Upcoming
        } else {
            Self::Closed
        }
    }
}

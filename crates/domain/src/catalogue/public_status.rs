//! What buyers are told of a performance.

use super::{Action, Bookable, NotBookable, Performance, Sale, SaleTerms};
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
        let said = sales.iter().map(|sale| sale.check_action(performance, Action::Hold, now));
        Self::told(performance.bookable(), said, available, now)
    }

    /// The same of a performance of which no more is known than this and the terms of its published sales. It is never
    /// [`PublicStatus::SoldOut`]: that only its seats can tell.
    pub fn by_terms(bookable: Bookable, terms: &[SaleTerms], now: Instant) -> Self {
        Self::told(bookable, terms.iter().map(|terms| terms.check(Action::Hold, now)), u32::MAX, now)
    }

    fn told(
        bookable: Bookable,
        sales: impl ExactSizeIterator<Item = Result<(), NotBookable>>,
        available: u32,
        now: Instant,
    ) -> Self {
        match bookable.check(Action::Hold, now) {
            Err(NotBookable::Cancelled) => return Self::Cancelled,
            Err(NotBookable::Postponed) => return Self::Postponed,
            Err(NotBookable::Begun { .. }) => return Self::Closed,
            _ => {}
        }
        let (mut will_open, mut is_open) = (sales.len() == 0, false);
        for said in sales {
            is_open |= said.is_ok();
            will_open |= matches!(said, Err(NotBookable::SaleNotOpen { .. }));
        }
        match (is_open, will_open) {
            (true, _) if available == 0 => Self::SoldOut,
            (true, _) => Self::OnSale,
            (false, true) => Self::Upcoming,
            (false, false) => Self::Closed,
        }
    }
}

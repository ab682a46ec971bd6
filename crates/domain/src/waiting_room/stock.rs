//! What the people in a queue can still buy.

use super::Ending;
use crate::catalogue::NotBookable;

/// The seats that can still be held in a sale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stock {
    /// Not known.
    #[default]
    Unknown,
    /// So many seats.
    Left(u64),
    /// Every seat is held or sold.
    AllHeld,
    /// Every seat is sold.
    SoldOut,
    /// Nothing can be held: of the performances that may still take place, all are postponed.
    Postponed,
    /// Nothing can be held: the performances have begun, or are cancelled.
    Begun,
    /// Nothing can be held: every performance is cancelled.
    Cancelled,
}

/// What one performance of a sale has to sell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerformanceStock {
    /// What [`Sale::check_action`](crate::Sale::check_action) says of holding its seats.
    pub bookable: Result<(), NotBookable>,
    /// Seats that can be had.
    pub left: u64,
    /// Whether seats are held that may come back.
    pub any_held: bool,
}

impl Stock {
    /// What all performances of a sale have to sell together. The seats of one that can't be booked don't count. Before
    /// the sale opens, those count that will be sold then.
    pub fn of(performances: impl IntoIterator<Item = PerformanceStock>) -> Self {
        let (mut left, mut any_bookable, mut any_held) = (0, false, false);
        let mut nothing = Self::Unknown;
        for of in performances {
            let reason = match of.bookable {
                Ok(()) | Err(NotBookable::SaleNotOpen { .. } | NotBookable::SaleClosed { .. }) => {
                    any_bookable = true;
                    left += of.left;
                    any_held |= of.any_held;
                    continue;
                }
                Err(NotBookable::Postponed) => Self::Postponed,
                Err(NotBookable::Begun { .. }) => Self::Begun,
                Err(NotBookable::Cancelled) => Self::Cancelled,
                Err(NotBookable::Draft | NotBookable::TooLateToCancel { .. }) => continue,
            };
            nothing = nothing.or_hopeful(reason);
        }
        match (any_bookable, left, any_held) {
            (false, _, _) => nothing,
            (true, 0, true) => Self::AllHeld,
            (true, 0, false) => Self::SoldOut,
            (true, left, _) => Self::Left(left),
        }
    }

    /// Of two reasons for which nothing can be held, the one that leaves more hope.
    fn or_hopeful(self, other: Self) -> Self {
        let order = [Self::Postponed, Self::Begun, Self::Cancelled];
        order.into_iter().find(|reason| [self, other].contains(reason)).unwrap_or(Self::Unknown)
    }

    /// Why there is nothing to hold; `None` if there is something, or if it is not known.
    pub fn ending(self) -> Option<Ending> {
        match self {
            Self::Unknown | Self::Left(_) => None,
            Self::AllHeld => Some(Ending::AllHeld),
            Self::SoldOut => Some(Ending::SoldOut),
            Self::Postponed => Some(Ending::Postponed),
            Self::Begun => Some(Ending::Begun),
            Self::Cancelled => Some(Ending::Cancelled),
        }
    }

    /// How many seats there are to hold; `None` if that is not known.
    pub fn left(self) -> Option<u64> {
        match self {
            Self::Unknown => None,
            Self::Left(seats) => Some(seats),
            Self::AllHeld | Self::SoldOut | Self::Postponed | Self::Begun | Self::Cancelled => Some(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Instant;
    use NotBookable::{Begun, Cancelled, Postponed, SaleNotOpen};

    const AT: Instant = Instant::from_micros(5);

    fn stock(of: &[(Result<(), NotBookable>, u64, bool)]) -> Stock {
        Stock::of(of.iter().map(|(bookable, left, any_held)| PerformanceStock {
            bookable: *bookable,
            left: *left,
            any_held: *any_held,
        }))
    }

    #[test]
    fn only_the_seats_that_can_be_booked_count() {
        let begun = Err(Begun { until: AT });
        assert_eq!(stock(&[(Ok(()), 3, false), (Ok(()), 4, true)]), Stock::Left(7));
        for reason in [Err(Postponed), begun, Err(Cancelled)] {
            assert_eq!(stock(&[(Ok(()), 3, false), (reason, 4, true)]), Stock::Left(3));
            assert_eq!(stock(&[(Ok(()), 0, false), (reason, 4, true)]), Stock::SoldOut);
            assert_eq!(stock(&[(Ok(()), 0, true), (reason, 4, false)]), Stock::AllHeld);
        }
        assert_eq!(stock(&[(Err(SaleNotOpen { opens: AT }), 9, false)]), Stock::Left(9), "the lobby waits for them");
        assert_eq!(stock(&[]), Stock::Unknown);
    }

    #[test]
    fn if_none_can_be_booked_the_reason_is_the_one_that_leaves_most_hope() {
        let begun = || (Err(Begun { until: AT }), 9, false);
        let (postponed, cancelled) = ((Err(Postponed), 9, true), (Err(Cancelled), 9, false));
        assert_eq!(stock(&[cancelled]), Stock::Cancelled);
        assert_eq!(stock(&[cancelled, begun()]), Stock::Begun);
        assert_eq!(stock(&[postponed, begun()]), Stock::Postponed);
        assert_eq!(stock(&[cancelled, postponed]), Stock::Postponed);
    }

    #[test]
    fn a_stock_says_why_there_is_nothing_and_how_much_there_is() {
        assert_eq!((Stock::Unknown.ending(), Stock::Unknown.left()), (None, None));
        assert_eq!((Stock::Left(3).ending(), Stock::Left(3).left()), (None, Some(3)));
        for (stock, ending) in [
            (Stock::AllHeld, Ending::AllHeld),
            (Stock::SoldOut, Ending::SoldOut),
            (Stock::Postponed, Ending::Postponed),
            (Stock::Begun, Ending::Begun),
            (Stock::Cancelled, Ending::Cancelled),
        ] {
            assert_eq!((stock.ending(), stock.left()), (Some(ending), Some(0)));
        }
    }
}

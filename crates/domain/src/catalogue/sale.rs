//! When and on what terms performances are sold.

use super::{Action, AdmissionTerms, Bookable, NotBookable, Performance, PerformanceStatus, WaitingRoom};
use crate::id::{PerformanceId, SaleId};
use crate::text::composed;
use crate::time::Instant;
use crate::violation::{Invalid, Violations};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// An on-sale: which performances, from when to when, on what terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sale {
    /// Given by the operator's client.
    pub id: SaleId,
    /// Name for people, such as `General sale`.
    pub name: String,
    /// The performances that are sold.
    pub performances: BTreeSet<PerformanceId>,
    /// The first instant at which seats can be held.
    pub opens: Instant,
    /// The first instant at which they no longer can.
    pub closes: Instant,
    /// The first instant at which nothing can be paid any more. An edit can extend it for everybody, and shorten it for what
    /// is held from then on.
    pub pay_until: Instant,
    /// The first instant at which a paid reservation can no longer be cancelled by its owner; edited likewise.
    pub cancel_until: Instant,
    /// Seats that one person may have in this sale, held and paid together.
    pub limit_per_person: u32,
    /// How long a hold lasts.
    pub hold_duration: Duration,
    /// The queue in front of it, if there is one.
    pub waiting_room: Option<WaitingRoom>,
    /// Whether buyers see it.
    pub published: bool,
}

/// What a booking command needs to know of its sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaleTerms {
    /// Sale that the terms were read from.
    pub sale: SaleId,
    /// See [`Sale::opens`].
    pub opens: Instant,
    /// See [`Sale::closes`].
    pub closes: Instant,
    /// See [`Sale::pay_until`].
    pub pay_until: Instant,
    /// See [`Sale::cancel_until`].
    pub cancel_until: Instant,
    /// See [`Sale::limit_per_person`].
    pub limit_per_person: u32,
    /// See [`Sale::hold_duration`].
    pub hold_duration: Duration,
    /// Of a sale with a waiting room: only somebody who is admitted can hold seats.
    pub admission: Option<AdmissionTerms>,
    /// What the performance says besides.
    pub bookable: Bookable,
}

impl SaleTerms {
    /// The one rule of what may be done with a performance's seats at that instant. Holds, payments and cancellations, the
    /// status in the catalogue, and the stock of a waiting room all ask here. The performance has the first say: when it
    /// doesn't take place, nobody needs to know when its sale opens. Until when a hold can be paid is fixed when it is
    /// made, so the sale has no say in payments.
    pub fn check(&self, action: Action, now: Instant) -> Result<(), NotBookable> {
        self.bookable.check(action, now)?;
        match action {
            Action::Hold if now < self.opens => Err(NotBookable::SaleNotOpen { opens: self.opens }),
            Action::Hold if self.closes <= now => Err(NotBookable::SaleClosed { closed: self.closes }),
            Action::Cancel if self.cancel_until <= now => {
                Err(NotBookable::TooLateToCancel { cancel_until: self.cancel_until })
            }
            _ => Ok(()),
        }
    }
}

impl Sale {
    /// Characters of a name: 200.
    pub const LONGEST_NAME: usize = 200;
    /// Limit per person unless the sale says otherwise: 4.
    pub const DEFAULT_LIMIT_PER_PERSON: u32 = 4;
    /// Highest limit per person: 50.
    pub const MAX_LIMIT_PER_PERSON: u32 = 50;
    /// How long a hold lasts unless the sale says otherwise: 5 minutes.
    pub const DEFAULT_HOLD: Duration = Duration::from_mins(5);
    /// A hold lasts 1 second at least: nobody could pay a shorter one.
    pub const SHORTEST_HOLD: Duration = Duration::from_secs(1);
    /// A hold lasts 1 hour at most: a longer one would be a gift.
    pub const LONGEST_HOLD: Duration = Duration::from_hours(1);
    /// Performances of one sale: 100.
    pub const MAX_PERFORMANCES: usize = 100;

    /// What a command on a performance of this sale needs to know.
    pub fn terms_for(&self, performance: &Performance) -> SaleTerms {
        let cancel_until = performance.give_back_until.map_or(self.cancel_until, |until| until.max(self.cancel_until));
        SaleTerms { cancel_until, bookable: performance.bookable(), ..self.terms() }
    }

    /// The sale's own terms, for a performance that has no say in it.
    pub fn terms(&self) -> SaleTerms {
        SaleTerms {
            sale: self.id,
            opens: self.opens,
            closes: self.closes,
            pay_until: self.pay_until,
            cancel_until: self.cancel_until,
            limit_per_person: self.limit_per_person,
            hold_duration: self.hold_duration,
            admission: self.waiting_room.as_ref().map(|room| room.terms),
            bookable: Bookable::ALWAYS,
        }
    }

    /// Whether the sale closes before all of its performances are over for buyers, given them all. One that is cancelled
    /// does not count; while one is postponed, nobody knows yet.
    pub fn check_closes(&self, performances: &[Performance]) -> Result<(), Invalid> {
        let mut flaws = Violations::default();
        let takes_place = performances.iter().filter(|p| p.status != PerformanceStatus::Cancelled);
        let last = takes_place.clone().max_by_key(|p| p.sold_until());
        let is_open = |last: &Performance| last.sold_until() < self.closes;
        if let Some(last) = last.filter(|last| is_open(last))
            && !takes_place.clone().any(|p| p.status == PerformanceStatus::Postponed)
        {
            let detail = format!(
                "not later than the last performance, {}, is sold: until its starts_at, or its sold_until if it has one",
                last.id
            );
            flaws.add("/closes", "order", detail);
        }
        flaws.into_result()
    }

    /// Whether that may be done with the seats of one of its performances: by the rule of [`SaleTerms::check`].
    pub fn check_action(&self, performance: &Performance, action: Action, now: Instant) -> Result<(), NotBookable> {
        if self.published { self.terms_for(performance).check(action, now) } else { Err(NotBookable::Draft) }
    }

    /// Whether seats can be held, of a performance that lets them.
    pub fn is_open(&self, now: Instant) -> bool {
        self.published && self.terms().check(Action::Hold, now).is_ok()
    }

    /// Whether seats can no longer be held, of any performance.
    pub fn is_over(&self, now: Instant) -> bool {
        matches!(self.terms().check(Action::Hold, now), Err(NotBookable::SaleClosed { .. }))
    }

    /// The sale with its name, and those of its groups, in NFC, as it is kept.
    #[must_use]
    pub fn normalized(mut self) -> Self {
        self.name = composed(&self.name).into_owned();
        for group in self.waiting_room.iter_mut().flat_map(|room| &mut room.groups) {
            group.name = composed(&group.name).into_owned();
        }
        self
    }

    /// Says everything that is wrong with the sale.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut flaws = Violations::default();
        flaws.check_text(&self.name, Self::LONGEST_NAME, "/name");
        let count = self.performances.len();
        flaws.check_range(count, 1..=Self::MAX_PERFORMANCES, "performances", "/performances");
        flaws.unless(self.opens < self.closes, "/closes", "order", "later than opens");
        flaws.unless(self.closes <= self.pay_until, "/pay_until", "order", "not earlier than closes");
        flaws.check_range(self.limit_per_person, 1..=Self::MAX_LIMIT_PER_PERSON, "", "/limit_per_person");
        let hold = (Self::SHORTEST_HOLD..=Self::LONGEST_HOLD).contains(&self.hold_duration);
        let [least, most] = [Self::SHORTEST_HOLD, Self::LONGEST_HOLD].map(|hold| hold.as_secs());
        flaws.unless(hold, "/hold_seconds", "range", &format!("{least} to {most}"));
        if let Some(room) = &self.waiting_room {
            room.check(self.opens, &mut flaws);
        }
        flaws.into_result()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn sale() -> Sale {
        testing::sale()
            .opens(Instant::from_micros(10))
            .closes(Instant::from_micros(20))
            .pay_until(Instant::from_micros(20))
            .cancel_until(Instant::from_micros(0))
            .build()
    }

    #[test]
    fn a_sale_is_open_from_its_first_instant_to_before_its_last() {
        let open: Vec<_> = [9, 10, 19, 20].map(|at| sale().is_open(Instant::from_micros(at))).into();
        assert_eq!(open, [false, true, true, false]);
        assert!(!Sale { published: false, ..sale() }.is_open(Instant::from_micros(10)));
    }

    #[test]
    fn a_sale_says_everything_that_is_wrong_with_it() {
        assert_eq!(sale().check(), Ok(()));
        let bad = Sale {
            performances: BTreeSet::new(),
            closes: Instant::from_micros(10),
            pay_until: Instant::from_micros(9),
            limit_per_person: 51,
            hold_duration: Duration::ZERO,
            ..sale()
        };
        let Err(Invalid(flaws)) = bad.check() else { panic!("the sale is wrong") };
        let found: Vec<_> = flaws.iter().map(|flaw| flaw.pointer.as_str()).collect();
        assert_eq!(found, ["/performances", "/closes", "/pay_until", "/limit_per_person", "/hold_seconds"]);
    }
}

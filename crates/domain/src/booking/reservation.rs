//! Seats of one performance, assigned to a user.

use super::SeatKey;
use crate::catalogue::{Action, LineItem, SaleTerms, SeatNumber};
use crate::id::{PerformanceId, ReservationId, SaleId, UserId};
use crate::money::Points;
use crate::record::{Record, Version};
use crate::text::{composed, text_flaw};
use crate::time::{Instant, TAKEOVER_GRACE};
use crate::waiting_room::BuyerKey;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use thiserror::Error;

/// A reservation. Its seats and prices never change; its state does, and what was returned of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Id of the reservation; it never changes.
    pub id: ReservationId,
    /// The performance that the seats are of.
    pub performance: PerformanceId,
    /// The sale that it was held under.
    pub sale: SaleId,
    /// The user who owns it.
    pub user: UserId,
    /// Where it stands.
    pub state: ReservationState,
    /// The first instant at which the hold has lapsed.
    pub held_until: Instant,
    /// The first instant at which even a late payment is refused, as promised when it was held: see
    /// [`Reservation::payable_until`].
    pub late_until: Instant,
    /// The first instant at which its owner can't give it back any more, as promised when it was held: see
    /// [`Reservation::cancellable_until`]. The epoch, if nothing was promised.
    #[serde(default)]
    pub cancel_until: Instant,
    /// What is to be paid: the sum of the line items.
    pub amount: Points,
    /// One per seat, by ascending number; never empty.
    pub line_items: Vec<LineItem>,
    /// Why an operator gave it back, if it is [`ReservationState::Refunded`] and they said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_reason: Option<RefundReason>,
    /// What was given back while other seats were kept, in the order in which that happened. What was given back last, with
    /// everything that was left, is not in it: then the reservation has ended. See [`Reservation::refunds`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub returned: Vec<ReturnedSeats>,
    /// Goes up by one with every change.
    pub version: Version,
}

/// Seats of a paid reservation that were given back together, while others were kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnedSeats {
    /// Never empty; no seat is returned twice.
    pub seats: BTreeSet<SeatNumber>,
    /// Why, if an operator gave them back and said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<RefundReason>,
}

/// One refund of a reservation: what it was for, and how much that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatRefund<'a> {
    /// The seats that were given back for it.
    pub seats: BTreeSet<SeatNumber>,
    /// What was paid for them.
    pub amount: Points,
    /// Why, if an operator gave them back and said so.
    pub reason: Option<&'a RefundReason>,
}

/// Where a reservation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReservationState {
    /// The seats are kept until `held_until`.
    Held,
    /// Paid.
    Confirmed,
    /// Given up by its owner before it was paid.
    Released,
    /// Lapsed, and marked as such.
    Expired,
    /// Paid, then given back by its owner.
    Cancelled,
    /// Paid, then given back by an operator.
    Refunded,
}

impl ReservationState {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Held, Self::Confirmed, Self::Released, Self::Expired, Self::Cancelled, Self::Refunded];

    /// The table of transitions. An expired reservation can still be confirmed, by a late payment.
    pub fn may_become(self, next: Self) -> bool {
        use ReservationState::{Cancelled, Confirmed, Expired, Held, Refunded, Released};
        matches!(
            (self, next),
            (Held, Confirmed | Released | Expired)
                | (Expired, Confirmed | Released)
                | (Confirmed, Cancelled | Refunded)
        )
    }

    /// Whether it may count against the limit per person: it is held, lapsed or not, or confirmed.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Held | Self::Confirmed)
    }

    /// Whether it was paid for, and all of it given back.
    pub const fn is_given_back(self) -> bool {
        matches!(self, Self::Cancelled | Self::Refunded)
    }

    /// The word for it, in the API and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Confirmed => "confirmed",
            Self::Released => "released",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Refunded => "refunded",
        }
    }
}

impl Reservation {
    /// The states in which its seats can count against the limit per person: a store finds a buyer's reservations in these.
    pub const COUNTED_STATES: [ReservationState; 2] = [ReservationState::Held, ReservationState::Confirmed];

    /// Who, in which sale: the lock that guards it.
    pub fn buyer(&self) -> BuyerKey {
        BuyerKey { sale: self.sale, user: self.user }
    }

    /// Its seats, by ascending number, those among them that were given back.
    pub fn seats(&self) -> impl Iterator<Item = SeatNumber> {
        self.line_items.iter().map(|item| item.seat)
    }

    /// Its seats' keys, by ascending number.
    pub fn seat_keys(&self) -> impl Iterator<Item = SeatKey> {
        self.seats().map(|number| SeatKey { performance: self.performance, number })
    }

    /// Whether that seat was paid for and given back, by itself or with all others.
    pub fn is_returned(&self, seat: SeatNumber) -> bool {
        self.state.is_given_back() || self.returned.iter().any(|returned| returned.seats.contains(&seat))
    }

    /// The seats that were not given back, by ascending number.
    pub fn seats_left(&self) -> impl Iterator<Item = SeatNumber> {
        self.seats().filter(|seat| !self.is_returned(*seat))
    }

    /// The keys of the seats that were not given back, by ascending number.
    pub fn seat_keys_left(&self) -> impl Iterator<Item = SeatKey> {
        self.seats_left().map(|number| SeatKey { performance: self.performance, number })
    }

    /// How many seats it still has.
    pub fn seat_count(&self) -> u32 {
        u32::try_from(self.seats_left().count()).unwrap_or(u32::MAX)
    }

    /// What was given back of it, in the order in which that happened. A refund's
    /// [`Payment::ordinal`](crate::Payment::ordinal) is its place here.
    pub fn refunds(&self) -> Vec<SeatRefund<'_>> {
        let returned = self.returned.iter().map(|ReturnedSeats { seats, reason }| SeatRefund {
            seats: seats.clone(),
            amount: self.paid_for(seats),
            reason: reason.as_ref(),
        });
        let mut refunds: Vec<SeatRefund<'_>> = returned.collect();
        if self.state.is_given_back() {
            let before: BTreeSet<_> = self.returned.iter().flat_map(|returned| &returned.seats).copied().collect();
            let seats = self.seats().filter(|seat| !before.contains(seat)).collect();
            let amount = self.amount.checked_sub(self.paid_for(&before)).unwrap_or(Points::ZERO);
            refunds.push(SeatRefund { seats, amount, reason: self.refund_reason.as_ref() });
        }
        refunds
    }

    /// How much was given back of what was paid.
    pub fn refunded(&self) -> Points {
        Points::checked_sum(self.refunds().into_iter().map(|refund| refund.amount)).unwrap_or(self.amount)
    }

    /// What those of its seats cost.
    fn paid_for(&self, seats: &BTreeSet<SeatNumber>) -> Points {
        let items = self.line_items.iter().filter(|item| seats.contains(&item.seat));
        Points::checked_sum(items.map(|item| item.paid)).unwrap_or(self.amount)
    }

    /// Whether it is an unpaid hold whose time is over, marked as such or not.
    pub fn has_lapsed(&self, now: Instant) -> bool {
        match self.state {
            ReservationState::Held => self.held_until <= now,
            ReservationState::Expired => true,
            _ => false,
        }
    }

    /// Where it stands: a hold whose time is over is [`ReservationState::Expired`], marked as such or not.
    pub fn status(&self, now: Instant) -> ReservationState {
        if self.has_lapsed(now) { ReservationState::Expired } else { self.state }
    }

    /// Whether its seats count against the limit per person: a hold's do until [`TAKEOVER_GRACE`] after it has lapsed,
    /// because an instance whose clock is behind still takes its payment without counting. (Once it is marked as
    /// expired, every instance counts before it takes one.)
    pub fn counts(&self, now: Instant) -> bool {
        let is_over = self.state == ReservationState::Held && self.held_until + TAKEOVER_GRACE <= now;
        Self::COUNTED_STATES.contains(&self.state) && !is_over
    }

    /// The first instant at which even a late payment is refused. What was promised stands, and what an operator has
    /// extended since holds for everybody; once the performance is over for buyers, nothing does.
    pub fn payable_until(&self, terms: &SaleTerms) -> Instant {
        let extended = terms.pay_until.min(terms.bookable.sold_until);
        self.late_until.max(extended).min(terms.bookable.until(Action::Pay))
    }

    /// The first instant at which its owner can't give it back any more, once it is paid: in the same way.
    pub fn cancellable_until(&self, terms: &SaleTerms) -> Instant {
        self.cancel_until.max(terms.cancel_until).min(terms.bookable.until(Action::Cancel))
    }

    /// The row after a change.
    #[must_use]
    pub fn with(&self, state: ReservationState) -> Self {
        Self { state, version: self.version.next(), ..self.clone() }
    }

    /// The row once these of its seats are given back: if none is left, it has come to that end.
    #[must_use]
    pub fn without(&self, seats: BTreeSet<SeatNumber>, end: ReservationState, reason: Option<RefundReason>) -> Self {
        if self.seats_left().all(|seat| seats.contains(&seat)) {
            return Self { refund_reason: reason, ..self.with(end) };
        }
        let mut next = self.with(self.state);
        next.returned.push(ReturnedSeats { seats, reason });
        next
    }

    /// Whether it can become that in one step, apart from what never changes.
    pub fn may_become(&self, next: &Self) -> bool {
        if self.returned == next.returned {
            return self.state.may_become(next.state);
        }
        let Some((last, before)) = next.returned.split_last() else { return false };
        let left: BTreeSet<SeatNumber> = self.seats_left().collect();
        let some_of_them = !last.seats.is_empty() && last.seats.is_subset(&left) && last.seats != left;
        self.state == ReservationState::Confirmed && next.state == self.state && before == self.returned && some_of_them
    }
}

impl Record for Reservation {
    type Key = ReservationId;

    fn key(&self) -> ReservationId {
        self.id
    }

    fn version(&self) -> Version {
        self.version
    }

    /// Its seats and prices never change.
    fn changed_to(&self, next: &Self) -> Self {
        let (refund_reason, returned) = (next.refund_reason.clone(), next.returned.clone());
        Self { state: next.state, refund_reason, returned, version: next.version, ..self.clone() }
    }
}

/// Why an operator gave something back, in their own words: for the books, not for the owner.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct RefundReason(Box<str>);

/// The text can't be a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("1 to {} characters, one of them visible, no control characters", RefundReason::MAX)]
pub struct InvalidReason;

impl RefundReason {
    /// Characters of a reason.
    pub const MAX: usize = 200;

    /// The text in NFC and without the space around it: see [`text_flaw`].
    pub fn new(text: &str) -> Result<Self, InvalidReason> {
        let text = composed(text.trim());
        if text_flaw(&text, Self::MAX).is_none() { Ok(Self(text.into())) } else { Err(InvalidReason) }
    }

    /// What a store has kept: it was fine by the rules of its time.
    pub fn stored(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// As it is shown and kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for RefundReason {
    /// Reads what was stored: see [`RefundReason::stored`].
    fn from(text: String) -> Self {
        Self::stored(text)
    }
}

impl From<RefundReason> for String {
    fn from(reason: RefundReason) -> Self {
        reason.0.into()
    }
}

impl fmt::Display for RefundReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::ReservationState::{self, Cancelled, Confirmed, Expired, Held, Refunded, Released};
    use super::{InvalidReason, RefundReason};
    use crate::testing;
    use std::time::Duration;

    #[test]
    fn the_table_of_transitions_has_these_seven_and_no_other() {
        let all = ReservationState::ALL;
        let allowed: Vec<_> =
            all.iter().flat_map(|a| all.iter().filter(|b| a.may_become(**b)).map(|b| (*a, *b))).collect();
        let expected = [
            (Held, Confirmed),
            (Held, Released),
            (Held, Expired),
            (Confirmed, Cancelled),
            (Confirmed, Refunded),
            (Expired, Confirmed),
            (Expired, Released),
        ];
        assert_eq!(allowed, expected);
    }

    #[test]
    fn what_counts_is_live() {
        let live: Vec<_> = ReservationState::ALL.into_iter().filter(|state| state.is_live()).collect();
        assert_eq!(live, [Held, Confirmed]);
        for state in ReservationState::ALL {
            let reservation = testing::reservation().state(state).build();
            let counts = reservation.counts(reservation.held_until - Duration::from_micros(1));
            assert_eq!(counts, state.is_live(), "{state:?}");
        }
    }

    #[test]
    fn a_reason_is_1_to_200_characters_without_space_around_them() {
        let read = |text: &str| RefundReason::new(text).map(|reason| reason.as_str().to_owned());
        assert_eq!(read(" The artist is ill. \n").as_deref(), Ok("The artist is ill."));
        let long = "\u{1f3ab}".repeat(RefundReason::MAX);
        assert_eq!(read(&long), Ok(long.clone()));
        for text in ["", "  ", "two\nlines", "NUL\0", &"x".repeat(RefundReason::MAX + 1)] {
            assert_eq!(read(text), Err(InvalidReason), "{text:?}");
            assert_eq!(RefundReason::stored(text).as_str(), text, "what was accepted once is read");
        }
    }
}

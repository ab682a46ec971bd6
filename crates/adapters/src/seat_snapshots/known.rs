//! The taken seats of one performance, and when those that are held come back.

use frontrow_application::port::SeatSnapshot;
use frontrow_domain::{Instant, Seat, SeatNumber, SeatSet, SeatState, TAKEOVER_GRACE};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A few bytes for each seat that is held, and a bit for each of the others.
pub(super) struct KnownSeats {
    taken: SeatSet,
    count: u32,
    /// Taken seats that are held, and the instant at which they can be taken over.
    held: BTreeMap<SeatNumber, Instant>,
    /// The same, by that instant.
    ending: BTreeSet<(Instant, SeatNumber)>,
    /// What was shown last; `None` if it has changed since.
    shown: Option<Arc<SeatSnapshot>>,
}

impl KnownSeats {
    /// Of rows of which those that are left out are free.
    pub(super) fn of(not_free: &[Seat]) -> Self {
        let mut known =
            Self { taken: SeatSet::default(), count: 0, held: BTreeMap::new(), ending: BTreeSet::new(), shown: None };
        for seat in not_free {
            known.put(seat);
        }
        known
    }

    /// Changes one seat.
    pub(super) fn put(&mut self, seat: &Seat) {
        let number = seat.key.number;
        if let Some(until) = self.held.remove(&number) {
            self.ending.remove(&(until, number));
        }
        if let SeatState::Held { until, .. } = seat.state {
            let until = until + TAKEOVER_GRACE;
            self.held.insert(number, until);
            self.ending.insert((until, number));
        }
        if seat.state == SeatState::Free {
            self.count -= u32::from(self.taken.remove(number));
        } else {
            self.count += u32::from(self.taken.insert(number));
        }
        self.shown = None;
    }

    /// What can't be had at that instant. Instants have to ascend.
    pub(super) fn at(&mut self, now: Instant) -> Arc<SeatSnapshot> {
        self.end_holds(now);
        let Self { taken, count, held, shown, .. } = self;
        let any_held = !held.is_empty();
        let show = || Arc::new(SeatSnapshot { taken: taken.clone(), count: *count, any_held });
        Arc::clone(shown.get_or_insert_with(show))
    }

    /// Shows what was shown before, if it is the same at that instant.
    pub(super) fn take_over(&mut self, before: &mut Self, now: Instant) {
        self.end_holds(now);
        let is_same = |shown: &Arc<SeatSnapshot>| shown.taken == self.taken && shown.any_held != self.held.is_empty();
        self.shown = before.shown.take().filter(is_same);
    }

    /// Frees what can be taken over at that instant.
    pub(super) fn end_holds(&mut self, now: Instant) {
        while let Some((until, number)) = self.ending.first().copied()
            && until <= now
        {
            self.ending.pop_first();
            self.held.remove(&number);
            self.count -= u32::from(self.taken.remove(number));
            self.shown = None;
        }
    }
}

//! Who has something to do when, and how much is done at once.

use frontrow_domain::Instant;
use std::collections::BTreeSet;
use std::time::Duration;

/// Appointments, the soonest first.
pub struct Agenda {
    appointments: BTreeSet<(Instant, usize)>,
    /// Nothing is done before.
    free: Instant,
}

impl Agenda {
    /// From one deed to the next: 40 a second.
    pub const PACE: Duration = Duration::from_millis(25);
    /// Deeds that nobody had time for are made up for as long: at most 400 at once.
    pub const LATE: Duration = Duration::from_secs(10);

    /// Without appointments.
    pub fn beginning_at(now: Instant) -> Self {
        Self { appointments: BTreeSet::new(), free: now }
    }

    /// Somebody has something to do.
    pub fn add(&mut self, at: Instant, person: usize) {
        self.appointments.insert((at, person));
    }

    /// Whose turn it is; `None` if it is nobody's yet.
    pub fn next(&mut self, now: Instant) -> Option<usize> {
        let first = *self.appointments.first().filter(|(at, _)| *at <= now && self.free <= now)?;
        self.free = self.free.max(now - Self::LATE) + Self::PACE;
        self.appointments.remove(&first);
        Some(first.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn appointments_are_kept_in_order_and_not_before() {
        let begins = Instant::from_micros(1_000_000_000);
        let mut agenda = Agenda::beginning_at(begins);
        agenda.add(begins + 2 * SECOND, 7);
        agenda.add(begins + SECOND, 9);
        let now = begins + SECOND;
        assert_eq!((agenda.next(begins), agenda.next(now), agenda.next(now)), (None, Some(9), None));
        assert_eq!(agenda.next(begins + 2 * SECOND), Some(7));
    }

    #[test]
    fn so_much_is_done_in_a_second_and_no_more() {
        let begins = Instant::from_micros(1_000_000_000);
        let mut agenda = Agenda::beginning_at(begins);
        (0..10_000).for_each(|person| agenda.add(begins, person));
        let mut done = |now| std::iter::from_fn(|| agenda.next(now)).count();
        assert_eq!(done(begins), 1);
        let per_second: usize = (1..=10).map(|tenth| done(begins + SECOND / 10 * tenth)).sum();
        assert_eq!(per_second, 40);
        assert_eq!(done(begins + 100 * SECOND), 401, "what was skipped is not all made up for");
    }
}

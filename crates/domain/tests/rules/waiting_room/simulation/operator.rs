//! What operators do, and what befalls the dispenser of numbers.

use super::*;

impl Simulation {
    pub(super) fn operate(&mut self) {
        match self.below(14) {
            0..=2 => self.set_pace(),
            3..=5 => self.set_phase(),
            6 => self.next_epoch(),
            7 | 8 => self.bar(),
            9 => {
                let weights = (0..self.queue().groups.len()).map(|_| self.rng.random_range(1..=4)).collect();
                self.change(QueueChange { weights: Some(weights), ..QueueChange::default() });
            }
            10 | 11 => self.move_dates(),
            _ => self.change(QueueChange { message: Some("Hello".into()), ..QueueChange::default() }),
        }
    }

    pub(super) fn change(&mut self, change: QueueChange) {
        let Ok(next) = self.queue().update(&QueueUpdate::Operator(change)) else { return };
        self.rooms.queues.insert(self.sale.id, next);
    }

    fn set_pace(&mut self) {
        let (capacity, rate, burst) =
            (self.rng.random_range(1..=8), [30, 120, 600, 6000][self.below(4) as usize], self.rng.random_range(1..=10));
        if self.bookings.admissions.len() > capacity as usize {
            self.note("overfull");
        }
        self.change(QueueChange {
            capacity: Some(capacity),
            rate: Some(rate),
            burst: Some(burst),
            ..QueueChange::default()
        });
        (self.model.capacity, self.model.rate, self.model.burst) = (capacity, rate, burst);
        self.model.earned = self.model.earned.min(u64::from(burst) * 60_000_000);
    }

    fn set_phase(&mut self) {
        let phase = match (self.queue().phase, self.below(6)) {
            (Phase::Open | Phase::Lobby, 0) => Phase::Closed,
            (Phase::Open, 1) => Phase::Draining,
            (Phase::Open, 2) => Phase::Paused,
            (Phase::Open | Phase::Lobby, _) => return,
            _ => Phase::Open,
        };
        self.note(match phase {
            Phase::Paused => "pause",
            Phase::Draining => "drained",
            _ => "another phase",
        });
        self.change(QueueChange { phase: Some(phase), ..QueueChange::default() });
    }

    /// The dispenser has lost what it knew: numbers go on above all that it may have handed out.
    fn next_epoch(&mut self) {
        let mut above = Vec::new();
        for group in Group::all(self.queue().groups.len()) {
            let (sale, lost) = (self.sale.id, u64::from(self.below(20)));
            let issued = self.rooms.issued.entry((sale, group)).or_default();
            *issued += lost;
            above.push(*issued);
        }
        let next = self.queue().update(&QueueUpdate::NextEpoch { above }).unwrap();
        self.rooms.queues.insert(self.sale.id, next);
        self.note("epoch");
    }

    fn bar(&mut self) {
        let n = u128::from(self.below(36)) % PEOPLE + 1;
        // Let in again more often than kept out.
        let barred = self.below(3) == 0;
        let n = if barred { n } else { self.model.barred.first().copied().unwrap_or(n) };
        let now = self.clock();
        self.bookings.execute(&Command::unkeyed(Operation::Bar(Bar { buyer: key(n), barred })), now).unwrap();
        if barred {
            self.model.barred.insert(n);
            self.model.admissions.remove(&n);
        } else {
            self.model.barred.remove(&n);
        }
    }
}

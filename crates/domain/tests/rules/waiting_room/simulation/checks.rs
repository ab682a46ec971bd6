//! What must be true of any queue, whatever happens.

use super::ticks::{Looked, Rows};
use super::*;
use crate::fixture::user;

impl Simulation {
    /// Writes what a tick does, and looks whether it was right to; one that may not be written must be refused.
    pub(super) fn store(&mut self, looked: Looked, rows: &Rows, may: bool) {
        let Looked { tick, now, check_ins, queue: before } = looked;
        let overdue: BTreeSet<BuyerKey> = tick.overdue().into_iter().filter(|key| !rows.contains_key(key)).collect();
        let passed = check_ins.iter().filter(|check_in| overdue.contains(&check_in.key));
        self.model.passed_over.extend(passed.map(|check_in| ((check_in.group, check_in.rank), now)));
        let ticked = tick.carry_out(rows);
        let log = ticked.log.clone();
        if !may {
            let small = (self.rooms.log.len() < 20).then(|| (self.bookings.clone(), self.rooms.clone()));
            assert!(self.rooms.store(&mut self.bookings, ticked).is_err(), "it overwrites another: {}", self.context);
            let same = small.is_none_or(|(bookings, rooms)| bookings == self.bookings && rooms == self.rooms);
            return assert!(same, "half of it was written: {}", self.context);
        }
        let left = ticked.left.clone();
        self.rooms.store(&mut self.bookings, ticked).unwrap_or_else(|error| panic!("{error}: {}", self.context));
        self.note("tick");
        self.check_rate(&before, now, log.len());
        self.check_admissions(&before, now, rows);
        self.check_order(&check_ins, rows, &overdue, now, &log);
        self.check_admitted(&check_ins, now, &log);
        self.check_capacity(&before, &log);
        let stands = left.iter().any(|key| self.rooms.check_ins.contains_key(key));
        assert!(!stands, "{}", self.context);
        self.check_in_on_its_way(&check_ins, &log);
    }

    /// A check-in that looked before somebody was admitted leaves them checked in after that.
    fn check_in_on_its_way(&mut self, check_ins: &[CheckIn], log: &[Admitted]) {
        let admitted = log.iter().filter_map(|row| check_ins.iter().find(|check_in| check_in.key == row.key));
        let late: Vec<CheckIn> = admitted.filter(|_| self.rng.random_range(0..8) == 0).copied().collect();
        for check_in in late {
            self.rooms.check_ins.insert(check_in.key, check_in);
            self.note("check-in on its way");
        }
    }

    /// The bucket of the rate: it never gives what it has not earned.
    fn check_rate(&mut self, before: &Queue, now: Instant, admitted: usize) {
        if before.moves() && before.is_drawn() {
            let step = now.since(before.last_tick).min(seconds(1)).as_micros();
            let earned = self.model.earned + u64::from(self.model.rate) * u64::try_from(step).unwrap();
            self.model.earned = earned.min(u64::from(self.model.burst) * 60_000_000);
        }
        let cost = 60_000_000 * admitted as u64;
        assert!(cost <= self.model.earned, "{admitted} are more than the rate allows: {}", self.context);
        self.model.earned -= cost;
        if self.model.earned < 60_000_000 && admitted > 0 {
            self.note("slowed");
        }
    }

    /// Rights that a tick ended were over, and those that it left were not.
    fn check_admissions(&mut self, before: &Queue, now: Instant, rows: &Rows) {
        let silence = now.since(before.last_tick);
        let gap = (silence > seconds(5) && before.phase != Phase::Lobby).then_some(silence);
        if gap.is_some() && !self.model.admissions.is_empty() {
            self.note("outage");
        }
        let gap = gap.unwrap_or_default();
        for (n, known) in self.model.admissions.clone() {
            let admission = AdmissionPeriod { until: known.until + gap, max_until: known.max_until + gap };
            self.model.admissions.insert(n, admission);
            let buyer = self.bookings.buyers[&key(n)];
            // Whoever is admitted anew was ended first.
            let kept = buyer.admission == Some(admission);
            let over = admission.until + CLOCK_TOLERANCE < now;
            if !kept {
                assert!(over, "{n} had a right until {admission:?}, it is {now:?}: {}", self.context);
                self.model.admissions.remove(&n);
                let picked_up = self.model.by.get(&n).is_some_and(|by| self.model.used.contains(by));
                self.note(if picked_up { "ended" } else { "no-show" });
                continue;
            }
            if admission.until < now {
                self.note("grace");
            }
            // What a page that closed said by another clock may be off by that much; and a locked row waits.
            let row = self.bookings.admissions[&key(n)];
            let locked = !rows.contains_key(&key(n)) && admission.until + CLOCK_TOLERANCE < now;
            let leaked = admission.until + CLOCK_TOLERANCE + CLOCK_TOLERANCE < now && !locked;
            assert!(!leaked, "{row:?} outlasts its right {admission:?} at {now:?}: {}", self.context);
        }
    }

    /// Nobody is admitted before a lower rank of their group who is checked in and may be admitted, unless that one's row
    /// was waited for in vain.
    fn check_order(
        &mut self,
        check_ins: &[CheckIn],
        rows: &Rows,
        overdue: &BTreeSet<BuyerKey>,
        now: Instant,
        log: &[Admitted],
    ) {
        for row in log {
            for check_in in check_ins.iter().filter(|check_in| check_in.group == row.group && check_in.rank < row.rank)
            {
                if check_in.seen_at + seconds(15) <= now {
                    self.note("absent");
                    continue;
                }
                if log.iter().any(|other| other.key == check_in.key) {
                    continue;
                }
                if overdue.contains(&check_in.key) {
                    self.note("passed over");
                    continue;
                }
                let buyer = rows.get(&check_in.key).copied().flatten();
                let out = buyer
                    .is_some_and(|b| b.barred || b.admission.is_some() || b.has_used(check_in.group, check_in.number));
                assert!(out, "{row:?} was admitted before {check_in:?}: {}", self.context);
            }
        }
        let groups: BTreeSet<Group> = log.iter().map(|row| row.group).collect();
        if groups.len() > 1 {
            self.note("turns");
        }
    }

    fn check_admitted(&mut self, check_ins: &[CheckIn], now: Instant, log: &[Admitted]) {
        for row in log {
            let n = row.key.user.uuid().as_u128() - 1000;
            let check_in = check_ins.iter().find(|check_in| check_in.key == row.key).unwrap();
            let entry = (check_in.group, check_in.number);
            let passed = self.model.passed_over.get(&(row.group, row.rank)).copied().unwrap_or_default();
            assert_eq!((row.group, row.rank, row.at), (check_in.group, check_in.rank, now));
            // Whoever is passed over need not have been: others may have filled the room before.
            let since = [check_in.checked_in_at, check_in.checked_in_at.max(passed)];
            assert!(since.contains(&row.checked_in_at), "{row:?} stands there since {since:?}: {}", self.context);
            assert!(now < check_in.seen_at + seconds(15), "{n} was absent: {}", self.context);
            assert!(!self.model.used.contains(&entry), "{entry:?} was used before: {}", self.context);
            assert!(!self.model.barred.contains(&n), "{n} is barred: {}", self.context);
            let admission = AdmissionPeriod { until: now + seconds(45), max_until: now + SESSION };
            assert!(self.model.admissions.insert(n, admission).is_none(), "{n} was admitted already: {}", self.context);
            let again = self.model.by.insert(n, entry) == Some(entry);
            self.model.ever.insert(n);
            self.note(if again { "admitted again" } else { "admitted" });
        }
    }

    fn check_capacity(&mut self, before: &Queue, log: &[Admitted]) {
        let active = u32::try_from(self.bookings.admissions.len()).unwrap();
        if log.is_empty() {
            return;
        }
        let moves = self.queue().moves() && before.is_drawn() | self.queue().is_drawn();
        assert!(moves, "admitted while {:?}: {}", self.queue().phase, self.context);
        assert!(active <= self.model.capacity, "{active} of {}: {}", self.model.capacity, self.context);
        // Admissions that were given back since the tick looked are still counted.
        let right = |row: &Admitted| {
            (active..=self.model.capacity).contains(&row.active_after) && row.capacity == self.model.capacity
        };
        assert!(log.iter().all(right), "{log:?}, but there are {active}: {}", self.context);
        if active == self.model.capacity {
            self.note("full");
        }
    }

    /// After every step.
    pub(super) fn check(&mut self) {
        assert_eq!(self.bookings.admissions.len(), self.model.admissions.len(), "{}", self.context);
        for buyer in self.bookings.buyers.values() {
            let n = buyer.key.user.uuid().as_u128() - 1000;
            assert_eq!(buyer.admission, self.model.admissions.get(&n).copied(), "{n}: {}", self.context);
            let admitted = self.bookings.admissions.contains_key(&buyer.key);
            assert_eq!(buyer.admission.is_some(), admitted, "{n}: {}", self.context);
        }
        self.check_entries();
        let queue = self.queue();
        let ahead = queue.last_tick.since(self.now);
        assert!(ahead <= millis(SKEW.into()), "the queue is {ahead:?} ahead of the database: {}", self.context);
        assert!(queue.trail.len() <= 120, "{}: {}", queue.trail.len(), self.context);
        let fine = queue.groups.iter().all(|group| group.lapsed <= group.called.min(group.issued));
        assert!(fine, "{:?}: {}", queue.groups, self.context);
        if self.model.given.len().is_multiple_of(16) || self.rng.random_range(0..200) == 0 {
            self.audit_now_and_then();
        }
        if self.queue().ending == Some(Ending::SoldOut) && self.queue().phase == Phase::Closed {
            self.note("sold out");
        }
    }

    /// Statuses only move forward.
    fn check_entries(&mut self) {
        for (key, entry) in &self.rooms.entries {
            let n = key.user.uuid().as_u128() - 1000;
            let now = self.status(*entry);
            let Some((known, before)) = self.model.entries.insert(n, (*entry, now)) else { continue };
            assert_eq!(known, *entry, "{n} has lost the queue entry: {}", self.context);
            let step = |status| match status {
                EntryStatus::Lobby => (0, 0),
                EntryStatus::Waiting { ahead } => (1, u64::MAX - ahead),
                EntryStatus::Called => (2, 0),
                EntryStatus::Lapsed => (3, 0),
            };
            assert!(step(before) <= step(now), "{n} went from {before:?} to {now:?}: {}", self.context);
            if before != now && now == EntryStatus::Lapsed {
                *self.seen.entry("lapses").or_default() += 1;
            }
        }
    }

    fn audit_now_and_then(&mut self) {
        if self.rng.random_range(0..20) == 0 {
            self.audit();
        }
    }

    pub(super) fn audit(&self) {
        let records = QueueRecords::of(&self.rooms, vec![self.sale.terms()]);
        assert_eq!(audit_queues(&self.bookings, &records), [], "{}", self.context);
        let catalogue = Catalogue {
            performances: [performance(1)].into(),
            sales: [self.sale.id].into(),
            users: (1..=PEOPLE).map(user).collect(),
            ..Catalogue::default()
        };
        assert_eq!(audit(&self.bookings, &catalogue, self.now), [], "{}", self.context);
    }
}

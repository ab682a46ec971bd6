//! What must be true of any line, whatever happens.

use super::ticks::{Looked, Rows};
use super::*;
use crate::fixture::user;

impl Simulation {
    /// Writes what a tick does, and looks whether it was right to; one that may not be written must be refused.
    pub(super) fn store(&mut self, looked: Looked, rows: &Rows, may: bool) {
        let Looked { tick, now, door, line: before } = looked;
        let ticked = tick.carry_out(rows);
        let log = ticked.log.clone();
        if !may {
            let small = (self.rooms.log.len() < 20).then(|| (self.books.clone(), self.rooms.clone()));
            assert!(self.rooms.store(&mut self.books, ticked).is_err(), "it overwrites another: {}", self.context);
            let same = small.is_none_or(|(books, rooms)| books == self.books && rooms == self.rooms);
            return assert!(same, "half of it was written: {}", self.context);
        }
        let left = ticked.left_door.clone();
        self.rooms.store(&mut self.books, ticked).unwrap_or_else(|error| panic!("{error}: {}", self.context));
        self.note("tick");
        self.check_rate(&before, now, log.len());
        self.check_slots(&before, now, rows);
        self.check_order(&door, rows, now, &log);
        self.check_admitted(&door, now, &log);
        self.check_capacity(&before, &log);
        let stands = left.iter().any(|key| self.rooms.door.contains_key(key));
        assert!(!stands, "{}", self.context);
        self.claim_on_its_way(&door, &log);
    }

    /// A claim that looked before somebody was admitted leaves them at the door after that.
    fn claim_on_its_way(&mut self, door: &[Claim], log: &[Admitted]) {
        let admitted = log.iter().filter_map(|row| door.iter().find(|claim| claim.key == row.key));
        let late: Vec<Claim> = admitted.filter(|_| self.rng.random_range(0..8) == 0).copied().collect();
        for claim in late {
            self.rooms.door.insert(claim.key, claim);
            self.note("claim on its way");
        }
    }

    /// The bucket of the rate: it never gives what it has not earned.
    fn check_rate(&mut self, before: &Line, now: Instant, admitted: usize) {
        if before.phase.moves() && before.is_drawn() {
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
    fn check_slots(&mut self, before: &Line, now: Instant, rows: &Rows) {
        let silence = now.since(before.last_tick);
        let gap = (silence > seconds(5) && before.phase != Phase::Lobby).then_some(silence);
        if gap.is_some() && !self.model.slots.is_empty() {
            self.note("outage");
        }
        let gap = gap.unwrap_or_default();
        for (n, known) in self.model.slots.clone() {
            let slot = Slot { until: known.until + gap, max_until: known.max_until + gap };
            self.model.slots.insert(n, slot);
            let buyer = self.books.buyers[&key(n)];
            // Whoever is admitted anew was ended first.
            let kept = buyer.slot == Some(slot);
            let over = slot.until + TAKEOVER_GRACE < now;
            if !kept {
                assert!(over, "{n} had a right until {slot:?}, it is {now:?}: {}", self.context);
                self.model.slots.remove(&n);
                let picked_up = self.model.by.get(&n).is_some_and(|by| self.model.used.contains(by));
                self.note(if picked_up { "ended" } else { "no-show" });
                continue;
            }
            if slot.until < now {
                self.note("grace");
            }
            // What a page that closed said by another clock may be two seconds off; and a locked row waits.
            let admission = self.books.admissions[&key(n)];
            let locked = !rows.contains_key(&key(n)) && admission.until + TAKEOVER_GRACE < now;
            let leaked = slot.until + TAKEOVER_GRACE + TAKEOVER_GRACE < now && !locked;
            assert!(!leaked, "{admission:?} outlasts its right {slot:?} at {now:?}: {}", self.context);
        }
    }

    /// Nobody is admitted before a lower rank of their group who stands at the door and may be admitted.
    fn check_order(&mut self, door: &[Claim], rows: &Rows, now: Instant, log: &[Admitted]) {
        for row in log {
            for claim in door.iter().filter(|claim| claim.group == row.group && claim.rank < row.rank) {
                if claim.seen_at + seconds(15) <= now {
                    self.note("absent");
                    continue;
                }
                if log.iter().any(|other| other.key == claim.key) {
                    continue;
                }
                let buyer = rows.get(&claim.key).copied().flatten();
                let out = buyer.is_some_and(|b| b.barred || b.slot.is_some() || b.has_used(claim.group, claim.number));
                assert!(out, "{row:?} was admitted before {claim:?}: {}", self.context);
            }
        }
        let groups: BTreeSet<Group> = log.iter().map(|row| row.group).collect();
        if groups.len() > 1 {
            self.note("turns");
        }
    }

    fn check_admitted(&mut self, door: &[Claim], now: Instant, log: &[Admitted]) {
        for row in log {
            let n = row.key.user.uuid().as_u128() - 1000;
            let claim = door.iter().find(|claim| claim.key == row.key).unwrap();
            let place = (claim.group, claim.number);
            assert_eq!((row.group, row.rank, row.claimed_at, row.at), (claim.group, claim.rank, claim.claimed_at, now));
            assert!(now < claim.seen_at + seconds(15), "{n} was absent: {}", self.context);
            assert!(!self.model.used.contains(&place), "{place:?} was used before: {}", self.context);
            assert!(!self.model.barred.contains(&n), "{n} is barred: {}", self.context);
            let slot = Slot { until: now + seconds(45), max_until: now + SESSION };
            assert!(self.model.slots.insert(n, slot).is_none(), "{n} was admitted already: {}", self.context);
            let again = self.model.by.insert(n, place) == Some(place);
            self.model.ever.insert(n);
            self.note(if again { "admitted again" } else { "admitted" });
        }
    }

    fn check_capacity(&mut self, before: &Line, log: &[Admitted]) {
        let active = u32::try_from(self.books.admissions.len()).unwrap();
        if log.is_empty() {
            return;
        }
        let moves = self.line().phase.moves() && before.is_drawn() | self.line().is_drawn();
        assert!(moves, "admitted while {:?}: {}", self.line().phase, self.context);
        assert!(active <= self.model.capacity, "{active} of {}: {}", self.model.capacity, self.context);
        // Slots that were given back since the tick looked are still counted.
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
        assert_eq!(self.books.admissions.len(), self.model.slots.len(), "{}", self.context);
        for buyer in self.books.buyers.values() {
            let n = buyer.key.user.uuid().as_u128() - 1000;
            assert_eq!(buyer.slot, self.model.slots.get(&n).copied(), "{n}: {}", self.context);
            let admitted = self.books.admissions.contains_key(&buyer.key);
            assert_eq!(buyer.slot.is_some(), admitted, "{n}: {}", self.context);
        }
        self.check_places();
        let line = self.line();
        assert!(line.trail.len() <= 120, "{}: {}", line.trail.len(), self.context);
        let fine = line.groups.iter().all(|group| group.lapsed <= group.called.min(group.issued));
        assert!(fine, "{:?}: {}", line.groups, self.context);
        if self.model.given.len().is_multiple_of(16) || self.rng.random_range(0..200) == 0 {
            self.audit_now_and_then();
        }
        if self.line().ending == Some(Ending::SoldOut) && self.line().phase == Phase::Closed {
            self.note("sold out");
        }
    }

    /// Standings only move forward.
    fn check_places(&mut self) {
        for (key, place) in &self.rooms.places {
            let n = key.user.uuid().as_u128() - 1000;
            let now = self.standing(*place);
            let Some((known, before)) = self.model.places.insert(n, (*place, now)) else { continue };
            assert_eq!(known, *place, "{n} has lost the place: {}", self.context);
            let step = |standing| match standing {
                Standing::Lobby => (0, 0),
                Standing::Waiting { ahead } => (1, u64::MAX - ahead),
                Standing::Called => (2, 0),
                Standing::Lapsed => (3, 0),
            };
            assert!(step(before) <= step(now), "{n} went from {before:?} to {now:?}: {}", self.context);
            if before != now && now == Standing::Lapsed {
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
        let records = LineRecords::of(&self.rooms, vec![self.sale.terms()]);
        assert_eq!(audit_lines(&self.books, &records), [], "{}", self.context);
        let catalogue = Catalogue {
            performances: [performance(1)].into(),
            sales: [self.sale.id].into(),
            users: (1..=PEOPLE).map(user).collect(),
        };
        assert_eq!(audit(&self.books, &catalogue, self.now), [], "{}", self.context);
    }
}

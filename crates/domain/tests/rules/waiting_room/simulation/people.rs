//! What people do.

use super::model::{HoldRow, HoldState, Refusal};
use super::*;
use crate::fixture::{line_item, release, user};

impl Simulation {
    pub(super) fn person(&mut self) {
        let n = u128::from(self.below(36)) % PEOPLE + 1;
        // Some hardly ever come, some are always there.
        if n.is_multiple_of(6) && self.below(20) > 0 {
            return;
        }
        if self.model.admissions.contains_key(&n) && self.below(10) > 0 {
            return self.book(n);
        }
        match self.below(40) {
            0..=4 => self.join(n),
            5 => self.pay(n),
            6 => self.give_back(n),
            7 => self.renew(n, None, false),
            8 => self.hold(n),
            // Some join, and look away until the call has lapsed.
            _ if n % 12 == 5 && !self.has_lapsed(n) && self.below(200) > 0 => {}
            _ => self.come(n),
        }
    }

    fn book(&mut self, n: u128) {
        let picked_up = self.model.by.get(&n).is_some_and(|by| self.model.used.contains(by));
        match self.below(40) {
            // Some never pick it up.
            _ if !picked_up && n.is_multiple_of(4) => self.come(n),
            0..=19 if !picked_up => self.pick_up(n),
            0..=4 => self.renew(n, None, false),
            5 => self.renew(n, None, true),
            6..=12 => self.hold(n),
            13..=15 => self.pay(n),
            16 => self.release(n),
            17 if self.below(4) == 0 => self.leave(n),
            18 => self.join(n),
            19 => self.come(n),
            20 => self.give_back(n),
            _ => {}
        }
    }

    /// What the use case of joining does.
    pub(super) fn join(&mut self, n: u128) {
        if !self.queue().phase.takes_joins() {
            return;
        }
        let now = self.clock();
        let known = self.rooms.entries.get(&key(n)).copied();
        let worthless = known.filter(|entry| self.is_worthless(n, *entry, now));
        let groups = u32::try_from(self.queue().groups.len()).unwrap();
        let group = Group::new(u8::try_from(self.below(groups)).unwrap()).unwrap();
        let entry = self.rooms.join(key(n), group, worthless);
        if known.is_some() && worthless.is_none() {
            assert_eq!(Some(entry), known, "a queue entry was lost: {}", self.context);
            return;
        }
        self.note(if known.is_some() { "joined again" } else { "joined" });
        assert!(self.model.given.insert((entry.group, entry.number)), "{entry:?} was given before: {}", self.context);
        self.model.entries.remove(&n);
    }

    fn is_worthless(&self, n: u128, entry: QueueEntry, now: Instant) -> bool {
        let status = self.status(entry);
        let buyer = self.bookings.buyers.get(&key(n));
        if matches!(status, EntryStatus::Lobby | EntryStatus::Waiting { .. })
            || buyer.is_some_and(|buyer| buyer.live_admission(now).is_some())
        {
            return false;
        }
        let used = buyer.is_some_and(|buyer| buyer.has_used(entry.group, entry.number));
        let stands = self.rooms.check_ins.get(&key(n)).is_some_and(|check_in| check_in.number == entry.number);
        used || (status == EntryStatus::Lapsed && !stands && !self.missed(n, entry))
    }

    fn has_lapsed(&self, n: u128) -> bool {
        self.rooms.entries.get(&key(n)).is_some_and(|entry| self.status(*entry) == EntryStatus::Lapsed)
    }

    /// Whether they were admitted by that entry the last time, whatever became of it.
    fn missed(&self, n: u128, entry: QueueEntry) -> bool {
        self.model.by.get(&n) == Some(&(entry.group, entry.number))
    }

    fn come(&mut self, n: u128) {
        let Some(entry) = self.rooms.entries.get(&key(n)).copied() else { return };
        let status = self.status(entry);
        if !matches!(status, EntryStatus::Called | EntryStatus::Lapsed) {
            return self.note("early");
        }
        let now = self.clock();
        let rank = self.rank(entry);
        let check_in =
            CheckIn { key: key(n), group: entry.group, number: entry.number, rank, checked_in_at: now, seen_at: now };
        let stood = self.rooms.check_ins.get(&key(n)).copied().filter(|stood| stood.number == entry.number);
        let checked_in = self.rooms.check_in(&self.bookings, check_in, status == EntryStatus::Lapsed);
        let spent = self.model.spent.get(&(n, entry.group)).copied().unwrap_or(0);
        let (expected, what) = match self.model.require(n, now) {
            Err(Refusal::Barred) => (CheckInOutcome::Barred, "barred"),
            Ok(_) => (CheckInOutcome::Admitted(self.bookings.buyers[&key(n)]), "admitted already"),
            Err(_) if entry.number.get() <= spent => (CheckInOutcome::Used, "used"),
            Err(_) if status == EntryStatus::Lapsed && stood.is_none() => {
                if self.missed(n, entry) {
                    (CheckInOutcome::Present, "missed it")
                } else {
                    (CheckInOutcome::Lapsed, "lapsed")
                }
            }
            Err(_) => (CheckInOutcome::Present, "checked in"),
        };
        assert_eq!(checked_in, expected, "{n} {entry:?} {status:?}: {}", self.context);
        self.note(what);
        if stood.is_some_and(|stood| checked_in == CheckInOutcome::Present && now >= stood.seen_at + seconds(15)) {
            self.note("came back");
        }
    }

    fn pick_up(&mut self, n: u128) {
        let Some((group, number)) = self.model.by.get(&n).copied() else { return };
        self.renew(n, Some(QueueEntry { group, number }), false);
    }

    fn renew(&mut self, n: u128, entry: Option<QueueEntry>, closing: bool) {
        let now = self.clock();
        let before = self.model.admissions.get(&n).copied();
        let expected = self.model.renew(n, closing, now);
        let renew = Operation::Renew(Renew { buyer: key(n), entry, closing });
        let outcome = self.bookings.execute(&Command::unkeyed(renew), now);
        match (expected, outcome) {
            (Ok(admission), Ok(Outcome::Renewed(buyer))) => {
                assert_eq!(buyer.admission, Some(admission), "{}", self.context);
                self.note(if closing { "closed" } else { "renewed" });
                if before.is_some_and(|before| admission.until < before.until && !closing) {
                    self.note("cut by the session");
                }
                self.picked_up(n);
            }
            (Err(refusal), Err(Stop::Rejected(rejection))) => self.same(refusal, &rejection),
            (expected, outcome) => panic!("{outcome:?} instead of {expected:?}: {}", self.context),
        }
    }

    fn picked_up(&mut self, n: u128) {
        if self.model.use_up(n) {
            self.note("picked up");
        }
    }

    fn same(&self, refusal: Refusal, rejection: &Rejection) {
        let named = match rejection {
            Rejection::NotAdmitted => Some(Refusal::NotAdmitted),
            Rejection::AdmissionEnded => Some(Refusal::Ended),
            Rejection::Barred => Some(Refusal::Barred),
            _ => None,
        };
        assert_eq!(named, Some(refusal), "{rejection:?}: {}", self.context);
    }

    fn hold(&mut self, n: u128) {
        let (now, first, count) = (self.clock(), self.below(SEATS) + 1, self.below(LIMIT) + 1);
        let hold = Hold {
            reservation: ReservationId::new(self.id()),
            performance: performance(1),
            user: user(n),
            terms: self.sale.terms(),
            line_items: (first..(first + count).min(SEATS + 1)).map(|number| line_item(number, 0)).collect(),
        };
        let outcome = self.bookings.execute(&Command::unkeyed(Operation::Hold(hold)), now);
        match (self.model.may_hold(n, now), outcome) {
            (Ok(()), Ok(Outcome::Held(row))) => {
                self.model.hold(n, row, now);
                self.note("held");
                if self.model.admissions.get(&n).is_some_and(|admission| admission.until > admission.max_until) {
                    self.note("hold outlives the session");
                }
            }
            (Ok(()), Err(Stop::Rejected(Rejection::SeatsTaken { .. } | Rejection::LimitReached { .. }))) => {}
            (_, Err(Stop::Rejected(Rejection::SaleNotOpen { opens }))) if now < opens => {}
            (_, Err(Stop::Rejected(Rejection::SaleClosed { closed }))) if closed <= now => {}
            (Err(refusal), Err(Stop::Rejected(rejection))) => {
                self.same(refusal, &rejection);
                if self.model.require(n, now).is_ok() {
                    self.note("no hold after the session");
                }
            }
            (expected, outcome) => panic!("{outcome:?} instead of {expected:?}: {}", self.context),
        }
    }

    fn one_of(&mut self, n: u128, state: HoldState) -> Option<HoldRow> {
        let theirs: Vec<&HoldRow> =
            self.model.holds.values().filter(|hold| hold.by == n && hold.state == state).collect();
        let index = if theirs.is_empty() { None } else { Some(self.rng.random_range(0..theirs.len())) };
        index.map(|index| theirs[index].clone())
    }

    fn pay(&mut self, n: u128) {
        let Some(HoldRow { row, .. }) = self.one_of(n, HoldState::Held) else { return };
        let pay = Pay {
            reservation: row.id,
            performance: row.performance,
            seats: row.seats().collect(),
            user: row.user,
            terms: self.sale.terms(),
            payment: PaymentId::new(self.id()),
            transfer: TransferId::new(self.id()),
        };
        let now = self.clock();
        match self.bookings.execute(&Command::unkeyed(Operation::Pay(pay)), now) {
            Ok(_) => {
                self.note("paid");
                if self.model.pay(row.id, now) {
                    self.note("left by paying");
                }
            }
            Err(Stop::Rejected(Rejection::HoldLapsed { .. })) => self.model.set(row.id, HoldState::Over),
            Err(Stop::Rejected(Rejection::LimitReached { .. })) => {}
            Err(other) => panic!("{other}: {}", self.context),
        }
    }

    fn release(&mut self, n: u128) {
        let Some(HoldRow { row, .. }) = self.one_of(n, HoldState::Held) else { return };
        let now = self.clock();
        self.bookings.execute(&release(&row), now).unwrap();
        self.model.set(row.id, HoldState::Over);
        self.note("released");
    }

    /// Seats that were paid go back, so that there is always something to buy.
    fn give_back(&mut self, n: u128) {
        let Some(HoldRow { row, .. }) = self.one_of(n, HoldState::Paid) else { return };
        let cancel = Cancel {
            reservation: row.id,
            performance: row.performance,
            seats: row.seats().collect(),
            returned: None,
            user: row.user,
            terms: self.sale.terms(),
            payment: PaymentId::new(self.id()),
            transfer: TransferId::new(self.id()),
        };
        let now = self.clock();
        self.bookings.execute(&Command::unkeyed(Operation::Cancel(cancel)), now).unwrap();
        self.model.set(row.id, HoldState::Over);
    }

    pub(super) fn leave(&mut self, n: u128) {
        let now = self.clock();
        self.bookings.execute(&Command::unkeyed(Operation::Leave(Leave { buyer: key(n) })), now).unwrap();
        if self.model.admissions.remove(&n).is_some() {
            self.model.use_up(n);
            self.note("left");
        }
    }
}

//! What people do.

use super::model::{HoldRow, HoldState, Refusal};
use super::*;
use crate::fixture::{line, release, user};

impl Simulation {
    pub(super) fn person(&mut self) {
        let n = u128::from(self.below(36)) % PEOPLE + 1;
        // Some hardly ever come, some are always there.
        if n.is_multiple_of(6) && self.below(20) > 0 {
            return;
        }
        if self.model.slots.contains_key(&n) && self.below(10) > 0 {
            return self.book(n);
        }
        match self.below(40) {
            0..=4 => self.join(n),
            5 => self.pay(n),
            6 => self.give_back(n),
            7 => self.renew(n, None, false),
            8 => self.hold(n),
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
        if !self.line().phase.takes_joins() {
            return;
        }
        let now = self.clock();
        let known = self.rooms.places.get(&key(n)).copied();
        let worthless = known.filter(|place| self.is_worthless(n, *place, now));
        let groups = u32::try_from(self.line().groups.len()).unwrap();
        let group = Group::new(u8::try_from(self.below(groups)).unwrap()).unwrap();
        let place = self.rooms.join(key(n), group, worthless);
        if known.is_some() && worthless.is_none() {
            assert_eq!(Some(place), known, "a place was lost: {}", self.context);
            return;
        }
        self.note(if known.is_some() { "joined again" } else { "joined" });
        assert!(self.model.given.insert((place.group, place.number)), "{place:?} was given before: {}", self.context);
        self.model.places.remove(&n);
    }

    fn is_worthless(&self, n: u128, place: Place, now: Instant) -> bool {
        let standing = self.standing(place);
        let buyer = self.books.buyers.get(&key(n));
        if matches!(standing, Standing::Lobby | Standing::Waiting { .. })
            || buyer.is_some_and(|buyer| buyer.live_slot(now).is_some())
        {
            return false;
        }
        let used = buyer.is_some_and(|buyer| buyer.has_used(place.group, place.number));
        let stands = self.rooms.door.get(&key(n)).is_some_and(|claim| claim.number == place.number);
        used || (standing == Standing::Lapsed && !stands)
    }

    fn come(&mut self, n: u128) {
        let Some(place) = self.rooms.places.get(&key(n)).copied() else { return };
        let standing = self.standing(place);
        if !matches!(standing, Standing::Called | Standing::Lapsed) {
            return self.note("early");
        }
        let now = self.clock();
        let rank = self.rank(place);
        let claim =
            Claim { key: key(n), group: place.group, number: place.number, rank, claimed_at: now, seen_at: now };
        let stood = self.rooms.door.get(&key(n)).copied().filter(|stood| stood.number == place.number);
        let claimed = self.rooms.claim(&self.books, claim, standing == Standing::Lapsed);
        let spent = self.model.spent.get(&(n, place.group)).copied().unwrap_or(0);
        let (expected, what) = match self.model.require(n, now) {
            Err(Refusal::Barred) => (Claimed::Barred, "barred"),
            Ok(_) => (Claimed::Admitted(self.books.buyers[&key(n)]), "admitted already"),
            Err(_) if place.number.get() <= spent => (Claimed::Used, "used"),
            Err(_) if standing == Standing::Lapsed && stood.is_none() => (Claimed::Lapsed, "lapsed"),
            Err(_) => (Claimed::AtDoor, "at the door"),
        };
        assert_eq!(claimed, expected, "{n} {place:?} {standing:?}: {}", self.context);
        self.note(what);
        if stood.is_some_and(|stood| claimed == Claimed::AtDoor && now >= stood.seen_at + seconds(15)) {
            self.note("came back");
        }
    }

    fn pick_up(&mut self, n: u128) {
        let Some((group, number)) = self.model.by.get(&n).copied() else { return };
        self.renew(n, Some(Place { group, number }), false);
    }

    fn renew(&mut self, n: u128, place: Option<Place>, closing: bool) {
        let now = self.clock();
        let before = self.model.slots.get(&n).copied();
        let expected = self.model.renew(n, closing, now);
        let renew = What::Renew(Renew { buyer: key(n), place, closing });
        let outcome = self.books.execute(&Command::unkeyed(renew), now);
        match (expected, outcome) {
            (Ok(slot), Ok(Outcome::Renewed(buyer))) => {
                assert_eq!(buyer.slot, Some(slot), "{}", self.context);
                self.note(if closing { "closed" } else { "renewed" });
                if before.is_some_and(|before| slot.until < before.until && !closing) {
                    self.note("cut by the session");
                }
                self.picked_up(n);
            }
            (Err(refusal), Err(Refused::Rejected(rejection))) => self.same(refusal, &rejection),
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
            lines: (first..(first + count).min(SEATS + 1)).map(|number| line(number, 0)).collect(),
        };
        let outcome = self.books.execute(&Command::unkeyed(What::Hold(hold)), now);
        match (self.model.may_hold(n, now), outcome) {
            (Ok(()), Ok(Outcome::Held(row))) => {
                self.model.hold(n, row, now);
                self.note("held");
                if self.model.slots.get(&n).is_some_and(|slot| slot.until > slot.max_until) {
                    self.note("hold outlives the session");
                }
            }
            (Ok(()), Err(Refused::Rejected(Rejection::SeatsTaken(_) | Rejection::LimitReached { .. }))) => {}
            (_, Err(Refused::Rejected(Rejection::SaleNotOpen { opens }))) if now < opens => {}
            (Err(refusal), Err(Refused::Rejected(rejection))) => {
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
        match self.books.execute(&Command::unkeyed(What::Pay(pay)), now) {
            Ok(_) => {
                self.note("paid");
                if self.model.pay(row.id, now) {
                    self.note("left by paying");
                }
            }
            Err(Refused::Rejected(Rejection::HoldLapsed { .. })) => self.model.set(row.id, HoldState::Over),
            Err(Refused::Rejected(Rejection::LimitReached { .. })) => {}
            Err(other) => panic!("{other}: {}", self.context),
        }
    }

    fn release(&mut self, n: u128) {
        let Some(HoldRow { row, .. }) = self.one_of(n, HoldState::Held) else { return };
        let now = self.clock();
        self.books.execute(&release(&row), now).unwrap();
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
            user: row.user,
            terms: self.sale.terms(),
            payment: PaymentId::new(self.id()),
            transfer: TransferId::new(self.id()),
            reason: None,
        };
        let now = self.clock();
        self.books.execute(&Command::unkeyed(What::Cancel(cancel)), now).unwrap();
        self.model.set(row.id, HoldState::Over);
    }

    pub(super) fn leave(&mut self, n: u128) {
        let now = self.clock();
        self.books.execute(&Command::unkeyed(What::Leave(key(n))), now).unwrap();
        if self.model.slots.remove(&n).is_some() {
            self.model.use_up(n);
            self.note("left");
        }
    }
}

//! A sale with a waiting room, and what people and ticks do there.

use crate::fixture::{at, line, performance, points, sale, seat, user};
use frontrow_domain::waiting_room::{Line, Place, *};
use frontrow_domain::*;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use uuid::Uuid;

pub const OPENS: i64 = 10;
pub const SESSION: Duration = Duration::from_mins(10);
pub const SEATS: u32 = 40;
pub const LIMIT: u32 = 4;

pub fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

pub fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Ten at a time, and more a minute than anybody asks for.
pub fn room() -> WaitingRoom {
    WaitingRoom {
        lobby_opens: at(0),
        capacity: 10,
        rate: 60_000,
        burst: 1000,
        session: SESSION,
        groups: vec![group(1, None)],
        draw: false,
        strict: false,
        terms: AdmissionTerms::default(),
    }
}

pub fn group(weight: u32, code: Option<&str>) -> GroupTerms {
    GroupTerms { name: "Everybody".into(), weight, code: code.map(str::to_owned) }
}

pub fn sale_with(room: WaitingRoom) -> Sale {
    Sale {
        id: sale(1),
        name: "General sale".into(),
        performances: BTreeSet::from([performance(1)]),
        opens: at(OPENS),
        closes: at(1_000_000),
        pay_until: at(1_000_000),
        cancel_until: at(1_000_000),
        limit_per_person: LIMIT,
        hold_duration: Sale::DEFAULT_HOLD,
        waiting_room: Some(room),
        published: true,
    }
}

pub fn key(n: u128) -> BuyerKey {
    BuyerKey { sale: sale(1), user: user(n) }
}

/// The books, the rooms, and a clock that the test sets.
pub struct House {
    pub books: Books,
    pub rooms: Rooms,
    pub sale: Sale,
    pub stock: Stock,
    pub now: Instant,
    next_id: u128,
}

impl House {
    /// At the instant at which the sale opens, before any tick.
    pub fn new(room: WaitingRoom) -> Self {
        let (sale, mut books, mut rooms) = (sale_with(room), Books::default(), Rooms::default());
        books.open_seats(performance(1), (1..=SEATS).map(seat));
        let room = sale.waiting_room.clone().unwrap();
        rooms.open_line(Line::new(&sale, &room, [7; 32], at(0)));
        Self { books, rooms, sale, stock: Stock::Unknown, now: at(OPENS), next_id: 1 << 64 }
    }

    /// Open, with that many in line, none of whom has been called but those for whom there is room.
    pub fn open(room: WaitingRoom, people: u128) -> Self {
        let mut house = Self::new(room);
        house.all_join(1..=people, 0);
        house.tick();
        house
    }

    pub fn line(&self) -> &Line {
        &self.rooms.lines[&self.sale.id]
    }

    pub fn line_mut(&mut self) -> &mut Line {
        self.rooms.lines.get_mut(&self.sale.id).unwrap()
    }

    pub fn group(&self) -> GroupLine {
        self.line().groups[0].clone()
    }

    pub fn join(&mut self, n: u128) -> Place {
        self.join_in(n, 0)
    }

    pub fn join_in(&mut self, n: u128, group: u8) -> Place {
        self.rooms.join(key(n), Group::new(group).unwrap(), None)
    }

    pub fn all_join(&mut self, people: impl IntoIterator<Item = u128>, group: u8) {
        for n in people {
            self.join_in(n, group);
        }
    }

    pub fn standing(&self, n: u128) -> Standing {
        let place = self.rooms.places[&key(n)];
        self.line().standing(place.group, Rank::new(place.number.get()))
    }

    pub fn claim_of(&self, n: u128) -> Claim {
        let Place { group, number } = self.rooms.places[&key(n)];
        let rank = Rank::new(number.get());
        Claim { key: key(n), group, number, rank, claimed_at: self.now, seen_at: self.now }
    }

    /// To the door, called or not.
    pub fn come(&mut self, n: u128) -> Claimed {
        let lapsed = self.standing(n) == Standing::Lapsed;
        self.rooms.claim(&self.books, self.claim_of(n), lapsed)
    }

    pub fn all_come(&mut self, people: impl IntoIterator<Item = u128>) {
        for n in people {
            assert_eq!(self.come(n), Claimed::AtDoor, "{n}");
        }
    }

    /// Who is admitted by it.
    pub fn tick(&mut self) -> Vec<u128> {
        let before = self.rooms.log.len();
        self.rooms.tick(&mut self.books, &self.sale, SESSION, self.stock, self.now).unwrap();
        self.rooms.log[before..].iter().map(|row| row.key.user.uuid().as_u128() - 1000).collect()
    }

    pub fn tick_at(&mut self, now: Instant) -> Vec<u128> {
        self.now = now;
        self.tick()
    }

    /// Until then, with ticks on the way: a longer silence would be an outage.
    pub fn wait_until(&mut self, then: Instant) {
        while self.line().last_tick + seconds(4) < then {
            self.now = self.now.max(self.line().last_tick + seconds(4));
            self.tick();
        }
        self.now = then;
    }

    pub fn wait(&mut self, duration: Duration) {
        self.wait_until(self.now + duration);
    }

    /// A tick a second for so long, those named at the door all the time; who is admitted by them.
    pub fn run(&mut self, count: u64, present: &[u128]) -> Vec<u128> {
        let mut admitted = Vec::new();
        for _ in 0..count {
            self.now = self.now + seconds(1);
            for n in present {
                self.come(*n);
            }
            admitted.extend(self.tick());
        }
        admitted
    }

    /// Until somebody is called, with nobody at the door.
    pub fn run_until_called(&mut self, n: u128, most: u64) {
        for _ in 0..most {
            if self.standing(n) == Standing::Called {
                return;
            }
            self.run(1, &[]);
        }
        panic!("{n} is not called within {most} s: {:?}", self.standing(n));
    }

    /// The dispenser goes on above that number.
    pub fn lose_numbers(&mut self, above: u64) {
        let next = self.line().update(&LineUpdate::NextEpoch { above: vec![above] }).unwrap();
        *self.line_mut() = next;
        self.rooms.issued.insert((self.sale.id, Group::FIRST), above);
    }

    /// What a tick would do now.
    pub fn plan(&self) -> Tick {
        let floor = self.rooms.floor(&self.books, self.sale.id, self.stock, self.now).unwrap();
        Tick::plan(self.line(), &self.sale, SESSION, &floor, self.now)
    }

    /// The rows that a tick asks for, without those of some people.
    pub fn lock(&self, tick: &Tick, without: &[u128]) -> BTreeMap<BuyerKey, Option<Buyer>> {
        let keys = tick.buyers().into_iter().filter(|locked| !without.iter().any(|n| key(*n) == *locked));
        keys.map(|key| (key, self.books.buyers.get(&key).copied())).collect()
    }

    pub fn slot(&self, n: u128) -> Option<Slot> {
        self.books.buyers.get(&key(n)).and_then(|buyer| buyer.slot)
    }

    pub fn active(&self) -> usize {
        self.books.admissions.len()
    }

    pub fn change(&mut self, change: LineChange) -> Result<(), NotNow> {
        let next = self.line().update(&LineUpdate::Operator(change))?;
        *self.line_mut() = next;
        Ok(())
    }

    pub fn phase(&mut self, phase: Phase) -> Result<(), NotNow> {
        self.change(LineChange { phase: Some(phase), ..LineChange::default() })
    }

    pub fn id(&mut self) -> Uuid {
        self.next_id += 1;
        Uuid::from_u128(self.next_id)
    }

    pub fn run_command(&mut self, what: What) -> Result<Outcome, Refused> {
        self.books.execute(&Command::unkeyed(what), self.now)
    }

    pub fn rejected(&mut self, what: What) -> Rejection {
        match self.run_command(what) {
            Err(Refused::Rejected(rejection)) => rejection,
            other => panic!("not rejected: {other:?}"),
        }
    }

    /// One, admitted and picked up.
    pub fn admit(&mut self, n: u128) {
        self.join(n);
        self.come(n);
        assert!(self.tick().contains(&n));
        self.pick_up(n);
    }

    pub fn pick_up(&mut self, n: u128) -> Slot {
        let place = self.rooms.places[&key(n)];
        self.renew_with(n, Some(place), false).unwrap()
    }

    pub fn renew(&mut self, n: u128) -> Option<Slot> {
        self.renew_with(n, None, false)
    }

    pub fn close_page(&mut self, n: u128) -> Option<Slot> {
        self.renew_with(n, None, true)
    }

    fn renew_with(&mut self, n: u128, place: Option<Place>, closing: bool) -> Option<Slot> {
        match self.run_command(What::Renew(Renew { buyer: key(n), place, closing })) {
            Ok(Outcome::Renewed(buyer)) => buyer.slot,
            _ => None,
        }
    }

    pub fn leave(&mut self, n: u128) {
        self.run_command(What::Leave(key(n))).unwrap();
    }

    pub fn bar(&mut self, n: u128, barred: bool) {
        self.run_command(What::Bar(Bar { buyer: key(n), barred })).unwrap();
    }

    pub fn hold(&mut self, n: u128, seats: &[u32]) -> What {
        What::Hold(Hold {
            reservation: ReservationId::new(self.id()),
            performance: performance(1),
            user: user(n),
            terms: self.sale.terms(),
            lines: seats.iter().map(|number| line(*number, 0)).collect(),
        })
    }

    pub fn held(&mut self, n: u128, seats: &[u32]) -> Reservation {
        let hold = self.hold(n, seats);
        match self.run_command(hold) {
            Ok(Outcome::Held(reservation)) => reservation,
            other => panic!("not held: {other:?}"),
        }
    }

    pub fn pay(&mut self, held: &Reservation) {
        let pay = What::Pay(Pay {
            reservation: held.id,
            performance: held.performance,
            seats: held.seats().collect(),
            user: held.user,
            terms: self.sale.terms(),
            payment: PaymentId::new(self.id()),
            transfer: TransferId::new(self.id()),
        });
        assert_eq!(held.amount, points(0));
        self.run_command(pay).unwrap();
    }

    pub fn release(&mut self, held: &Reservation) {
        self.books.execute(&crate::fixture::release(held), self.now).unwrap();
    }

    pub fn findings(&self) -> Vec<Finding> {
        audit_lines(&self.books, &LineRecords::of(&self.rooms, vec![self.sale.terms()]))
    }
}

impl Drop for House {
    /// Whatever a test does, nothing may be wrong afterwards.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.findings(), []);
        }
    }
}

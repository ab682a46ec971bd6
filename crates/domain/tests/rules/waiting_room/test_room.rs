//! A sale with a waiting room, and what people and ticks do in it.

use crate::fixture::{at, line_item, performance, points, sale, seat, user};
use frontrow_domain::waiting_room::{Queue, QueueEntry, *};
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
    testing::waiting_room()
        .lobby_opens(at(0))
        .rate(60_000)
        .burst(1000)
        .session(SESSION)
        .groups(vec![group(1, None)])
        .build()
}

pub fn group(weight: u32, code: Option<&str>) -> GroupTerms {
    GroupTerms { name: "Everybody".into(), weight, code: code.map(str::to_owned) }
}

pub fn sale_with(room: WaitingRoom) -> Sale {
    testing::sale()
        .id(sale(1))
        .performances(BTreeSet::from([performance(1)]))
        .opens(at(OPENS))
        .closes(at(1_000_000))
        .pay_until(at(1_000_000))
        .cancel_until(at(1_000_000))
        .limit_per_person(LIMIT)
        .waiting_room(room)
        .build()
}

pub fn key(n: u128) -> BuyerKey {
    BuyerKey { sale: sale(1), user: user(n) }
}

/// A waiting room with its bookings, and a clock that the test sets.
pub struct TestRoom {
    pub bookings: BookingState,
    pub rooms: InMemoryQueues,
    pub sale: Sale,
    pub stock: Stock,
    pub now: Instant,
    next_id: u128,
}

impl TestRoom {
    /// At the instant at which the sale opens, before any tick.
    pub fn new(room: WaitingRoom) -> Self {
        let (sale, mut bookings, mut rooms) = (sale_with(room), BookingState::default(), InMemoryQueues::default());
        bookings.open_seats(performance(1), (1..=SEATS).map(seat));
        let room = sale.waiting_room.clone().unwrap();
        rooms.open_queue(Queue::new(&sale, &room, [7; 32], at(0)));
        Self { bookings, rooms, sale, stock: Stock::Unknown, now: at(OPENS), next_id: 1 << 64 }
    }

    /// Open, with that many people in the queue; only those for whom there is room have been called.
    pub fn open(room: WaitingRoom, people: u128) -> Self {
        let mut waiting_room = Self::new(room);
        waiting_room.all_join(1..=people, 0);
        waiting_room.tick();
        waiting_room
    }

    pub fn queue(&self) -> &Queue {
        &self.rooms.queues[&self.sale.id]
    }

    pub fn queue_mut(&mut self) -> &mut Queue {
        self.rooms.queues.get_mut(&self.sale.id).unwrap()
    }

    pub fn group(&self) -> GroupQueue {
        self.queue().groups[0].clone()
    }

    pub fn join(&mut self, n: u128) -> QueueEntry {
        self.join_in(n, 0)
    }

    pub fn join_in(&mut self, n: u128, group: u8) -> QueueEntry {
        self.rooms.join(key(n), Group::new(group).unwrap(), None)
    }

    pub fn all_join(&mut self, people: impl IntoIterator<Item = u128>, group: u8) {
        for n in people {
            self.join_in(n, group);
        }
    }

    pub fn status(&self, n: u128) -> EntryStatus {
        let entry = self.rooms.entries[&key(n)];
        self.queue().status(entry.group, Rank::new(entry.number.get()))
    }

    pub fn check_in_of(&self, n: u128) -> CheckIn {
        let QueueEntry { group, number } = self.rooms.entries[&key(n)];
        let rank = Rank::new(number.get());
        CheckIn { key: key(n), group, number, rank, checked_in_at: self.now, seen_at: self.now }
    }

    /// Somebody checks in, called or not.
    pub fn come(&mut self, n: u128) -> CheckInOutcome {
        let lapsed = self.status(n) == EntryStatus::Lapsed;
        self.rooms.check_in(&self.bookings, self.check_in_of(n), lapsed)
    }

    pub fn all_come(&mut self, people: impl IntoIterator<Item = u128>) {
        for n in people {
            assert_eq!(self.come(n), CheckInOutcome::Present, "{n}");
        }
    }

    /// The queue follows the sale, as it does when an operator saves it.
    pub fn save_sale(&mut self) {
        let update = QueueUpdate::Sale { dates: SaleDates::of(&self.sale), at: self.now };
        *self.queue_mut() = self.queue().update(&update).unwrap();
    }

    /// Ticks once; says who was admitted.
    pub fn tick(&mut self) -> Vec<u128> {
        self.save_sale();
        let before = self.rooms.log.len();
        self.rooms.tick(&mut self.bookings, &self.sale, SESSION, self.stock, self.now).unwrap();
        self.rooms.log[before..].iter().map(|row| row.key.user.uuid().as_u128() - 1000).collect()
    }

    pub fn tick_at(&mut self, now: Instant) -> Vec<u128> {
        self.now = now;
        self.tick()
    }

    /// Lets time pass until then, with ticks on the way: a longer silence would be an outage.
    pub fn wait_until(&mut self, then: Instant) {
        while self.queue().last_tick + seconds(4) < then {
            self.now = self.now.max(self.queue().last_tick + seconds(4));
            self.tick();
        }
        self.now = then;
    }

    pub fn wait(&mut self, duration: Duration) {
        self.wait_until(self.now + duration);
    }

    /// One tick a second for `count` seconds, with these people checked in all the time; says who was admitted.
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

    /// Lets time pass until somebody is called, with nobody checked in.
    pub fn run_until_called(&mut self, n: u128, most: u64) {
        for _ in 0..most {
            if self.status(n) == EntryStatus::Called {
                return;
            }
            self.run(1, &[]);
        }
        panic!("{n} is not called within {most} s: {:?}", self.status(n));
    }

    /// The dispenser loses its numbers, and goes on above that one.
    pub fn lose_numbers(&mut self, above: u64) {
        let next = self.queue().update(&QueueUpdate::NextEpoch { above: vec![above] }).unwrap();
        *self.queue_mut() = next;
        self.rooms.issued.insert((self.sale.id, Group::FIRST), above);
    }

    /// What a tick would do now.
    pub fn plan(&self) -> Tick {
        let input = self.rooms.input(&self.bookings, self.sale.id, self.stock, self.now).unwrap();
        Tick::plan(self.queue(), &self.sale, SESSION, &input, self.now)
    }

    /// The rows that a tick asks for, without those of some people.
    pub fn lock(&self, tick: &Tick, without: &[u128]) -> BTreeMap<BuyerKey, Option<Buyer>> {
        let keys = tick.buyers().into_iter().filter(|locked| !without.iter().any(|n| key(*n) == *locked));
        keys.map(|key| (key, self.bookings.buyers.get(&key).copied())).collect()
    }

    pub fn admission(&self, n: u128) -> Option<AdmissionPeriod> {
        self.bookings.buyers.get(&key(n)).and_then(|buyer| buyer.admission)
    }

    pub fn active(&self) -> usize {
        self.bookings.admissions.len()
    }

    pub fn change(&mut self, change: QueueChange) -> Result<(), NotNow> {
        let next = self.queue().update(&QueueUpdate::Operator(change))?;
        *self.queue_mut() = next;
        Ok(())
    }

    pub fn phase(&mut self, phase: Phase) -> Result<(), NotNow> {
        self.change(QueueChange { phase: Some(phase), ..QueueChange::default() })
    }

    pub fn id(&mut self) -> Uuid {
        self.next_id += 1;
        Uuid::from_u128(self.next_id)
    }

    pub fn run_command(&mut self, what: Operation) -> Result<Outcome, Stop> {
        self.bookings.execute(&Command::unkeyed(what), self.now)
    }

    pub fn rejected(&mut self, what: Operation) -> Rejection {
        match self.run_command(what) {
            Err(Stop::Rejected(rejection)) => rejection,
            other => panic!("not rejected: {other:?}"),
        }
    }

    /// Admits one person, who picks up the pass.
    pub fn admit(&mut self, n: u128) {
        self.join(n);
        self.come(n);
        assert!(self.tick().contains(&n));
        self.pick_up(n);
    }

    pub fn pick_up(&mut self, n: u128) -> AdmissionPeriod {
        let entry = self.rooms.entries[&key(n)];
        self.renew_with(n, Some(entry), false).unwrap()
    }

    pub fn renew(&mut self, n: u128) -> Option<AdmissionPeriod> {
        self.renew_with(n, None, false)
    }

    pub fn close_page(&mut self, n: u128) -> Option<AdmissionPeriod> {
        self.renew_with(n, None, true)
    }

    fn renew_with(&mut self, n: u128, entry: Option<QueueEntry>, closing: bool) -> Option<AdmissionPeriod> {
        match self.run_command(Operation::Renew(Renew { buyer: key(n), entry, closing })) {
            Ok(Outcome::Renewed(buyer)) => buyer.admission,
            _ => None,
        }
    }

    pub fn leave(&mut self, n: u128) {
        self.run_command(Operation::Leave(Leave { buyer: key(n) })).unwrap();
    }

    pub fn bar(&mut self, n: u128, barred: bool) {
        self.run_command(Operation::Bar(Bar { buyer: key(n), barred })).unwrap();
    }

    pub fn hold(&mut self, n: u128, seats: &[u32]) -> Operation {
        Operation::Hold(Hold {
            reservation: ReservationId::new(self.id()),
            performance: performance(1),
            user: user(n),
            terms: self.sale.terms(),
            line_items: seats.iter().map(|number| line_item(*number, 0)).collect(),
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
        let pay = Operation::Pay(Pay {
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
        self.bookings.execute(&crate::fixture::release(held), self.now).unwrap();
    }

    pub fn findings(&self) -> Vec<Finding> {
        audit_queues(&self.bookings, &QueueRecords::of(&self.rooms, vec![self.sale.terms()]))
    }
}

impl Drop for TestRoom {
    /// Whatever a test does, nothing may be wrong afterwards.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.findings(), []);
        }
    }
}

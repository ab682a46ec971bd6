//! The waiting room in the long run: some dozens of people who join, come, stay away, book, leave and come back, operators
//! who change their minds, seats and performances that come and go, dates that move, an instance whose clock is ahead, and
//! ticks that fail, collide and fall silent; after every step it is held against a model of everybody's rights and against
//! what must be true of any queue. `FRONTROW_SIMULATION_STEPS` says how many steps, `FRONTROW_SIMULATION_SEED` repeats a run.

mod checks;
mod control;
mod model;
mod operator;
mod people;
mod ticks;
mod world;

use super::draw::digest;
use super::test_room::{group, key, millis, room, sale_with, seconds};
use crate::fixture::{at, performance, seat};
use crate::simulation::from_environment;
use frontrow_domain::waiting_room::{Queue, QueueEntry, *};
use frontrow_domain::*;
use model::Model;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;
use uuid::Uuid;

const STEPS: u64 = 1_000_000;
/// A sale has so many steps; then comes the next, with other settings.
const SEASON: u64 = 20_000;
const PEOPLE: u128 = 36;
const SEATS: u32 = 24;
const LIMIT: u32 = 4;
const SESSION: Duration = Duration::from_mins(2);
const HOLD: Duration = Duration::from_secs(100);
/// How far the clock of an instance is off, at most: two of them differ by less than the tolerance.
const SKEW: u32 = 990;

#[test]
fn a_million_steps_of_queues() {
    let seed =
        from_environment("FRONTROW_SIMULATION_SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish());
    let steps = from_environment("FRONTROW_SIMULATION_STEPS").unwrap_or(STEPS);
    println!("FRONTROW_SIMULATION_SEED={seed} FRONTROW_SIMULATION_STEPS={steps}");
    let mut seen = BTreeMap::new();
    for season in 0..steps.div_ceil(SEASON) {
        let mut simulation = Simulation::new(seed.wrapping_add(season));
        for step in 0..SEASON.min(steps - season * SEASON) {
            simulation.context = format!("FRONTROW_SIMULATION_SEED={seed}, season {season}, step {step}");
            simulation.step();
        }
        simulation.end();
        simulation.seen.into_iter().for_each(|(what, times)| *seen.entry(what).or_insert(0) += times);
    }
    println!("{seen:?}");
    if steps >= 100_000 {
        assert_all_seen(&seen);
    }
}

/// Otherwise the queue opens too early, and then stands still until its time has come.
#[test]
#[should_panic(expected = "ahead of the database")]
fn a_clock_that_nobody_compares_moves_the_queue_into_the_future() {
    let mut simulation = Simulation { compares_clocks: false, ..Simulation::new(42) };
    (0..SEASON).for_each(|_| simulation.step());
}

/// A simulation in which nothing happens proves nothing.
fn assert_all_seen(seen: &BTreeMap<&'static str, u64>) {
    let people = ["joined", "joined again", "early", "checked in", "absent", "lapsed", "used", "barred", "came back"];
    let rights = [
        "admitted",
        "admitted again",
        "no-show",
        "missed it",
        "picked up",
        "renewed",
        "closed",
        "cut by the session",
        "held",
        "paid",
        "released",
        "left",
        "left by paying",
        "hold outlives the session",
        "no hold after the session",
    ];
    let ticks = [
        "tick",
        "full",
        "slowed",
        "row locked",
        "second ticker",
        "too late",
        "admission gone",
        "crash",
        "outage",
        "clock back",
        "clock ahead",
        "grace",
        "skewed",
        "overfull",
        "pause",
        "epoch",
        "sold out",
        "drawn",
        "turns",
        "lapses",
        "drained",
        "check-in on its way",
        "spammed",
        "passed over",
    ];
    let world = [
        "all sold",
        "all held",
        "postponed",
        "begun",
        "cancelled",
        "seats returned",
        "dates moved",
        "progress",
        "went on",
    ];
    for what in people.into_iter().chain(rights).chain(ticks).chain(world) {
        assert!(seen.get(what).is_some_and(|times| *times > 50), "{what:?} hardly happened: {seen:?}");
    }
}

struct Simulation {
    rng: ChaCha8Rng,
    bookings: BookingState,
    rooms: InMemoryQueues,
    sale: Sale,
    ranks: Vec<Ranks>,
    model: Model,
    /// What there is to sell.
    offered: Stock,
    now: Instant,
    /// Whether instances compare their clocks with the database's before they tick, as they should.
    compares_clocks: bool,
    next_id: u128,
    seen: BTreeMap<&'static str, u64>,
    context: String,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let groups = rng.random_range(1..=3_u32);
        let room = WaitingRoom {
            capacity: rng.random_range(2..=8),
            rate: [30, 120, 600, 6000][rng.random_range(0..4)],
            burst: rng.random_range(1..=10),
            session: SESSION,
            groups: (0..groups).map(|_| group(rng.random_range(1..=4), None)).collect(),
            draw: rng.random_range(0..2) == 0,
            terms: AdmissionTerms { leave_on_payment: rng.random_range(0..3) == 0 },
            ..room()
        };
        let (mut bookings, mut rooms) = (BookingState::default(), InMemoryQueues::default());
        bookings.open_seats(performance(1), (1..=SEATS).map(seat));
        let sale = Sale { opens: at(60), limit_per_person: LIMIT, hold_duration: HOLD, ..sale_with(room.clone()) };
        rooms.open_queue(Queue::new(&sale, &room, [3; 32], at(0)));
        let model = Model::new(&room);
        let (ranks, seen, context) = (Vec::new(), BTreeMap::new(), String::new());
        let offered = Stock::Left(5);
        Self {
            rng,
            bookings,
            rooms,
            sale,
            ranks,
            model,
            offered,
            now: at(0),
            compares_clocks: true,
            next_id: 1 << 64,
            seen,
            context,
        }
    }

    fn below(&mut self, most: u32) -> u32 {
        self.rng.random_range(0..most)
    }

    fn note(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }

    fn id(&mut self) -> Uuid {
        self.next_id += 1;
        Uuid::from_u128(self.next_id)
    }

    fn queue(&self) -> &Queue {
        &self.rooms.queues[&self.sale.id]
    }

    fn rank(&self, entry: QueueEntry) -> Rank {
        let drawn = self.ranks.get(entry.group.index()).filter(|_| self.queue().is_drawn());
        drawn.map_or(Rank::new(entry.number.get()), |ranks| ranks.rank(entry.number))
    }

    fn status(&self, entry: QueueEntry) -> EntryStatus {
        self.queue().status(entry.group, self.rank(entry))
    }

    /// The time by the clock of some instance.
    fn clock(&mut self) -> Instant {
        if self.below(8) > 0 {
            return self.now;
        }
        self.note("skewed");
        self.now + millis(self.below(2 * SKEW).into()) - millis(SKEW.into())
    }

    /// The time at which an instance ticks, if its clock lets it: that of one of them is ahead, mostly by far too much.
    fn ticking_clock(&mut self) -> Option<Instant> {
        if self.below(16) > 0 {
            return Some(self.clock());
        }
        let most = if self.below(4) == 0 { 2000 } else { 7_200_000 };
        let ours = self.now + millis(self.below(most).into());
        if !self.compares_clocks {
            return Some(ours);
        }
        let now = Tick::instant(ours, self.now);
        if now.is_none() {
            self.note("clock ahead");
        }
        now
    }

    fn step(&mut self) {
        let quick = self.below(100) > 0;
        self.now = self.now + millis(if quick { self.below(500) } else { self.below(4000) }.into());
        self.turn_world();
        match self.below(1000) {
            0..=349 => self.tick(),
            350 => self.silence(),
            351..=369 => self.operate(),
            _ => self.person(),
        }
        self.check();
        if self.below(30) == 0 {
            self.check_progress();
        }
    }

    /// No ticks for a while: every instance is cut off.
    fn silence(&mut self) {
        self.now = self.now + seconds(self.rng.random_range(1..=300));
    }

    /// Everybody goes home: every admission must end by itself.
    fn end(&mut self) {
        for _ in 0..80 {
            self.now = self.now + seconds(4);
            self.plain_tick(self.now, Stock::Unknown);
            self.check();
        }
        assert_eq!(self.bookings.admissions.len(), 0, "an admission has leaked: {}", self.context);
        self.audit();
    }
}

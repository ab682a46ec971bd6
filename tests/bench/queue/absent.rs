//! How much of the capacity is used when half of those who are called never come: an hour, by the rules alone, with
//! people who ask again when they are told to.

use crate::report::Report;
use frontrow_domain::waiting_room::{AskAgain, CheckIn, EntryStatus, Group, Queue, Rank, Stock, WaitingRoom};
use frontrow_domain::{
    BookingState, BuyerKey, Command, InMemoryQueues, Instant, Leave, Operation, Renew, Sale, SaleId, UserId, testing,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;
use std::time::Duration;
use uuid::Uuid;

const CAPACITY: u32 = 60;
const PEOPLE: usize = 6_000;
const SESSION: Duration = Duration::from_mins(10);
/// Ticks of the hour.
const TICKS: u64 = 36_000;
const TICK: Duration = Duration::from_millis(100);
/// The first minute fills the capacity, and is not counted.
const COUNTED_FROM: u64 = 600;
const BEGINNING: Instant = Instant::from_micros(0);

pub fn measure(report: &mut Report) {
    let shares: Vec<f64> = (1..=3).map(|seed| Hour::new(seed).used()).collect();
    let least = shares.iter().copied().fold(f64::INFINITY, f64::min);
    report.note(format!(
        "capacity used in a simulated hour with half of the people absent: {:.1} % at least in {} runs (98 % are wanted)",
        100.0 * least,
        shares.len()
    ));
}

/// What somebody does.
#[derive(Clone, Copy)]
enum Doing {
    /// Looks at the queue, and checks in when they are called.
    Waits {
        asks_at: u64,
    },
    Booking {
        until: u64,
    },
    Nothing,
}

struct Hour {
    bookings: BookingState,
    rooms: InMemoryQueues,
    sale: Sale,
    doing: Vec<Doing>,
    chance: ChaCha8Rng,
    now: Instant,
}

fn key(n: usize) -> BuyerKey {
    BuyerKey { sale: SaleId::new(Uuid::nil()), user: UserId::new(Uuid::from_u128(n as u128)) }
}

fn number(key: BuyerKey) -> Option<usize> {
    usize::try_from(key.user.uuid().as_u128()).ok()
}

fn room() -> WaitingRoom {
    testing::waiting_room().lobby_opens(BEGINNING).capacity(CAPACITY).rate(60_000).burst(1000).session(SESSION).build()
}

fn sale() -> Sale {
    let end = BEGINNING + Duration::from_hours(24);
    testing::sale()
        .id(key(0).sale)
        .performances(BTreeSet::new())
        .opens(BEGINNING)
        .closes(end)
        .pay_until(end)
        .cancel_until(end)
        .waiting_room(room())
        .build()
}

impl Hour {
    fn new(seed: u64) -> Self {
        let (sale, mut rooms, mut chance) = (sale(), InMemoryQueues::default(), ChaCha8Rng::seed_from_u64(seed));
        let now = sale.opens;
        rooms.open_queue(Queue::new(&sale, &room(), [0; 32], now));
        let doing = (0..PEOPLE).map(|n| {
            rooms.join(key(n), Group::FIRST, None);
            if chance.random() { Doing::Waits { asks_at: chance.random_range(0..60) } } else { Doing::Nothing }
        });
        let doing = doing.collect();
        Self { bookings: BookingState::default(), rooms, sale, doing, chance, now }
    }

    /// The share of the capacity that was used.
    fn used(mut self) -> f64 {
        let mut used = 0;
        for tick in 0..TICKS {
            self.now = self.now + TICK;
            self.people(tick);
            self.tick(tick);
            if tick >= COUNTED_FROM {
                used += self.bookings.admissions.len() as u64;
            }
        }
        let possible = u64::from(CAPACITY) * (TICKS - COUNTED_FROM);
        f64::from(u32::try_from(used).unwrap_or(u32::MAX)) / f64::from(u32::try_from(possible).unwrap_or(u32::MAX))
    }

    /// Those near the front: nobody else can be called yet.
    fn people(&mut self, tick: u64) {
        let near = usize::try_from(self.queue().groups[0].called + 200).unwrap_or(PEOPLE).min(PEOPLE);
        for n in 0..near {
            match self.doing[n] {
                Doing::Waits { asks_at } if asks_at <= tick => self.ask(n, tick),
                Doing::Booking { until } if until <= tick => {
                    self.run(Operation::Leave(Leave { buyer: key(n) }));
                    self.doing[n] = Doing::Nothing;
                }
                Doing::Booking { .. } if tick.is_multiple_of(1000) => {
                    self.run(Operation::Renew(Renew { buyer: key(n), entry: None, closing: false }));
                }
                _ => {}
            }
        }
    }

    fn ask(&mut self, n: usize, tick: u64) {
        let (key, testbed) = (key(n), self.rooms.entries[&key(n)]);
        let rank = Rank::new(testbed.number.get());
        let status = self.queue().status(testbed.group, rank);
        if status == EntryStatus::Called {
            let (group, number) = (testbed.group, testbed.number);
            let check_in = CheckIn { key, group, number, rank, checked_in_at: self.now, seen_at: self.now };
            self.rooms.check_in(&self.bookings, check_in, false);
        }
        let again = AskAgain::of(self.queue(), self.sale.opens, testbed.group, testbed.number, status, self.now).0;
        let again = u64::try_from(again.as_millis().div_ceil(TICK.as_millis())).unwrap_or(u64::MAX);
        self.doing[n] = Doing::Waits { asks_at: tick + again };
    }

    /// Whoever is admitted books for one to three minutes.
    fn tick(&mut self, tick: u64) {
        let before = self.rooms.log.len();
        // Nobody else ticks, so nothing is in its way.
        drop(self.rooms.tick(&mut self.bookings, &self.sale, SESSION, Stock::Unknown, self.now));
        let admitted: Vec<usize> = self.rooms.log[before..].iter().filter_map(|row| number(row.key)).collect();
        for n in admitted {
            let entry = Some(self.rooms.entries[&key(n)]);
            self.run(Operation::Renew(Renew { buyer: key(n), entry, closing: false }));
            self.doing[n] = Doing::Booking { until: tick + self.chance.random_range(600..1800) };
        }
    }

    fn run(&mut self, what: Operation) {
        // An admission may have ended just now.
        drop(self.bookings.execute(&Command::unkeyed(what), self.now));
    }

    fn queue(&self) -> &Queue {
        &self.rooms.queues[&self.sale.id]
    }
}

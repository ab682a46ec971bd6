//! How much of the slots is used when half of those who are called never come: an hour, by the rules alone, with people who
//! ask again when they are told to.

use crate::report::Report;
use frontrow_domain::waiting_room::{
    AdmissionTerms, AskAgain, Claim, Group, GroupTerms, Line, Rank, Rooms, Standing, Stock, WaitingRoom,
};
use frontrow_domain::{Books, BuyerKey, Command, Instant, Renew, Sale, SaleId, UserId, What};
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
/// The first minute fills the slots, and is not counted.
const COUNTED_FROM: u64 = 600;
const BEGINNING: Instant = Instant::from_micros(0);

pub fn measure(report: &mut Report) {
    let shares: Vec<f64> = (1..=3).map(|seed| Hour::new(seed).used()).collect();
    let least = shares.iter().copied().fold(f64::INFINITY, f64::min);
    report.note(format!(
        "slots used in a simulated hour with half of the people absent: {:.1} % at least in {} runs (98 % are wanted)",
        100.0 * least,
        shares.len()
    ));
}

/// What somebody does.
#[derive(Clone, Copy)]
enum Doing {
    /// Looks at the line, and comes to the door when they are called.
    Waits {
        asks_at: u64,
    },
    Books {
        until: u64,
    },
    Nothing,
}

struct Hour {
    books: Books,
    rooms: Rooms,
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
    let group = GroupTerms { name: "Everybody".into(), weight: 1, code: None };
    WaitingRoom {
        lobby_opens: BEGINNING,
        capacity: CAPACITY,
        rate: 60_000,
        burst: 1000,
        session: SESSION,
        groups: vec![group],
        draw: false,
        strict: false,
        terms: AdmissionTerms::default(),
    }
}

fn sale() -> Sale {
    let end = BEGINNING + Duration::from_hours(24);
    Sale {
        id: key(0).sale,
        name: "General sale".into(),
        performances: BTreeSet::new(),
        opens: BEGINNING,
        closes: end,
        pay_until: end,
        cancel_until: end,
        limit_per_person: 4,
        hold_duration: Sale::DEFAULT_HOLD,
        waiting_room: Some(room()),
        published: true,
    }
}

impl Hour {
    fn new(seed: u64) -> Self {
        let (sale, mut rooms, mut chance) = (sale(), Rooms::default(), ChaCha8Rng::seed_from_u64(seed));
        let now = sale.opens;
        rooms.open_line(Line::new(&sale, &room(), [0; 32], now));
        let doing = (0..PEOPLE).map(|n| {
            rooms.join(key(n), Group::FIRST, None);
            if chance.random() { Doing::Waits { asks_at: chance.random_range(0..60) } } else { Doing::Nothing }
        });
        let doing = doing.collect();
        Self { books: Books::default(), rooms, sale, doing, chance, now }
    }

    /// The share of the slots' time in which somebody had them.
    fn used(mut self) -> f64 {
        let mut used = 0;
        for tick in 0..TICKS {
            self.now = self.now + TICK;
            self.people(tick);
            self.tick(tick);
            if tick >= COUNTED_FROM {
                used += self.books.admissions.len() as u64;
            }
        }
        let possible = u64::from(CAPACITY) * (TICKS - COUNTED_FROM);
        f64::from(u32::try_from(used).unwrap_or(u32::MAX)) / f64::from(u32::try_from(possible).unwrap_or(u32::MAX))
    }

    /// Those near the front: nobody else can be called yet.
    fn people(&mut self, tick: u64) {
        let near = usize::try_from(self.line().groups[0].called + 200).unwrap_or(PEOPLE).min(PEOPLE);
        for n in 0..near {
            match self.doing[n] {
                Doing::Waits { asks_at } if asks_at <= tick => self.ask(n, tick),
                Doing::Books { until } if until <= tick => {
                    self.run(What::Leave(key(n)));
                    self.doing[n] = Doing::Nothing;
                }
                Doing::Books { .. } if tick.is_multiple_of(1000) => {
                    self.run(What::Renew(Renew { buyer: key(n), place: None, closing: false }));
                }
                _ => {}
            }
        }
    }

    fn ask(&mut self, n: usize, tick: u64) {
        let (key, place) = (key(n), self.rooms.places[&key(n)]);
        let rank = Rank::new(place.number.get());
        let standing = self.line().standing(place.group, rank);
        if standing == Standing::Called {
            let (group, number) = (place.group, place.number);
            let claim = Claim { key, group, number, rank, claimed_at: self.now, seen_at: self.now };
            self.rooms.claim(&self.books, claim, false);
        }
        let again = AskAgain::of(self.line(), self.sale.opens, place.group, place.number, standing, self.now).0;
        let again = u64::try_from(again.as_millis().div_ceil(TICK.as_millis())).unwrap_or(u64::MAX);
        self.doing[n] = Doing::Waits { asks_at: tick + again };
    }

    /// Who is admitted books for one to three minutes.
    fn tick(&mut self, tick: u64) {
        let before = self.rooms.log.len();
        // Nobody else ticks, so nothing is in its way.
        drop(self.rooms.tick(&mut self.books, &self.sale, SESSION, Stock::Unknown, self.now));
        let admitted: Vec<usize> = self.rooms.log[before..].iter().filter_map(|row| number(row.key)).collect();
        for n in admitted {
            let place = Some(self.rooms.places[&key(n)]);
            self.run(What::Renew(Renew { buyer: key(n), place, closing: false }));
            self.doing[n] = Doing::Books { until: tick + self.chance.random_range(600..1800) };
        }
    }

    fn run(&mut self, what: What) {
        // An admission may have ended just now.
        drop(self.books.execute(&Command::unkeyed(what), self.now));
    }

    fn line(&self) -> &Line {
        &self.rooms.lines[&self.sale.id]
    }
}

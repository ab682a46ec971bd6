//! Random commands of many people on few seats, with duplicates, delays, clock steps, crashes between lock and write, and
//! writes that come too late; each step is held against the model. `FRONTROW_SIMULATION_STEPS` says how many,
//! `FRONTROW_SIMULATION_SEED` repeats a run.

use crate::fixture::{LIMIT, World, line_item, performance, points, sale, terms, user};
use crate::model::{Expected, Model, name};
use frontrow_domain::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;
use uuid::Uuid;

const STEPS: u64 = 1_000_000;
/// The books begin anew after so many steps, so that they stay small and quick.
const SEASON: u64 = 5_000;
const USERS: u128 = 12;
/// One of them, who has almost as much as a wallet can hold.
const RICH: u128 = 12;
const PERFORMANCES: u128 = 3;
const SEATS: u32 = 8;
/// The clock never goes back further: less than the grace that a takeover leaves.
const BACK: Duration = Duration::from_millis(1900);

#[test]
fn a_million_steps() {
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
    if steps >= 100_000 {
        assert_all_seen(&seen);
    }
}

pub fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a whole number")))
}

/// A simulation in which nothing happens proves nothing.
fn assert_all_seen(seen: &BTreeMap<Expected, u64>) {
    let held = ["hold", "best", "takeover", "pay", "late", "release", "expire", "give back", "give some back"];
    let charged = ["charge", "settle", "owe", "return"];
    let refused = ["key", "sale", "limit", "taken", "gone", "paid", "ended", "lapsed", "points", "unpaid", "deadline"];
    let refused = refused.into_iter().chain(["room", "bounds", "begun", "returned"]);
    let wanted = held.into_iter().chain(charged).map(Expected::Done).chain(refused.map(Expected::Refused));
    for what in wanted.chain([Expected::Again]) {
        assert!(seen.get(&what).is_some_and(|times| *times > 100), "{what:?} hardly happened: {seen:?}");
    }
}

struct Simulation {
    rng: ChaCha8Rng,
    bookings: BookingState,
    model: Model,
    now: Instant,
    latest: Instant,
    next_id: u128,
    commands: Vec<Command>,
    delayed: VecDeque<Command>,
    reservations: Vec<Reservation>,
    charges: Vec<Payment>,
    seen: BTreeMap<Expected, u64>,
    context: String,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let mut bookings = BookingState::default();
        for n in 1..=PERFORMANCES {
            bookings.open_seats(performance(n), (1..=SEATS).filter_map(SeatNumber::new));
        }
        let start = Instant::from_micros(0);
        let mut world = World { bookings, now: start, next_id: 1 << 32 };
        world.enrich(RICH, Points::MAX.amount() - 3_000);
        let bookings = world.bookings;
        let mut model = Model::default();
        model.enrich(user(RICH), Points::MAX.amount() - 3_000);
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
            bookings,
            model,
            now: start,
            latest: start,
            next_id: 1 << 64,
            commands: Vec::new(),
            delayed: VecDeque::new(),
            reservations: Vec::new(),
            charges: Vec::new(),
            seen: BTreeMap::new(),
            context: String::new(),
        }
    }

    fn below(&mut self, most: u32) -> u32 {
        self.rng.random_range(0..most)
    }

    fn step(&mut self) {
        self.move_clock();
        if self.below(100) == 0 {
            self.two_clocks();
        }
        if self.below(60) == 0 {
            self.old_charge();
        }
        let command = match self.below(20) {
            0 => self.delayed.pop_front(),
            1 => self.any_command(),
            2 => self.any_command().map(|command| Command { request_hash: [77; 32], ..command }),
            _ => self.new_command(),
        };
        let Some(command) = command else { return };
        match self.below(20) {
            0 => self.delayed.push_back(command),
            1 => self.crash(&command),
            2 => self.too_late(&command),
            _ => self.run(&command),
        }
    }

    /// Forwards, mostly by little; now and then back, by less than the takeover's grace.
    fn move_clock(&mut self) {
        match self.below(50) {
            0 => self.now = self.now + Duration::from_secs(u64::from(self.rng.random_range(1..2000_u32))),
            1 => {
                let back = Duration::from_micros(u64::from(self.below(1_900_000)));
                self.now = (self.now - back).max(self.latest - BACK);
            }
            _ => self.now = self.now + Duration::from_micros(u64::from(self.below(4_000_000))),
        }
        self.latest = self.latest.max(self.now);
    }

    /// On one instance a hold has lapsed, and its owner holds more; on another one it has not, and is paid.
    fn two_clocks(&mut self) {
        let Some(reservation) = self.any_reservation().filter(|r| self.now < r.held_until) else { return };
        self.now = reservation.held_until + Duration::from_micros(u64::from(self.below(1_900_000)));
        self.latest = self.latest.max(self.now);
        let Operation::Hold(hold) = self.hold().operation else { return };
        let terms = SaleTerms { sale: reservation.sale, ..hold.terms };
        let more = Hold { user: reservation.user, terms, ..hold };
        let more = self.keyed(reservation.user, Operation::Hold(more));
        self.run(&more);
        self.now = (reservation.held_until - Duration::from_micros(1)).max(self.latest - BACK);
        let pay = self.pay(&reservation);
        self.run(&pay);
    }

    fn id(&mut self) -> Uuid {
        self.next_id += 1;
        Uuid::from_u128(self.next_id)
    }

    fn any_command(&mut self) -> Option<Command> {
        let recent = self.commands.len().min(200);
        let index = self.commands.len() - recent;
        if recent == 0 { None } else { Some(self.commands[index + self.rng.random_range(0..recent)].clone()) }
    }

    fn any_reservation(&mut self) -> Option<Reservation> {
        let recent = self.reservations.len().min(30);
        let index = self.reservations.len() - recent;
        if recent == 0 { None } else { Some(self.reservations[index + self.rng.random_range(0..recent)].clone()) }
    }

    fn terms(&mut self, n: u128) -> SaleTerms {
        // Sales open and close all the time, so that their edges are met.
        let opens = Instant::from_micros(self.now.micros() / 3_000_000_000 * 3_000_000_000 + 60_000_000);
        let closes = opens + Duration::from_secs(2500);
        let pay_until = closes + Duration::from_secs(u64::from(self.below(600)));
        let cancel_until = opens + Duration::from_mins(25);
        // Now and then the show begins while it is on sale, and may be sold a little longer.
        let starts_at = opens + Duration::from_secs(1200 + u64::from(self.below(2000)));
        let sold_until = starts_at + Duration::from_secs(300 * u64::from(self.below(2)));
        let bookable = Bookable { starts_at, sold_until, ..Bookable::ALWAYS };
        SaleTerms { opens, closes, pay_until, cancel_until, bookable, ..terms(n) }
    }

    fn new_command(&mut self) -> Option<Command> {
        match self.below(16) {
            0..=4 => Some(self.hold()),
            5 => Some(self.hold_best()),
            6..=9 => self.any_reservation().map(|r| self.pay(&r)),
            10 => self.any_reservation().map(|r| crate::fixture::release(&r)),
            11 => self.any_reservation().map(|r| crate::fixture::expire(&r)),
            12 => self.any_reservation().map(|r| self.give_back(&r, Operation::Cancel)),
            13 => self
                .any_reservation()
                .map(|r| self.give_back(&r, |cancel| Operation::Refund(Refund { cancel, reason: None }))),
            14 => Some(self.charge()),
            _ => self.settle(),
        }
    }

    /// Somebody who has hardly any room began a charge when wallets kept none for it.
    fn old_charge(&mut self) {
        let mut world = World { bookings: std::mem::take(&mut self.bookings), now: self.now, next_id: self.next_id };
        let payment = world.old_charge(RICH, i64::from(self.below(3000)) + 1);
        (self.bookings, self.next_id) = (world.bookings, world.next_id);
        self.model.begun(payment.id, payment.user, payment.amount.amount());
        self.charges.push(payment);
    }

    fn keyed(&mut self, user: UserId, what: Operation) -> Command {
        let name = format!("k{}", self.id().simple());
        Command::keyed(CommandKey::new(user, name).unwrap(), [1; 32], what)
    }

    fn hold(&mut self) -> Command {
        let who = user(u128::from(self.below(12)) % USERS + 1);
        let in_performance = performance(self.rng.random_range(1..=PERFORMANCES));
        let first = self.rng.random_range(1..=SEATS);
        let count = self.rng.random_range(1..=4_u32);
        let price = i64::from(self.below(3)) * 400;
        let line_items = (first..(first + count).min(SEATS + 1)).map(|n| line_item(n, price)).collect();
        let in_sale = self.rng.random_range(1..=2_u128);
        let terms = self.terms(in_sale);
        let reservation = ReservationId::new(self.id());
        self.keyed(
            who,
            Operation::Hold(Hold { reservation, performance: in_performance, user: who, terms, line_items }),
        )
    }

    fn hold_best(&mut self) -> Command {
        let who = user(u128::from(self.below(12)) % USERS + 1);
        let in_performance = performance(self.rng.random_range(1..=PERFORMANCES));
        let count = self.rng.random_range(1..=2_u32);
        let mut seats: Vec<SeatNumber> = (1..=SEATS).filter_map(SeatNumber::new).collect();
        seats.rotate_left(self.below(SEATS) as usize);
        let blocks = seats.chunks_exact(count as usize).take(3).map(<[_]>::to_vec).collect();
        let in_sale = self.rng.random_range(1..=2_u128);
        let terms = self.terms(in_sale);
        let best = HoldBest {
            reservation: ReservationId::new(self.id()),
            performance: in_performance,
            user: who,
            terms,
            count,
            blocks,
            line_item: line_item(1, 400),
            wait: self.below(2) == 0,
        };
        self.keyed(who, Operation::HoldBest(best))
    }

    fn pay(&mut self, r: &Reservation) -> Command {
        let terms = SaleTerms { sale: r.sale, ..self.terms(1) };
        let (payment, transfer) = (PaymentId::new(self.id()), TransferId::new(self.id()));
        let seats = r.seats().collect();
        let (reservation, performance) = (r.id, r.performance);
        self.keyed(
            r.user,
            Operation::Pay(Pay { reservation, performance, seats, user: r.user, terms, payment, transfer }),
        )
    }

    fn give_back(&mut self, r: &Reservation, what: fn(Cancel) -> Operation) -> Command {
        let terms = SaleTerms { sale: r.sale, ..self.terms(1) };
        let (payment, transfer) = (PaymentId::new(self.id()), TransferId::new(self.id()));
        let seats = r.seats().collect();
        let (reservation, performance) = (r.id, r.performance);
        let user = r.user;
        let returned = self.some_of(r);
        let cancel = Cancel { reservation, performance, seats, returned, user, terms, payment, transfer };
        self.keyed(user, what(cancel))
    }

    /// Some of its seats, or none to name.
    fn some_of(&mut self, r: &Reservation) -> Option<BTreeSet<SeatNumber>> {
        let mut some: BTreeSet<SeatNumber> = r.seats().filter(|_| self.below(2) == 0).collect();
        some.extend(r.seats().next().filter(|_| some.is_empty()));
        if self.below(4) == 0 { None } else { Some(some) }
    }

    fn charge(&mut self) -> Command {
        let who = user(u128::from(self.below(12)) % USERS + 1);
        let amount = if self.below(8) == 0 { 10_000_001 * i64::from(self.below(2)) } else { self.below(3000).into() };
        let (payment, amount) = (PaymentId::new(self.id()), points(amount));
        self.keyed(who, Operation::Charge(Charge { payment, user: who, amount, provider: "sandbox".into() }))
    }

    fn settle(&mut self) -> Option<Command> {
        let recent = self.charges.len().min(10);
        let index = self.charges.len() - recent;
        let payment =
            if recent == 0 { None } else { Some(self.charges[index + self.rng.random_range(0..recent)].clone()) }?;
        let provider_ref = payment.id.to_string();
        let settlement = match self.below(4) {
            0 => Settlement::Declined,
            1 => Settlement::Returned,
            _ => Settlement::Accepted { provider_ref },
        };
        let transfer = TransferId::new(self.id());
        Some(Command::unkeyed(Operation::Settle(Settle {
            payment: payment.id,
            user: payment.user,
            settlement,
            transfer,
        })))
    }

    fn run(&mut self, command: &Command) {
        let outcome = self.bookings.execute(command, self.now);
        self.compare(command, outcome);
    }

    /// The process ends between the decision and the write; whoever asked asks again.
    fn crash(&mut self, command: &Command) {
        let before = self.bookings.clone_if_small();
        let locked = self.bookings.lock(&command.scope(), self.now);
        let _ = decide(command, &locked, self.now);
        drop(locked);
        assert!(before.is_none_or(|before| before == self.bookings), "{}", self.context);
        self.delayed.push_back(command.clone());
    }

    /// Somebody else is carried out between the decision and the write, as if there were no locks: either they had nothing
    /// to do with each other, or the write is a conflict.
    fn too_late(&mut self, command: &Command) {
        // Which seats are the best may be otherwise a moment later, without any conflict.
        if matches!(command.operation, Operation::HoldBest(_)) {
            return self.run(command);
        }
        let mut locked = self.bookings.lock(&command.scope(), self.now);
        let done = match carry_out(command, &mut locked, self.now) {
            Ok(done) if !done.writes.is_empty() => done,
            Err(Stop::Broken(error)) => panic!("{error}: {}", self.context),
            _ => return self.run(command),
        };
        if let Some(other) = self.new_command() {
            self.run(&other);
        }
        match self.bookings.store(done.writes) {
            Ok(()) => self.compare(command, Ok(done.outcome)),
            Err(_) => self.run(command),
        }
    }

    fn compare(&mut self, command: &Command, outcome: Result<Outcome, Stop>) {
        let expected = self.model.run(command, self.now);
        let fits = match (&outcome, expected) {
            // The model does not tell a cancelled reservation from a released one.
            (Ok(_), Expected::Done(_) | Expected::Again)
            | (Err(Stop::Rejected(Rejection::ReservationEnded(_))), Expected::Again) => true,
            (Err(Stop::Rejected(rejection)), Expected::Refused(reason)) => name(rejection) == reason,
            (Err(Stop::Replan), Expected::Refused(reason)) => reason == "gone",
            _ => false,
        };
        assert!(fits, "{outcome:?} instead of {expected:?} for {command:?} at {:?}: {}", self.now, self.context);
        *self.seen.entry(expected).or_default() += 1;
        match outcome {
            Ok(Outcome::Held(reservation)) if matches!(expected, Expected::Done(_)) => {
                self.reservations.push(reservation);
            }
            Ok(Outcome::Paid { reservation, .. }) => {
                let paid = self.model.paid_by(reservation.buyer());
                assert!(paid <= LIMIT as usize, "somebody has paid for {paid} seats: {}", self.context);
            }
            Ok(Outcome::Charged(payment)) if payment.state == PaymentState::Pending => self.charges.push(payment),
            _ => {}
        }
        self.commands.push(command.clone());
        if self.commands.len().is_multiple_of(500) {
            self.audit();
        }
    }

    fn end(&mut self) {
        while let Some(command) = self.delayed.pop_front() {
            self.run(&command);
        }
        self.audit();
    }

    fn audit(&self) {
        let catalogue = Catalogue {
            performances: (1..=PERFORMANCES).map(performance).collect(),
            sales: (1..=2).map(sale).collect(),
            users: (1..=USERS).map(user).collect(),
            ..Catalogue::default()
        };
        let mut findings = audit(&self.bookings, &catalogue, self.now);
        let owed = findings.extract_if(.., |finding| finding.rule == Rule::ChargesCredited).count();
        assert_eq!((findings, owed), (vec![], self.model.owed()), "{}", self.context);
        for user in self.model.users() {
            let balance = self.bookings.wallets.get(&user).map_or(0, |wallet| wallet.balance.amount());
            assert_eq!(balance, self.model.points(user), "{user}: {}", self.context);
        }
    }
}

trait CloneIfSmall: Sized {
    fn clone_if_small(&self) -> Option<Self>;
}

impl CloneIfSmall for BookingState {
    /// A copy of large books at every step would be all that the simulation does.
    fn clone_if_small(&self) -> Option<Self> {
        if self.reservations.len() < 50 { Some(self.clone()) } else { None }
    }
}

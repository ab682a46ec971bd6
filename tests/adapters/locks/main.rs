//! How kinds of locks compare for this work: the same commands, from as many callers, on the same seats of the same
//! database, one kind after the other, round by round.
//!
//! *Pessimistic* is Frontrow: rows are locked, then read. *Optimistic* reads without locks; the version guards of its
//! writes say that somebody was faster, and then it tries again. *Redis* first takes a lock in Redis for each row of the
//! command's scope, in their order, and then does as the optimistic one does: without the guards, a lock that has run
//! out while its holder was slow would sell a seat twice.

// Futures that borrow many rows are deep types.
#![recursion_limit = "256"]
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic, reason = "a benchmark prints, and fails at once")]

#[allow(dead_code, reason = "the tests' connections, of which this needs a part")]
#[path = "../sql/connection.rs"]
mod connection;
mod redis_locks;
#[allow(dead_code, unused_macros, unused_imports, reason = "the tests' context, of which this needs a part")]
#[path = "../sql/store"]
mod store {
    pub mod context;
    pub mod testbed;
}

use frontrow_adapters::sql::hook::Hook;
use frontrow_application::Outage;
use frontrow_application::port::BookingError;
use frontrow_domain::{Command, Outcome};
use frontrow_test_databases::{Kind, TestDatabase, private_server};
use futures::future::join_all;
use redis_locks::RedisLocks;
use std::sync::Arc;
use std::time::Duration;
use store::context::TestContext;
use store::testbed::Testbed;
use tokio::time::Instant;

const CALLERS: u32 = 64;
const WORKERS: usize = 8;
const ROUNDS: usize = 3;
const TURN: Duration = Duration::from_secs(3);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Locks {
    Pessimistic,
    Optimistic,
    Redis,
}

impl Hook for Locks {
    fn locks(&self) -> bool {
        *self == Self::Pessimistic
    }
}

/// The seats that callers ask for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wanted {
    OneEach,
    AnyOfFifty,
    TheSame,
}

impl Wanted {
    fn seat(self, caller: u32, tap: u32) -> u32 {
        match self {
            Self::OneEach => caller,
            // Everybody asks for all of them, each in an order of their own.
            Self::AnyOfFifty => (caller * 31 + tap * 17) % 50 + 1,
            Self::TheSame => 1,
        }
    }
}

/// What the callers of one turn were told.
#[derive(Default)]
struct Turn {
    answered: Vec<Duration>,
    turned_away: usize,
    seconds: f64,
}

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure());
}

async fn measure() {
    let redis = RedisLocks::start().await;
    println!("| database | seats | locks | answers/s | to pessimistic | p99, ms | turned away |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for kind in Kind::ALL {
        if let Some(server) = private_server(kind, "make locks").await {
            let testbed = Testbed::of(TestDatabase::make(kind, server.url()).await.unwrap()).await;
            for wanted in [Wanted::OneEach, Wanted::AnyOfFifty, Wanted::TheSame] {
                compare(&testbed, kind, wanted, redis.as_ref()).await;
            }
        }
    }
}

async fn compare(testbed: &Testbed, kind: Kind, wanted: Wanted, redis: Option<&RedisLocks>) {
    let mut kinds = vec![(Locks::Pessimistic, None), (Locks::Optimistic, None)];
    kinds.extend(redis.map(|redis| (Locks::Redis, Some(redis))));
    let mut turns: Vec<Vec<Turn>> = kinds.iter().map(|_| Vec::new()).collect();
    for round in 0..ROUNDS {
        for next in 0..kinds.len() {
            let next = (next + round) % kinds.len();
            let (locks, redis) = kinds[next];
            turns[next].push(take_turn(testbed, wanted, locks, redis).await);
        }
    }
    let rates: Vec<Vec<f64>> = turns.iter().map(|turns| turns.iter().map(Turn::rate).collect()).collect();
    for (number, (locks, _)) in kinds.iter().enumerate() {
        let ratios = rates[number].iter().zip(&rates[0]).map(|(rate, pessimistic)| rate / pessimistic);
        let late = turns[number].iter().map(Turn::late);
        let away = turns[number].iter().map(Turn::turned_away);
        println!(
            "| {kind} | {wanted:?} | {locks:?} | {:.0} | {:.2} | {:.1} | {:.1} % |",
            median(rates[number].iter().copied()),
            median(ratios),
            median(late),
            median(away)
        );
    }
}

/// Everybody holds a seat and gives it back, again and again.
async fn take_turn(testbed: &Testbed, wanted: Wanted, locks: Locks, redis: Option<&RedisLocks>) -> Turn {
    let context = TestContext::new(testbed, WORKERS, Arc::new(locks)).await;
    let begun = Instant::now();
    let callers = (1..=CALLERS).map(|caller| call(&context, wanted, caller, begun, redis));
    let mut all = Turn::default();
    for turn in join_all(callers).await {
        all.answered.extend(turn.answered);
        all.turned_away += turn.turned_away;
    }
    all.seconds = begun.elapsed().as_secs_f64();
    assert_eq!(context.audit().await, []);
    all
}

async fn call(context: &TestContext, wanted: Wanted, caller: u32, begun: Instant, redis: Option<&RedisLocks>) -> Turn {
    let mut turn = Turn::default();
    let mut tap = 0;
    while begun.elapsed() < TURN {
        tap += 1;
        let hold = context.hold(caller.into(), &format!("tap-{tap}"), &[wanted.seat(caller, tap)]);
        if let Ok(Outcome::Held(held)) = until_answered(context, &hold, redis, &mut turn).await {
            let released = until_answered(context, &TestContext::release(&held), redis, &mut turn).await;
            assert!(released.is_ok(), "{released:?}");
        }
    }
    turn
}

/// Whoever is turned away asks again.
async fn until_answered(
    context: &TestContext,
    command: &Command,
    redis: Option<&RedisLocks>,
    turn: &mut Turn,
) -> Result<Outcome, BookingError> {
    let begun = Instant::now();
    loop {
        let answer = match redis {
            Some(redis) => redis.holding(command, context.run(command)).await,
            None => context.run(command).await,
        };
        match answer {
            Err(BookingError::Outage(Outage::Busy { .. })) => turn.turned_away += 1,
            Ok(_) | Err(BookingError::Rejected(_)) => {
                turn.answered.push(begun.elapsed());
                return answer;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

impl Turn {
    #[allow(clippy::cast_precision_loss, reason = "fewer than 2^52")]
    fn rate(&self) -> f64 {
        self.answered.len() as f64 / self.seconds
    }

    /// 99 of 100 answers took no longer, in milliseconds.
    fn late(&self) -> f64 {
        let mut answered = self.answered.clone();
        answered.sort();
        answered[answered.len() * 99 / 100].as_secs_f64() * 1000.0
    }

    /// Of 100 requests.
    #[allow(clippy::cast_precision_loss, reason = "fewer than 2^52")]
    fn turned_away(&self) -> f64 {
        100.0 * self.turned_away as f64 / (self.turned_away + self.answered.len()) as f64
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

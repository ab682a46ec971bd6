//! The law that a batch gives the same as its commands one by one, of a store that merges commands that wait.

use crate::context::{Answer, TestContext};
use crate::progress::Progress;
use crate::script::Script;
use crate::{Failure, World};
use async_trait::async_trait;
use frontrow_application::port::BookingError;
use frontrow_domain::testing::one_by_one;
use frontrow_domain::{
    BookingState, Candidates, Command, Expire, Operation, PerformanceId, Rejection, ReservationId, Stop,
};
use futures::future::{join_all, maybe_done};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Commands that wait together, at most.
const MOST: usize = 40;
/// What does not come about within this time never does.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the law has to do with a store, and know of it, besides its ports. The store has one worker.
#[async_trait]
pub trait Merging: Send + Sync {
    /// The worker stops before the transaction that it begins next, until it may go on.
    fn stop(&self);

    /// Returns once it has stopped.
    async fn stopped(&self);

    /// It goes on.
    fn go_on(&self);

    /// The transactions since then, each attempt of one for itself: their commands, in the order in which their rules
    /// decided.
    fn transactions(&self) -> Vec<Vec<Command>>;

    /// All rows that are stored, as the store's commands write them.
    async fn bookings(&self) -> Result<BookingState, Failure>;
}

/// Runs that many random commands, the same for the same seed, in random batches: the commands of a batch wait
/// together, and have to share one transaction if they are for the same performance. Fails at the first command that
/// does not end as it does in bookings where those before it were carried out one by one, and after the first batch that
/// leaves other rows; audits in the end. Failures name the seed.
pub async fn batches_give_the_same(
    world: &dyn World,
    merging: &dyn Merging,
    seed: u64,
    steps: usize,
) -> Result<(), Failure> {
    let context = TestContext::new(world, Arc::<Progress>::default()).await?;
    let mut bookings = BookingState::default();
    context.programme.seats().for_each(|seat| bookings.open_seats(seat.performance, [seat.number]));
    let mut batches = Batches { context, merging, bookings, script: Script::new(seed), done: 0, largest: 0, best: 0 };
    for number in 0.. {
        if batches.done >= steps {
            break;
        }
        let batch = batches.batch().await;
        batch.map_err(|failure| failure.within(&format!("seed {seed}, batch {number}, {}", world.name())))?;
    }
    batches.end().await.map_err(|failure| failure.within(&format!("seed {seed}, in the end, {}", world.name())))
}

struct Batches<'a> {
    context: Arc<TestContext>,
    merging: &'a dyn Merging,
    /// Where all of it was carried out one by one.
    bookings: BookingState,
    script: Script,
    /// Commands so far.
    done: usize,
    /// Commands of the largest transaction.
    largest: usize,
    /// Best seats that were had in transactions of several commands.
    best: usize,
}

impl Batches<'_> {
    async fn batch(&mut self) -> Result<(), Failure> {
        if self.script.dice.roll(2) == 0 {
            let now = self.script.time_after(self.context.now());
            self.context.set_now(now);
        }
        let commands = self.plan()?;
        let told = self.ask(&commands).await?;
        let transactions = in_their_order(&commands, self.merging.transactions())?;
        for transaction in &transactions {
            self.largest = self.largest.max(transaction.len());
            for index in transaction {
                self.compare(&commands[*index], &told[*index], transaction.len() == 1)
                    .map_err(|failure| failure.within(&format!("command {index} of {}", commands.len())))?;
            }
        }
        self.done += commands.len();
        same_rows(&self.merging.bookings().await?, &self.bookings)
    }

    /// Commands that people could ask for if they were quick: some are about what others of them lead to.
    fn plan(&mut self) -> Result<Vec<Command>, Failure> {
        let (mut copy, now) = (self.bookings.clone(), self.context.now());
        let mut commands = Vec::new();
        for _ in 0..=self.script.dice.roll(MOST) {
            let Some(command) = self.script.command(&self.context)? else { continue };
            if let Ok(outcome) = copy.execute(&command, now) {
                self.script.saw(&outcome);
            }
            self.script.did(command.clone());
            commands.push(command);
        }
        Ok(commands)
    }

    /// What becomes of commands that wait together, each queued after the one before it.
    async fn ask(&self, commands: &[Command]) -> Result<Vec<Answer>, Failure> {
        self.merging.stop();
        let (context, nothing) = (Arc::clone(&self.context), self.nothing());
        let busy = tokio::spawn(async move { context.store().execute(nothing).await });
        let stopped = timeout(PATIENCE, self.merging.stopped()).await;
        ensure!(stopped.is_ok(), "the worker did not stop within {PATIENCE:?}");
        let asked = commands.iter().map(|command| Box::pin(maybe_done(self.context.execute(command.clone()))));
        let mut asked: Vec<_> = asked.collect();
        for one in &mut asked {
            // It is in the queue after its first poll.
            let _ = futures::poll!(one.as_mut());
        }
        self.merging.go_on();
        let all = timeout(PATIENCE, join_all(asked.iter_mut())).await;
        ensure!(all.is_ok(), "no answer within {PATIENCE:?}");
        let refused = busy.await?;
        ensure_eq!(refused, Err(BookingError::Rejected(Rejection::ReservationUnknown)), "what changes nothing");
        Ok(asked.iter_mut().filter_map(|one| one.as_mut().take_output()).collect())
    }

    /// Keeps the worker busy, and is refused.
    fn nothing(&self) -> Command {
        let reservation = ReservationId::new(self.context.id());
        let buyer = frontrow_domain::BuyerKey { sale: self.context.wide.id, user: self.context.user(0) };
        Command::unkeyed(Operation::Expire(Expire { reservation, buyer }))
    }

    /// Carries one command out by itself. Alone in its transaction it must come to just the same.
    fn compare(&mut self, command: &Command, told: &Answer, alone: bool) -> Result<(), Failure> {
        let now = self.context.now();
        let outcome = if alone {
            self.bookings.execute(command, now)
        } else {
            one_by_one(&mut self.bookings, command, told.as_ref().ok(), now)
        };
        let expected = match outcome {
            Ok(outcome) => Ok(outcome),
            Err(Stop::Rejected(rejection)) => Err(BookingError::Rejected(rejection)),
            Err(Stop::Replan) => Err(BookingError::Replan),
            Err(bug) => return Err(bug.into()),
        };
        ensure_eq!(*told, expected, "{command:?}");
        if let (Operation::HoldBest(_), Ok(outcome)) = (&command.operation, told) {
            self.best += usize::from(!alone);
            self.script.saw(outcome);
        }
        Ok(())
    }

    async fn end(&self) -> Result<(), Failure> {
        ensure!(self.largest >= MOST / 8, "no transaction had more than {} commands", self.largest);
        ensure!(self.best > 0, "nobody got the best seats in a batch");
        // Before that, what was taken over would look like taken from its holder.
        self.context.set_now(self.script.latest);
        self.context.audit().await?;
        self.context.check_announcements().await
    }
}

/// By transaction, which commands it had. Each was in one; those of a transaction, and those for a performance whatever their
/// transactions, went in the order in which they came.
fn in_their_order(commands: &[Command], transactions: Vec<Vec<Command>>) -> Result<Vec<Vec<usize>>, Failure> {
    let mut left: BTreeSet<usize> = (0..commands.len()).collect();
    let mut found = Vec::with_capacity(transactions.len());
    let mut last_for = BTreeMap::new();
    for transaction in transactions {
        let mut indices: Vec<usize> = Vec::with_capacity(transaction.len());
        for command in &transaction {
            // Of those that are the same, the first one came first.
            let index = left.iter().copied().find(|index| commands[*index] == *command);
            let index = index.ok_or_else(|| Failure::new(format!("carried out twice: {command:?}")))?;
            left.remove(&index);
            ensure!(indices.last().is_none_or(|last| *last < index), "{index} was carried out after {indices:?}");
            indices.push(index);
            if let Some(performance) = performance(command) {
                let before = last_for.insert(performance, index);
                ensure!(
                    before.is_none_or(|before| before < index),
                    "{index} for {performance:?} was carried out too late"
                );
            }
        }
        found.push(indices);
    }
    ensure!(left.is_empty(), "never carried out: {left:?}");
    Ok(found)
}

/// Whose seats the command names.
fn performance(command: &Command) -> Option<PerformanceId> {
    let scope = command.scope();
    let candidates = scope.candidates.iter().filter_map(Candidates::performance);
    scope.seats.iter().map(|seat| seat.performance).chain(candidates).next()
}

fn same_rows(found: &BookingState, expected: &BookingState) -> Result<(), Failure> {
    same("buyers", &found.buyers, &expected.buyers)?;
    same("reservations", &found.reservations, &expected.reservations)?;
    same("payments", &found.payments, &expected.payments)?;
    same("wallets", &found.wallets, &expected.wallets)?;
    same("seats", &found.seats, &expected.seats)?;
    same("tickets", &found.tickets, &expected.tickets)?;
    same("transfers", &found.transfers, &expected.transfers)?;
    same("admissions", &found.admissions, &expected.admissions)?;
    same("idempotency records", &found.idempotency_records, &expected.idempotency_records)
}

fn same<K: Ord + Debug, T: PartialEq + Debug>(
    table: &str,
    found: &BTreeMap<K, T>,
    expected: &BTreeMap<K, T>,
) -> Result<(), Failure> {
    for key in found.keys().chain(expected.keys()) {
        ensure_eq!(found.get(key), expected.get(key), "{table}, {key:?}");
    }
    Ok(())
}

//! One transaction of a batch of commands: lock and read, decide one after the other, write the net, commit.

use super::booking::Booking;
use super::known::Known;
use super::lock::{Found, lock};
use super::write::write;
use crate::sql::Class;
use crate::sql::connection::{Connection, Failure};
use crate::sql::dialect::Dialect;
use crate::sql::hook::Hook;
use crate::sql::statements::{Protection, Statements, Texts};
use crate::sql::worker::WorkerConnection;
use frontrow_application::port::Clock;
use frontrow_domain::{BatchCarriedOut, Command, Event, Outcome, Rejection, Scope, Seat, Stop, carry_out_batch};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What was committed.
pub(super) struct Committed {
    /// By command, in order, as [`carry_out_batch`] says it.
    pub results: Vec<Result<(Outcome, Vec<Event>), Stop>>,
    /// The rows of seats that were written.
    pub seats: Vec<Seat>,
}

/// What is to be done in a transaction that is still open.
struct Decision {
    carried_out: BatchCarriedOut,
    /// Whether placeholder rows were inserted.
    placed: bool,
    /// What was locked for it.
    scope: Scope,
}

/// One transaction for the whole batch: what one command is refused touches no other.
pub(super) async fn run_transaction(
    statements: &Statements<'_>,
    connection: &WorkerConnection,
    batch: &[Booking],
    known: &Known,
    clock: &dyn Clock,
) -> Result<Committed, Failure> {
    let early = read_without_locks(statements, connection, batch, known, clock).await?;
    let transaction = connection.begin().await?;
    let decided = match early {
        Some(decision) => Ok(decision),
        None => lock_and_decide(statements, &*transaction, batch, known, clock).await,
    };
    let (BatchCarriedOut { results, writes }, placed, scope) = match decided {
        Ok(Decision { carried_out, placed, scope }) => (carried_out, placed, scope),
        Err(failure) => return connection.end(transaction, Err(failure)).await,
    };
    // Placeholders of refused commands stay: transactions that wait for one would deadlock if it were undone
    // (`docs/locking.md`).
    if writes.is_empty() && !placed {
        return match transaction.rollback().await {
            Ok(()) => Ok(Committed { results, seats: Vec::new() }),
            Err(error) => Err(Failure::lost(&error)),
        };
    }
    let written = write(statements, &*transaction, &writes).await;
    let seats = writes.seats.iter().map(|write| write.row).collect();
    let committed = connection.end(transaction, written.map(|()| Committed { results, seats })).await?;
    known.note(&scope);
    Ok(committed)
}

/// What came of trying a command out.
pub(in crate::sql) enum Rehearsed {
    Possible,
    Refused(Rejection),
    /// The database would not have it.
    Failed(String),
    /// Others were in the way: nothing is known.
    Prevented(String),
}

/// Does all that carrying the command out would do, but for the end: nothing is kept.
pub(in crate::sql) async fn rehearse(
    dialect: &'static dyn Dialect,
    connection: &Connection,
    command: &Command,
    clock: &dyn Clock,
) -> Result<Rehearsed, Failure> {
    let (texts, hook) = (Texts::new(dialect, Protection::FULL), <dyn Hook>::none());
    let statements = Statements { texts: &texts, hook: &*hook };
    let transaction = connection.begin().await?;
    let batch = [Booking::from(command.clone())];
    let decided = match lock_and_decide(&statements, &*transaction, &batch, &Known::default(), clock).await {
        Ok(Decision { carried_out: BatchCarriedOut { results, writes }, .. }) => match results.into_iter().next() {
            Some(Err(Stop::Rejected(rejection))) => Ok(Rehearsed::Refused(rejection)),
            _ => write(&statements, &*transaction, &writes).await.map(|()| Rehearsed::Possible),
        },
        Err(failure) => Err(failure),
    };
    if let Err(error) = transaction.rollback().await {
        return Err(decided.err().unwrap_or_else(|| Failure::lost(&error)));
    }
    Ok(decided.unwrap_or_else(|failure| match failure {
        Failure::Overtaken(_)
        | Failure::Database {
            class: Class::Retry | Class::Lost | Class::Reconnect | Class::Full | Class::Unwritable,
            ..
        } => Rehearsed::Prevented(failure.to_string()),
        _ => Rehearsed::Failed(failure.to_string()),
    }))
}

async fn lock_and_decide(
    statements: &Statements<'_>,
    connection: &impl sea_orm::ConnectionTrait,
    batch: &[Booking],
    known: &Known,
    clock: &dyn Clock,
) -> Result<Decision, Failure> {
    let mut scope = Scope::default();
    for booking in batch {
        scope.extend(booking.scope.clone());
    }
    let found = lock(statements, connection, &scope, known, clock).await?;
    let carry_out = || {
        let Found { mut locked, placed, now } = found;
        let commands = batch.iter().map(|booking| &booking.command);
        carry_out_batch(commands.inspect(|command| statements.hook.decides(command)), &mut locked, now)
            .map(|carried_out| Decision { carried_out, placed, scope })
    };
    // A rule that panics must not take its worker along.
    match catch_unwind(AssertUnwindSafe(carry_out)) {
        Ok(decision) => decision.map_err(|bug| Failure::Bug(bug.to_string())),
        Err(_) => Err(Failure::Bug("a rule panicked".into())),
    }
}

/// The first negative control: what is read is not locked, so others may write before this does.
async fn read_without_locks(
    statements: &Statements<'_>,
    connection: &WorkerConnection,
    batch: &[Booking],
    known: &Known,
    clock: &dyn Clock,
) -> Result<Option<Decision>, Failure> {
    if statements.hook.locks() {
        return Ok(None);
    }
    let decision = lock_and_decide(statements, &**connection, batch, known, clock).await?;
    statements.hook.decided().await;
    Ok(Some(decision))
}

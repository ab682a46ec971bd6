//! One transaction of a batch of commands: lock and read, decide one after the other, write the net, commit.

use super::booking::Booking;
use super::decide::{CommandResult, decide_together};
use super::known::Known;
use super::lock::{Found, lock};
use super::single_out::write_all_but_culprits;
use super::write::write;
use crate::sql::Class;
use crate::sql::connection::{Connection, Failure};
use crate::sql::dialect::Dialect;
use crate::sql::hook::Hook;
use crate::sql::statements::{Protection, Statements, Texts};
use crate::sql::worker::WorkerConnection;
use frontrow_application::port::Clock;
use frontrow_domain::{BatchCarriedOut, Command, Rejection, Scope, Seat, Stop, WriteSet};

/// What was committed.
pub(super) struct Committed {
    /// By command, in order, as `carry_out_batch` says it; `None` for those that were left out.
    pub results: Vec<Option<CommandResult>>,
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

/// What was done in a transaction that is still open.
struct Written {
    committed: Committed,
    /// Whether there is anything to commit.
    anything: bool,
    scope: Scope,
}

/// One transaction for the whole batch: what one command is refused touches no other. If it is `wary`, neither do commands that
/// the database won't have: they are left out.
pub(super) async fn run_transaction(
    statements: &Statements<'_>,
    connection: &WorkerConnection,
    batch: &[Booking],
    known: &Known,
    clock: &dyn Clock,
    wary: bool,
) -> Result<Committed, Failure> {
    let early = read_without_locks(statements, connection, batch, known, clock).await?;
    let transaction = connection.begin().await?;
    let written = match early {
        Some(decision) => decision.write(statements, &*transaction).await,
        None if wary => lock_and_write_warily(statements, &*transaction, batch, known, clock).await,
        None => match lock_and_decide(statements, &*transaction, batch, known, clock).await {
            Ok(decision) => decision.write(statements, &*transaction).await,
            Err(failure) => Err(failure),
        },
    };
    let (committed, anything, scope) = match written {
        Ok(Written { committed, anything, scope }) => (committed, anything, scope),
        Err(failure) => return connection.end(transaction, Err(failure)).await,
    };
    if !anything {
        return transaction.rollback().await.map(|()| committed).map_err(|error| Failure::lost(&error));
    }
    let committed = connection.end(transaction, Ok(committed)).await?;
    known.note(&scope);
    Ok(committed)
}

impl Decision {
    async fn write(
        self,
        statements: &Statements<'_>,
        connection: &impl sea_orm::ConnectionTrait,
    ) -> Result<Written, Failure> {
        let BatchCarriedOut { results, writes } = self.carried_out;
        write(statements, connection, &writes).await?;
        Ok(Written::of(results.into_iter().map(Some).collect(), &writes, self.placed, self.scope))
    }
}

impl Written {
    /// Placeholders of refused commands stay: transactions that wait for one would deadlock if it were undone
    /// (`docs/locking.md`).
    fn of(results: Vec<Option<CommandResult>>, writes: &WriteSet, placed: bool, scope: Scope) -> Self {
        let seats = writes.seats.iter().map(|write| write.row).collect();
        Self { committed: Committed { results, seats }, anything: placed || !writes.is_empty(), scope }
    }
}

async fn lock_and_write_warily(
    statements: &Statements<'_>,
    connection: &impl sea_orm::ConnectionTrait,
    batch: &[Booking],
    known: &Known,
    clock: &dyn Clock,
) -> Result<Written, Failure> {
    let scope = scope_of(batch);
    let found = lock(statements, connection, &scope, known, clock).await?;
    let (results, writes) = write_all_but_culprits(statements, connection, batch, &found).await?;
    Ok(Written::of(results, &writes, found.placed, scope))
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
    let scope = scope_of(batch);
    let Found { locked, placed, now } = lock(statements, connection, &scope, known, clock).await?;
    let carried_out = decide_together(statements, batch.iter(), locked, now)?;
    Ok(Decision { carried_out, placed, scope })
}

fn scope_of(batch: &[Booking]) -> Scope {
    let mut scope = Scope::default();
    for booking in batch {
        scope.extend(booking.scope.clone());
    }
    scope
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

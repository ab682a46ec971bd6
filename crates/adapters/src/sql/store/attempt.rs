//! One transaction of one command: lock and read, decide, write, commit.

use super::link::Link;
use super::lock::{Found, lock};
use super::statement::{Failure, Statements};
use super::texts::{Protection, Texts};
use super::write::write;
use crate::sql::Class;
use crate::sql::dialect::Dialect;
use crate::sql::transaction::{Connection, Transaction};
use frontrow_application::port::Clock;
use frontrow_domain::{Changes, Command, Event, Instant, Outcome, Rejection, Verdict, WriteSet, decide};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What came of a transaction that has ended.
pub(super) enum Attempted {
    Done { outcome: Outcome, events: Vec<Event> },
    Refused(Rejection),
    Replan,
}

/// What is to be done in a transaction that is still open.
enum Decision {
    Write(Box<Changes>, Box<WriteSet>),
    Nothing { attempted: Box<Attempted>, placed: bool },
}

pub(super) async fn attempt(
    statements: &Statements<'_>,
    link: &Link,
    command: &Command,
    clock: &dyn Clock,
) -> Result<Attempted, Failure> {
    #[cfg(feature = "hooks")]
    let early = read_without_locks(statements, &link.connection, command, clock).await?;

    statements.before("begin")?;
    let transaction = link.connection.begin().await?;
    if !link.is_known() {
        return Err(roll_back(transaction, Failure::disconnected()).await);
    }
    #[cfg(feature = "hooks")]
    let decided = match early {
        Some(decision) => Ok(decision),
        None => lock_and_decide(statements, &*transaction, command, clock).await,
    };
    #[cfg(not(feature = "hooks"))]
    let decided = lock_and_decide(statements, &*transaction, command, clock).await;

    match decided {
        Ok(Decision::Write(changes, writes)) => {
            if let Err(failure) = write(statements, &*transaction, &writes).await {
                return Err(roll_back(transaction, failure).await);
            }
            commit(statements, transaction).await?;
            Ok(Attempted::Done { outcome: changes.outcome, events: changes.events })
        }
        // Places stay: those who wait for one would deadlock if it were undone (`docs/locking.md`).
        Ok(Decision::Nothing { attempted, placed: true }) => {
            commit(statements, transaction).await?;
            Ok(*attempted)
        }
        Ok(Decision::Nothing { attempted, placed: false }) => match transaction.rollback().await {
            Ok(()) => Ok(*attempted),
            Err(error) => Err(Failure::lost(&error)),
        },
        Err(failure) => Err(roll_back(transaction, failure).await),
    }
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
    dialect: Dialect,
    connection: &Connection,
    command: &Command,
    clock: &dyn Clock,
) -> Result<Rehearsed, Failure> {
    let statements = Statements {
        texts: &Texts::new(dialect, Protection::FULL),
        #[cfg(feature = "hooks")]
        hook: None,
    };
    let transaction = connection.begin().await?;
    let decided = match lock_and_decide(&statements, &*transaction, command, clock).await {
        Ok(Decision::Write(_, writes)) => {
            let written = write(&statements, &*transaction, &writes).await;
            written.map(|()| Rehearsed::Possible)
        }
        Ok(Decision::Nothing { attempted, .. }) => Ok(match *attempted {
            Attempted::Refused(rejection) => Rehearsed::Refused(rejection),
            _ => Rehearsed::Possible,
        }),
        Err(failure) => Err(failure),
    };
    if let Err(error) = transaction.rollback().await {
        return Err(decided.err().unwrap_or_else(|| Failure::lost(&error)));
    }
    Ok(decided.unwrap_or_else(|failure| match failure {
        Failure::Conflict(_)
        | Failure::Database { class: Class::Retry | Class::Lost | Class::Full | Class::Unwritable, .. } => {
            Rehearsed::Prevented(failure.to_string())
        }
        _ => Rehearsed::Failed(failure.to_string()),
    }))
}

async fn lock_and_decide(
    statements: &Statements<'_>,
    connection: &impl sea_orm::ConnectionTrait,
    command: &Command,
    clock: &dyn Clock,
) -> Result<Decision, Failure> {
    let found = lock(statements, connection, &command.scope(), clock).await?;
    let now = clock.now();
    // A rule that panics must not take its lane along.
    catch_unwind(AssertUnwindSafe(|| decide_and_apply(command, found, now)))
        .unwrap_or_else(|_| Err(Failure::Bug(format!("{} panicked", command.what.name()))))
}

fn decide_and_apply(command: &Command, found: Found, now: Instant) -> Result<Decision, Failure> {
    let Found { mut locked, placed } = found;
    let nothing = |attempted| Ok(Decision::Nothing { attempted: Box::new(attempted), placed });
    match decide(command, &locked, now).map_err(|error| Failure::Bug(error.to_string()))? {
        Verdict::No(rejection) => nothing(Attempted::Refused(rejection)),
        Verdict::Replan => nothing(Attempted::Replan),
        Verdict::Replay(outcome) => nothing(Attempted::Done { outcome, events: Vec::new() }),
        Verdict::Do(changes) => {
            locked.apply(command, &changes).map_err(|error| Failure::Bug(error.to_string()))?;
            Ok(Decision::Write(Box::new(changes), Box::new(locked.dirty())))
        }
    }
}

pub(in crate::sql) async fn commit(statements: &Statements<'_>, transaction: Transaction) -> Result<(), Failure> {
    if let Err(failure) = statements.before("commit") {
        return Err(roll_back(transaction, failure).await);
    }
    transaction.commit().await?;
    statements.after_commit()
}

/// Ends the transaction. If even that fails the connection is not usable any more.
pub(in crate::sql) async fn roll_back(transaction: Transaction, cause: Failure) -> Failure {
    let Err(error) = transaction.rollback().await else { return cause };
    tracing::debug!(%error, %cause, "a rollback failed");
    match cause {
        // SQLite has rolled back by itself.
        Failure::Database { class: Class::Full | Class::Unwritable, .. } => cause,
        // Whatever the cause was: it may have been the connection.
        _ => Failure::lost(&error),
    }
}

/// The first negative control: what is read is not locked, so others may write before this does.
#[cfg(feature = "hooks")]
async fn read_without_locks(
    statements: &Statements<'_>,
    connection: &Connection,
    command: &Command,
    clock: &dyn Clock,
) -> Result<Option<Decision>, Failure> {
    let Some(hook) = statements.hook.filter(|hook| !hook.locks()) else { return Ok(None) };
    let decision = lock_and_decide(statements, &**connection, command, clock).await?;
    hook.decided().await;
    Ok(Some(decision))
}

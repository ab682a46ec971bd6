//! One transaction of one command: lock and read, decide, write, commit.

use super::read::lock;
use super::statement::{Failure, Statements};
use super::write::write;
use crate::sql::write::begin;
use frontrow_application::port::Clock;
use frontrow_domain::{Changes, Command, Event, Instant, Locked, Outcome, Rejection, Verdict, WriteSet, decide};
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What came of a transaction that has ended.
pub(super) enum Attempted {
    Done { outcome: Outcome, events: Vec<Event> },
    Refused(Rejection),
}

/// What is to be done in a transaction that is still open.
enum Decision {
    Write(Box<Changes>, Box<WriteSet>),
    Nothing(Attempted),
}

pub(super) async fn attempt(
    connection: &DatabaseConnection,
    command: &Command,
    clock: &dyn Clock,
    #[cfg(feature = "hooks")] hook: Option<&dyn super::hook::Hook>,
) -> Result<Attempted, Failure> {
    let statements = Statements::new(
        #[cfg(feature = "hooks")]
        hook,
    );
    #[cfg(feature = "hooks")]
    let early = read_without_locks(&statements, connection, command, clock, hook).await?;

    statements.before("begin")?;
    let transaction = begin(connection).await?;
    #[cfg(feature = "hooks")]
    let decided = match early {
        Some(decision) => Ok(decision),
        None => lock_and_decide(&statements, &transaction, command, clock).await,
    };
    #[cfg(not(feature = "hooks"))]
    let decided = lock_and_decide(&statements, &transaction, command, clock).await;

    match decided {
        Ok(Decision::Write(changes, writes)) => {
            if let Err(failure) = write(&statements, &transaction, &writes).await {
                return Err(roll_back(transaction, failure).await);
            }
            commit(&statements, transaction).await?;
            Ok(Attempted::Done { outcome: changes.outcome, events: changes.events })
        }
        Ok(Decision::Nothing(attempted)) => match transaction.rollback().await {
            Ok(()) => Ok(attempted),
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
}

/// Does all that carrying the command out would do, but for the end: nothing is kept.
pub(in crate::sql) async fn rehearse(
    connection: &DatabaseConnection,
    command: &Command,
    clock: &dyn Clock,
) -> Result<Rehearsed, DbErr> {
    let statements = Statements::new(
        #[cfg(feature = "hooks")]
        None,
    );
    let transaction = begin(connection).await?;
    let decided = match lock_and_decide(&statements, &transaction, command, clock).await {
        Ok(Decision::Write(_, writes)) => write(&statements, &transaction, &writes).await.map(|()| Rehearsed::Possible),
        Ok(Decision::Nothing(Attempted::Refused(rejection))) => Ok(Rehearsed::Refused(rejection)),
        Ok(Decision::Nothing(Attempted::Done { .. })) => Ok(Rehearsed::Possible),
        Err(failure) => Err(failure),
    };
    transaction.rollback().await?;
    Ok(decided.unwrap_or_else(|failure| Rehearsed::Failed(failure.to_string())))
}

async fn lock_and_decide(
    statements: &Statements<'_>,
    connection: &impl sea_orm::ConnectionTrait,
    command: &Command,
    clock: &dyn Clock,
) -> Result<Decision, Failure> {
    let mut locked = lock(statements, connection, &command.scope()).await?;
    let now = clock.now();
    // A rule that panics must not take its lane along.
    catch_unwind(AssertUnwindSafe(|| decide_and_apply(command, &mut locked, now)))
        .unwrap_or_else(|_| Err(Failure::Bug(format!("{} panicked", command.what.name()))))
}

fn decide_and_apply(command: &Command, locked: &mut Locked, now: Instant) -> Result<Decision, Failure> {
    match decide(command, locked, now).map_err(|error| Failure::Bug(error.to_string()))? {
        Verdict::No(rejection) => Ok(Decision::Nothing(Attempted::Refused(rejection))),
        Verdict::Replay(outcome) => Ok(Decision::Nothing(Attempted::Done { outcome, events: Vec::new() })),
        Verdict::Do(changes) => {
            locked.apply(command, &changes).map_err(|error| Failure::Bug(error.to_string()))?;
            let writes = locked.dirty();
            Ok(Decision::Write(Box::new(changes), Box::new(writes)))
        }
    }
}

async fn commit(statements: &Statements<'_>, transaction: DatabaseTransaction) -> Result<(), Failure> {
    if let Err(failure) = statements.before("commit") {
        return Err(roll_back(transaction, failure).await);
    }
    transaction.commit().await.map_err(|error| Failure::Commit(error.to_string()))?;
    statements.after_commit()
}

/// Ends the transaction. If even that fails the connection is worth nothing, whatever the cause was.
async fn roll_back(transaction: DatabaseTransaction, cause: Failure) -> Failure {
    match transaction.rollback().await {
        Ok(()) => cause,
        Err(error) => {
            tracing::warn!(%error, %cause, "a rollback failed");
            Failure::lost(&error)
        }
    }
}

/// The first negative control: what is read is not locked, so others may write before this does.
#[cfg(feature = "hooks")]
async fn read_without_locks(
    statements: &Statements<'_>,
    connection: &DatabaseConnection,
    command: &Command,
    clock: &dyn Clock,
    hook: Option<&dyn super::hook::Hook>,
) -> Result<Option<Decision>, Failure> {
    let Some(hook) = hook.filter(|hook| !hook.locks()) else { return Ok(None) };
    let decision = lock_and_decide(statements, connection, command, clock).await?;
    hook.decided().await;
    Ok(Some(decision))
}

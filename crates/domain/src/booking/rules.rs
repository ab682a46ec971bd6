//! Decide, apply, outcome, writes: once, for every store.

use super::{Broken, Changes, Command, Event, IdempotencyRecord, Locked, Outcome, Rejection, Stop, Verdict, WriteSet};
use crate::time::Instant;

/// What came of a command that was carried out, and what has to be written for it to be true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedOut {
    /// What the command led to, now or the first time.
    pub outcome: Outcome,
    /// Messages to send once the writes are committed; empty if nothing has changed.
    pub events: Vec<Event>,
    /// Empty if nothing has changed.
    pub writes: WriteSet,
}

/// What came of commands that were carried out together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchCarriedOut {
    /// By command, in order: its outcome and the messages to send, or why it was not carried out
    /// ([`Stop::Rejected`] or [`Stop::Replan`]).
    pub results: Vec<Result<(Outcome, Vec<Event>), Stop>>,
    /// The net of what all of them changed: each row once. Empty if nothing has changed.
    pub writes: WriteSet,
}

/// Says what the command does, given the rows of its scope. Pure: it may run again, after a deadlock or a lost
/// connection, and says the same of the same rows at the same instant.
pub fn decide(command: &Command, locked: &Locked, now: Instant) -> Result<Verdict, Stop> {
    if let Some(key) = &command.key
        && let Some(record) = locked.idempotency_record(key)?
    {
        if record.request_hash != command.request_hash {
            return Err(Rejection::KeyReused.into());
        }
        return Ok(Verdict::AlreadyDone(record.outcome.clone()));
    }
    command.operation.rule().decide(locked, now)
}

/// Decides, and applies the changes to the locked rows. A store locks the command's scope, calls this, writes what it is
/// told to, commits, and then announces the events. After [`Stop`] nothing is to be written.
pub fn carry_out(command: &Command, locked: &mut Locked, now: Instant) -> Result<CarriedOut, Stop> {
    let (outcome, events) = decide_and_apply(command, locked, now)?;
    Ok(CarriedOut { outcome, events, writes: locked.writes() })
}

/// The same for several commands whose scopes were locked together ([`Scope::extend`](super::Scope::extend)): one after
/// the other, each on what those before it have left. What one of them is refused touches no other. An error is a bug in
/// one of them, and nothing is to be written.
pub fn carry_out_batch<'a>(
    commands: impl IntoIterator<Item = &'a Command>,
    locked: &mut Locked,
    now: Instant,
) -> Result<BatchCarriedOut, Stop> {
    let mut results = Vec::new();
    for command in commands {
        match decide_and_apply(command, locked, now) {
            Err(bug @ (Stop::Broken(_) | Stop::NotInScope(_) | Stop::Stale(_))) => return Err(bug),
            result => results.push(result),
        }
    }
    Ok(BatchCarriedOut { results, writes: locked.writes() })
}

fn decide_and_apply(command: &Command, locked: &mut Locked, now: Instant) -> Result<(Outcome, Vec<Event>), Stop> {
    match decide(command, locked, now)? {
        Verdict::AlreadyDone(outcome) => Ok((outcome, Vec::new())),
        Verdict::Do(changes) => {
            locked.apply(command, &changes)?;
            Ok((changes.outcome, changes.events))
        }
    }
}

impl Locked {
    /// Applies what was decided, and notes that the command was done. After an error the rows are worth nothing.
    pub fn apply(&mut self, command: &Command, changes: &Changes) -> Result<(), Broken> {
        self.put_all(&changes.rows)?;
        let Some(key) = command.key.clone() else { return Ok(()) };
        let (request_hash, outcome, at) = (command.request_hash, changes.outcome.clone(), changes.at);
        self.put_idempotency_record(IdempotencyRecord { key, request_hash, outcome, at })
    }
}

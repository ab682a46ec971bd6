//! Finding the commands of a batch that the database won't have, in the transaction in which they failed and under its
//! locks, so that the others need not be locked, read and committed again and again.

use super::booking::Booking;
use super::decide::{CommandResult, decide_together};
use super::lock::Found;
use super::write::write;
use crate::sql::connection::Failure;
use crate::sql::rows::seat;
use crate::sql::statements::Statements;
use frontrow_domain::{BatchCarriedOut, Outcome, Ticket, WriteSet};
use sea_orm::ConnectionTrait;
use std::collections::BTreeSet;

/// With more culprits than these, the batch goes on in halves.
const MOST: usize = 4;

/// Decides and writes all commands but those that break a constraint or a guard. A result for each, in order; `None` for those
/// that were left out.
pub(super) async fn write_all_but_culprits(
    statements: &Statements<'_>,
    connection: &impl ConnectionTrait,
    batch: &[Booking],
    found: &Found,
) -> Result<(Vec<Option<CommandResult>>, WriteSet), Failure> {
    let search = Search { statements, connection, batch, found };
    let mut wanted = search.without_second_tickets().await?;
    let mut culprits = 0;
    connection.execute_unprepared("SAVEPOINT batch").await?;
    let BatchCarriedOut { results, writes } = loop {
        match search.write(&wanted).await {
            Ok(carried_out) => break carried_out,
            Err(failure) if failure.is_of_one() && culprits < MOST => statements.hook.failed(&failure.to_string()),
            Err(failure) => return Err(failure),
        }
        let culprit = search.culprit(&wanted).await?;
        search.undo().await?;
        wanted.retain(|command| *command != culprit);
        culprits += 1;
    };
    let mut all: Vec<Option<CommandResult>> = batch.iter().map(|_| None).collect();
    for (command, result) in wanted.into_iter().zip(results) {
        all[command] = Some(result);
    }
    Ok((all, writes))
}

struct Search<'a, C> {
    statements: &'a Statements<'a>,
    connection: &'a C,
    batch: &'a [Booking],
    found: &'a Found,
}

impl<C: ConnectionTrait> Search<'_, C> {
    /// The commands that issue no ticket where there is a valid one already. That is the one constraint that can be looked
    /// up beforehand; what else is wrong, a failed write tells.
    async fn without_second_tickets(&self) -> Result<Vec<usize>, Failure> {
        let all: Vec<usize> = (0..self.batch.len()).collect();
        // Whoever stops all the others from being decided is found later.
        let Ok(BatchCarriedOut { results, writes }) = self.decide(&all) else { return Ok(all) };
        let issued = writes.tickets_issued.iter().map(|ticket| seat::key(&ticket.key.seat));
        let mut taken = BTreeSet::new();
        for row in self.statements.valid_tickets(self.connection, issued).await? {
            let there = Ticket::try_from(row)?;
            if !writes.tickets_voided.iter().any(|voided| voided.key == there.key) {
                taken.insert(there.key.seat);
            }
        }
        let is_second = |result: &CommandResult| match result {
            Ok((Outcome::Paid { tickets, .. }, _)) => tickets.iter().any(|ticket| taken.contains(&ticket.key.seat)),
            _ => false,
        };
        Ok(all.into_iter().zip(&results).filter(|(_, result)| !is_second(result)).map(|(command, _)| command).collect())
    }

    fn decide(&self, commands: &[usize]) -> Result<BatchCarriedOut, Failure> {
        let bookings = commands.iter().map(|command| &self.batch[*command]);
        decide_together(self.statements, bookings, self.found.locked.clone(), self.found.now)
    }

    /// Decides these commands and writes what comes of them.
    async fn write(&self, commands: &[usize]) -> Result<BatchCarriedOut, Failure> {
        let carried_out = self.decide(commands)?;
        write(self.statements, self.connection, &carried_out.writes).await?;
        Ok(carried_out)
    }

    /// What was written since the locks were taken.
    async fn undo(&self) -> Result<(), Failure> {
        self.connection.execute_unprepared("ROLLBACK TO SAVEPOINT batch").await?;
        Ok(())
    }

    /// One of these commands, which have just failed together, without which the others may succeed. It is tried by itself
    /// later on, so it does no harm if it is the wrong one.
    async fn culprit(&self, commands: &[usize]) -> Result<usize, Failure> {
        let mut suspects = commands;
        while suspects.len() > 1 {
            let (first, second) = suspects.split_at(suspects.len() / 2);
            self.undo().await?;
            suspects = match self.write(first).await {
                Ok(_) => second,
                Err(failure) if failure.is_of_one() => first,
                Err(failure) => return Err(failure),
            };
        }
        suspects.first().copied().ok_or_else(|| Failure::Bug("a batch without commands failed".into()))
    }
}

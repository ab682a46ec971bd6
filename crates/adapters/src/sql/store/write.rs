//! Writing changes: one statement per kind of row and of write, all rows of it at once, each under its version guard.

use super::cell::Cell;
use super::shape::{Stored, buyer_key};
use super::statement::{Failure, Statements};
use frontrow_domain::{Ticket, Version, Write, WriteSet};
use sea_orm::ConnectionTrait;

/// What the guard of a ticket that is voided has to be: valid.
const LIVE: i64 = 1;
/// The version of a place.
const PLACE: i64 = 0;

/// Writes everything, in the one order of writes; any row that has moved on since it was read is a conflict.
pub(in crate::sql) async fn write(
    statements: &Statements<'_>,
    connection: &impl ConnectionTrait,
    writes: &WriteSet,
) -> Result<(), Failure> {
    let texts = statements.texts;
    let rows = Rows { guarded: texts.protection.guards, placed: texts.places.is_some() };
    let updates = [
        (&texts.buyers.update, rows.changed_or_placed(&writes.buyers)),
        (&texts.reservations.update, rows.changed(&writes.reservations)),
        (&texts.payments.update, rows.changed(&writes.payments)),
        (&texts.wallets.update, rows.changed_or_placed(&writes.wallets)),
        (&texts.seats.update, rows.changed(&writes.seats)),
        (&texts.void_tickets, rows.voided(&writes.tickets_voided)),
    ];
    for (text, rows) in updates {
        statements.write(connection, text, rows).await?;
    }
    let inserts = [
        (&texts.new_tickets, whole(&writes.tickets_issued)?),
        (&texts.buyers.insert, rows.new_and_not_placed(&writes.buyers)?),
        (&texts.reservations.insert, new(&writes.reservations)?),
        (&texts.payments.insert, new(&writes.payments)?),
        (&texts.wallets.insert, rows.new_and_not_placed(&writes.wallets)?),
        (&texts.new_transfers, whole(&writes.transfers)?),
    ];
    for (text, rows) in inserts {
        statements.write(connection, text, rows).await?;
    }
    let freed = writes.slots_freed.iter().map(buyer_key).collect();
    statements.write(connection, &texts.free_slots, freed).await?;
    statements.write(connection, &texts.new_done, whole(&writes.done)?).await
}

/// Turns writes into the rows of statements.
pub(in crate::sql) struct Rows {
    /// Whether an update compares versions.
    pub guarded: bool,
    /// Whether rows that are new stand there already, with the version of a place.
    pub placed: bool,
}

impl Rows {
    fn changed<R: Stored>(&self, writes: &[Write<R>]) -> Vec<Vec<Cell>> {
        let changed = writes.iter().filter_map(|write| Some(self.update(&write.row, write.read?.get())));
        changed.collect()
    }

    pub(in crate::sql) fn changed_or_placed<R: Stored>(&self, writes: &[Write<R>]) -> Vec<Vec<Cell>> {
        if !self.placed {
            return self.changed(writes);
        }
        let rows = writes.iter().map(|write| self.update(&write.row, write.read.map_or(PLACE, Version::get)));
        rows.collect()
    }

    pub(in crate::sql) fn new_and_not_placed<R: Stored>(&self, writes: &[Write<R>]) -> Result<Vec<Vec<Cell>>, Failure> {
        if self.placed { Ok(Vec::new()) } else { new(writes) }
    }

    fn voided(&self, tickets: &[Ticket]) -> Vec<Vec<Cell>> {
        tickets.iter().map(|ticket| self.update(ticket, LIVE)).collect()
    }

    pub(in crate::sql) fn update(&self, row: &impl Stored, guard: i64) -> Vec<Cell> {
        let guard = self.guarded.then(|| guard.into());
        row.changing().into_iter().chain(row.key()).chain(guard).collect()
    }
}

fn new<R: Stored>(writes: &[Write<R>]) -> Result<Vec<Vec<Cell>>, Failure> {
    writes.iter().filter(|write| write.read.is_none()).map(|write| insert(&write.row)).collect()
}

pub(in crate::sql) fn whole<R: Stored>(rows: &[R]) -> Result<Vec<Vec<Cell>>, Failure> {
    rows.iter().map(insert).collect()
}

fn insert(row: &impl Stored) -> Result<Vec<Cell>, Failure> {
    let fixed = row.fixed().map_err(|error| Failure::Bug(error.to_string()))?;
    Ok(row.key().into_iter().chain(fixed).chain(row.changing()).collect())
}

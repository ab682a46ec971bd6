//! Deciding commands together, on rows that are locked.

use super::booking::Booking;
use crate::sql::connection::Failure;
use crate::sql::statements::Statements;
use frontrow_domain::{BatchCarriedOut, Event, Instant, Locked, Outcome, Stop, carry_out_batch};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What came of one command.
pub(super) type CommandResult = Result<(Outcome, Vec<Event>), Stop>;

/// A rule that panics does not take its worker along.
pub(super) fn decide_together<'a>(
    statements: &Statements<'_>,
    bookings: impl Iterator<Item = &'a Booking>,
    mut locked: Locked,
    now: Instant,
) -> Result<BatchCarriedOut, Failure> {
    let commands = bookings.map(|booking| &booking.command).inspect(|command| statements.hook.decides(command));
    match catch_unwind(AssertUnwindSafe(|| carry_out_batch(commands, &mut locked, now))) {
        Ok(carried_out) => carried_out.map_err(|bug| Failure::Bug(bug.to_string())),
        Err(_) => Err(Failure::Bug("a rule panicked".into())),
    }
}

//! Commands that give some seats of a reservation back.

use crate::Failure;
use crate::context::TestContext;
use frontrow_domain::{Command, Operation, Refund, Reservation, SeatNumber};

impl TestContext {
    pub(crate) fn cancel_seats(&self, reservation: &Reservation, seats: &[u32]) -> Result<Command, Failure> {
        Ok(of_seats(self.cancel(reservation)?, seats))
    }

    pub(crate) fn refund_seats(&self, reservation: &Reservation, seats: &[u32]) -> Result<Command, Failure> {
        Ok(of_seats(self.refund(reservation)?, seats))
    }
}

/// The same cancellation or refund, of these seats alone.
pub(crate) fn of_seats(mut command: Command, seats: &[u32]) -> Command {
    if let Operation::Cancel(cancel) | Operation::Refund(Refund { cancel, .. }) = &mut command.operation {
        cancel.returned = Some(seats.iter().filter_map(|number| SeatNumber::new(*number)).collect());
    }
    command
}

//! Giving back what was paid for performances that don't take place.

use crate::Error;
use crate::cancel::CancelReservation;
use crate::port::{BookingError, Clock, PerformanceRepository, SoldPage};
use frontrow_domain::{
    Command, Instant, Operation, PerformanceId, Refund, RefundReason, Rejection, Reservation, ReservationId, SeatNumber,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Gives everybody's money back who has paid for a performance that was cancelled, whatever the deadline: seat by seat, a
/// page in each run.
///
/// Which performances owe money is stored with them, and what was given back is what it is: so whoever goes on, after a
/// crash or elsewhere, may begin with the first seat again.
pub struct ReturnMoney {
    /// Knows which performances owe money.
    pub performances: Arc<dyn PerformanceRepository>,
    /// Knows who has paid, and gives back.
    pub cancel: Arc<CancelReservation>,
    /// Gives the instant that the rules decide by.
    pub clock: Arc<dyn Clock>,
    /// How far this instance has come.
    pub progress: ReturnProgress,
}

/// How far [`ReturnMoney`] has come.
#[derive(Default)]
pub struct ReturnProgress(Mutex<Progress>);

#[derive(Default)]
struct Progress {
    /// The pass that is under way.
    pass: Option<Pass>,
    /// When this instance first saw that each of these owes money.
    seen: BTreeMap<PerformanceId, Instant>,
}

/// One look at all sold seats of a performance.
#[derive(Clone, Copy)]
struct Pass {
    performance: PerformanceId,
    began: Instant,
    /// The next run goes on after this seat.
    after: Option<SeatNumber>,
    /// Whether nothing has been found that was sold.
    clean: bool,
}

/// What a run of [`ReturnMoney`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Returned {
    /// Reservations that were given back.
    pub given_back: u32,
    /// The first reservation that could not be given back, and why, if there were some. It kept no other from it.
    pub failed: Option<(ReservationId, Error)>,
    /// Whether there is more to look at: then the next run goes on where this one has stopped.
    pub more: bool,
}

impl ReturnMoney {
    /// Sold seats of one run: 100.
    pub const BATCH: u32 = 100;
    /// A performance owes nothing once no seat is sold this long, 1 minute, after it was found to be cancelled. By then no
    /// instance takes a payment any more that was begun before.
    pub const SETTLED_AFTER: Duration = Duration::from_mins(1);
    /// So many in a row that the store has no answer to are the store's fault, not theirs.
    const PATIENCE: u32 = 3;
    const REASON: &str = "The performance was cancelled.";

    /// Gives a page back. An error says that the store has no answer: the next run tries the same page. One reservation that
    /// is always in the way of others, or out of order, keeps no other from its money.
    pub async fn run(&self) -> Result<Returned, Error> {
        let Some(mut pass) = self.next_pass().await? else { return Ok(Returned::default()) };
        let reservations = &self.cancel.reservations;
        let SoldPage { reservations: sold, unreadable, next } =
            reservations.sold(pass.performance, pass.after, Self::BATCH).await?;
        pass.clean &= sold.is_empty() && unreadable.is_empty();
        let failed = unreadable.into_iter().next().map(|(id, fault)| (id, fault.into()));
        let mut returned = Returned { more: true, failed, ..Returned::default() };
        let mut unanswered = 0;
        for reservation in &sold {
            let Err(error) = self.give_back(reservation).await else {
                (returned.given_back, unanswered) = (returned.given_back + 1, 0);
                continue;
            };
            let is_answer = !matches!(error, Error::Outage(_) | Error::Unknown);
            unanswered = if is_answer { 0 } else { unanswered + 1 };
            if unanswered == Self::PATIENCE {
                return Err(error);
            }
            returned.failed.get_or_insert((reservation.id, error));
        }
        pass.after = next;
        if next.is_none() {
            returned.more = self.end(pass).await?;
        } else {
            self.progress().pass = Some(pass);
        }
        Ok(returned)
    }

    /// The pass that is under way, or one at the first performance that owes money.
    async fn next_pass(&self) -> Result<Option<Pass>, Error> {
        if let Some(pass) = self.progress().pass {
            return Ok(Some(pass));
        }
        self.begin(None).await
    }

    /// A pass at the next performance after that one which owes money; `None` behind the last.
    async fn begin(&self, after: Option<PerformanceId>) -> Result<Option<Pass>, Error> {
        let Some(performance) = self.performances.next_owing(after).await? else { return Ok(None) };
        let began = self.clock.now();
        let pass = Pass { performance, began, after: None, clean: true };
        let mut progress = self.progress();
        progress.seen.entry(performance).or_insert(began);
        progress.pass = Some(pass);
        Ok(Some(pass))
    }

    /// Says whether there is another performance to look at.
    async fn end(&self, pass: Pass) -> Result<bool, Error> {
        let seen = self.progress().seen.get(&pass.performance).copied().unwrap_or(pass.began);
        if pass.clean && seen + Self::SETTLED_AFTER <= pass.began {
            self.performances.owes_nothing(pass.performance).await?;
            self.progress().seen.remove(&pass.performance);
        }
        self.progress().pass = None;
        Ok(self.begin(Some(pass.performance)).await?.is_some())
    }

    /// Whoever was faster, its owner or an operator, has given it back.
    async fn give_back(&self, reservation: &Reservation) -> Result<(), Error> {
        let (cancel, _) = self.cancel.of(reservation).await?;
        let refund = Refund { cancel, reason: RefundReason::new(Self::REASON).ok() };
        match self.cancel.store.execute(Command::unkeyed(Operation::Refund(refund))).await {
            Ok(_) | Err(BookingError::Rejected(Rejection::ReservationEnded(_))) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;

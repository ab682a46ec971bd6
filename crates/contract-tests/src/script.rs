//! Random commands of a few people at two performances: the same for the same seed.

use crate::context::TestContext;
use crate::dice::Dice;
use crate::{Failure, Programme};
use frontrow_domain::{
    Command, Instant, Operation, Outcome, Payment, Reservation, ReservationId, SeatNumber, Settlement, UserId,
};
use std::time::Duration;

/// People, and seats of each performance that they fight for: few, so that they meet.
pub(crate) const PEOPLE: usize = 5;
const SEATS: u32 = 24;

pub(crate) struct Script {
    pub(crate) dice: Dice,
    reservations: Vec<Reservation>,
    charges: Vec<Payment>,
    past: Vec<Command>,
    /// The latest time that it has been.
    pub(crate) latest: Instant,
}

impl Script {
    pub(crate) fn new(seed: u64) -> Self {
        let (reservations, charges, past) = (Vec::new(), Vec::new(), Vec::new());
        Self { dice: Dice::new(seed), reservations, charges, past, latest: Programme::OPENS }
    }

    /// Somebody has asked for that.
    pub(crate) fn did(&mut self, command: Command) {
        self.past.push(command);
    }

    /// Somebody has, or may have, what came of it.
    pub(crate) fn saw(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Held(reservation) => self.reservations.push(reservation.clone()),
            Outcome::Charged(payment) => self.charges.push(payment.clone()),
            _ => {}
        }
    }

    /// When something happens next: mostly after seconds, sometimes past the end of holds, rarely hours later; now and
    /// then before.
    pub(crate) fn time_after(&mut self, now: Instant) -> Instant {
        let by = [1, 2, 60, 298, 301, 400, 3600];
        let by = Duration::from_secs(self.dice.pick(&by).copied().unwrap_or_default());
        let now = if self.dice.roll(10) == 0 { now - by } else { now + by };
        self.latest = self.latest.max(now);
        now
    }

    /// What somebody does next; `None` if there is nothing yet to do it to.
    pub(crate) fn command(&mut self, context: &TestContext) -> Result<Option<Command>, Failure> {
        let kind = self.dice.roll(24);
        let reservation = self.dice.pick(&self.reservations).cloned();
        let user = self.user(context);
        Ok(match (kind, reservation) {
            (0..=3, _) => Some(self.hold(context)?),
            (4 | 5, _) => Some(self.hold_best(context)?),
            (6..=8, Some(reservation)) => Some(context.pay(&reservation)?),
            (9, Some(reservation)) => Some(context.release(&reservation)?),
            (10, Some(reservation)) => Some(context.cancel(&reservation)?),
            (11, Some(reservation)) => Some(context.refund(&reservation)?),
            (12, Some(reservation)) => Some(TestContext::expire(&reservation)),
            (13, Some(reservation)) => Some(context.pay(&Reservation { user, ..reservation })?),
            (14 | 15, _) => Some(context.charge(user, 500 + i64::try_from(self.dice.roll(5000))?)?),
            (16 | 17, _) => {
                let (accepted, returned) = (self.dice.roll(4) > 0, self.dice.roll(8) == 0);
                let settle = |charge: &Payment| {
                    if returned {
                        context.settle_as(charge, Settlement::Returned)
                    } else {
                        context.settle(charge, accepted)
                    }
                };
                self.dice.pick(&self.charges).map(settle)
            }
            (18, _) => self.dice.pick(&self.past).cloned(),
            (19, _) => self.dice.pick(&self.past).map(|past| Command { request_hash: [9; 32], ..past.clone() }),
            (20, Some(reservation)) => {
                let id = ReservationId::new(context.id());
                Some(context.cancel(&Reservation { id, ..reservation })?)
            }
            (21 | 22, Some(reservation)) => Some(context.cancel_seats(&reservation, &self.some_of(&reservation))?),
            (23, Some(reservation)) => Some(context.refund_seats(&reservation, &self.some_of(&reservation))?),
            _ => None,
        })
    }

    /// Some of its seats; now and then none, or one that it does not have.
    fn some_of(&mut self, reservation: &Reservation) -> Vec<u32> {
        let mut some: Vec<u32> = reservation.seats().map(SeatNumber::get).filter(|_| self.dice.roll(2) == 0).collect();
        if self.dice.roll(16) == 0 {
            some.push(Programme::SEATS);
        }
        some
    }

    fn user(&mut self, context: &TestContext) -> UserId {
        context.user(self.dice.roll(PEOPLE))
    }

    /// Now and then of a seat that does not exist.
    fn hold(&mut self, context: &TestContext) -> Result<Command, Failure> {
        let user = self.user(context);
        let count = 1 + self.dice.roll(4);
        let mut seats = self.dice.numbers(count, SEATS);
        if self.dice.roll(16) == 0 {
            seats.push(Programme::SEATS + 1);
        }
        let sale = if self.dice.roll(2) == 0 { &context.wide } else { &context.narrow };
        let hold = context.hold_in(sale, user, &seats)?;
        Ok(self.somewhere(context, hold))
    }

    fn hold_best(&mut self, context: &TestContext) -> Result<Command, Failure> {
        let user = self.user(context);
        let count = 1 + self.dice.roll(3);
        let seats = self.dice.numbers(SEATS as usize / 2, SEATS);
        let blocks: Vec<Vec<u32>> = seats.chunks_exact(count).map(<[u32]>::to_vec).collect();
        let wait = self.dice.roll(4) == 0;
        let sale = if self.dice.roll(2) == 0 { &context.wide } else { &context.narrow };
        let hold = context.hold_best_in(sale, user, &blocks, wait)?;
        Ok(self.somewhere(context, hold))
    }

    /// A hold in one of the performances.
    fn somewhere(&mut self, context: &TestContext, mut command: Command) -> Command {
        let performances = &context.programme.performances;
        let performance = performances[self.dice.roll(performances.len())].id;
        match &mut command.operation {
            Operation::Hold(hold) => hold.performance = performance,
            Operation::HoldBest(best) => best.performance = performance,
            _ => {}
        }
        command
    }
}

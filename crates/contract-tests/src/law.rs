//! The law that two stores are one: the same commands, ids and instants have the same outcomes.

use crate::context::{Answer, Progress, TestContext};
use crate::dice::Dice;
use crate::snapshot::Snapshot;
use crate::{Failure, Programme, World};
use frontrow_application::port::BookingError;
use frontrow_domain::{Command, Instant, Outcome, Payment, Reservation, Settlement};
use std::sync::Arc;
use std::time::Duration;

/// People, and seats they fight for: few, so that they meet.
const PEOPLE: usize = 5;
const SEATS: u32 = 24;

/// Runs that many random commands on both worlds, the same for the same seed, and fails at the first one that does not
/// end the same; then compares all that can be read, and audits both. Failures name the seed.
pub async fn same_outcomes(left: &dyn World, right: &dyn World, seed: u64, steps: u32) -> Result<(), Failure> {
    let mut both = Both {
        left: TestContext::new(left, Arc::<Progress>::default()).await?,
        right: TestContext::new(right, Arc::<Progress>::default()).await?,
        dice: Dice::new(seed),
        reservations: Vec::new(),
        charges: Vec::new(),
        past: Vec::new(),
        latest: Programme::OPENS,
    };
    let names = format!("{} and {}", left.name(), right.name());
    for step in 0..steps {
        both.step().await.map_err(|failure| failure.within(&format!("seed {seed}, step {step}, {names}")))?;
    }
    both.compare().await.map_err(|failure| failure.within(&format!("seed {seed}, after {steps} steps, {names}")))
}

struct Both {
    left: Arc<TestContext>,
    right: Arc<TestContext>,
    dice: Dice,
    reservations: Vec<Reservation>,
    charges: Vec<Payment>,
    past: Vec<Command>,
    latest: Instant,
}

impl Both {
    async fn step(&mut self) -> Result<(), Failure> {
        if self.dice.roll(8) == 0 {
            self.pass_time();
        }
        let Some(command) = self.command()? else { return Ok(()) };
        let (left, right) = (self.left.execute(command.clone()).await, self.right.execute(command.clone()).await);
        ensure!(comparable(&left) && comparable(&right), "{command:?} ends with {left:?} and {right:?}");
        ensure_eq!(right, left, "{command:?}");
        self.past.push(command);
        match left {
            Ok(Outcome::Held(reservation)) => self.reservations.push(reservation),
            Ok(Outcome::Charged(payment)) => self.charges.push(payment),
            _ => {}
        }
        Ok(())
    }

    /// Mostly seconds, sometimes past the end of holds, rarely hours; now and then back.
    fn pass_time(&mut self) {
        let by = [1, 2, 60, 298, 301, 400, 3600];
        let by = Duration::from_secs(self.dice.pick(&by).copied().unwrap_or_default());
        let now = self.left.now();
        let now = if self.dice.roll(10) == 0 { now - by } else { now + by };
        self.latest = self.latest.max(now);
        self.set_now(now);
    }

    fn set_now(&self, now: Instant) {
        self.left.set_now(now);
        self.right.set_now(now);
    }

    /// What somebody does next; `None` if there is nothing yet to do it to.
    fn command(&mut self) -> Result<Option<Command>, Failure> {
        let kind = self.dice.roll(20);
        let reservation = self.dice.pick(&self.reservations).cloned();
        let user = self.left.user(self.dice.roll(PEOPLE));
        Ok(match (kind, reservation) {
            (0..=3, _) => Some(self.hold()?),
            (4 | 5, _) => Some(self.hold_best()?),
            (6..=8, Some(reservation)) => Some(self.left.pay(&reservation)?),
            (9, Some(reservation)) => Some(self.left.release(&reservation)?),
            (10, Some(reservation)) => Some(self.left.cancel(&reservation)?),
            (11, Some(reservation)) => Some(self.left.refund(&reservation)?),
            (12, Some(reservation)) => Some(TestContext::expire(&reservation)),
            (13, Some(reservation)) => Some(self.left.pay(&Reservation { user, ..reservation })?),
            (14 | 15, _) => Some(self.left.charge(user, 500 + i64::try_from(self.dice.roll(5000))?)?),
            (16 | 17, _) => {
                let (accepted, returned) = (self.dice.roll(4) > 0, self.dice.roll(8) == 0);
                let settle = |charge: &Payment| {
                    if returned {
                        self.left.settle_as(charge, Settlement::Returned)
                    } else {
                        self.left.settle(charge, accepted)
                    }
                };
                self.dice.pick(&self.charges).map(settle)
            }
            (18, _) => self.dice.pick(&self.past).cloned(),
            (19, _) => self.dice.pick(&self.past).map(|past| Command { request_hash: [9; 32], ..past.clone() }),
            _ => None,
        })
    }

    fn hold(&mut self) -> Result<Command, Failure> {
        let user = self.left.user(self.dice.roll(PEOPLE));
        let count = 1 + self.dice.roll(4);
        let seats = self.dice.numbers(count, SEATS);
        let sale = if self.dice.roll(2) == 0 { &self.left.wide } else { &self.left.narrow };
        self.left.hold_in(sale, user, &seats)
    }

    fn hold_best(&mut self) -> Result<Command, Failure> {
        let user = self.left.user(self.dice.roll(PEOPLE));
        let count = 1 + self.dice.roll(3);
        let seats = self.dice.numbers(SEATS as usize / 2, SEATS);
        let blocks: Vec<Vec<u32>> = seats.chunks_exact(count).map(<[u32]>::to_vec).collect();
        let wait = self.dice.roll(4) == 0;
        let sale = if self.dice.roll(2) == 0 { &self.left.wide } else { &self.left.narrow };
        self.left.hold_best_in(sale, user, &blocks, wait)
    }

    async fn compare(&self) -> Result<(), Failure> {
        let (left, right) = (Snapshot::take(&self.left, PEOPLE).await?, Snapshot::take(&self.right, PEOPLE).await?);
        ensure_eq!(right, left);
        // Before that, what was taken over would look like taken from its holder.
        self.set_now(self.latest);
        for context in [&self.left, &self.right] {
            context.audit().await?;
            context.check_announcements().await?;
        }
        if self.left.fixture.announces && self.right.fixture.announces {
            ensure_eq!(self.right.announcements.heard(), self.left.announcements.heard(), "announcements");
        }
        Ok(())
    }
}

/// Anything but an outcome or a refusal is no answer that could be compared.
fn comparable(answer: &Answer) -> bool {
    matches!(answer, Ok(_) | Err(BookingError::Rejected(_) | BookingError::Replan))
}

//! One world, with what cases do there over and over.

use crate::{AccountPorts, CataloguePorts, Failure, Fixture, KeepingPorts, LinePorts, Part, Programme, World};
use frontrow_application::port::{BookingError, BookingStore};
use frontrow_domain::{
    Cancel, Charge, Command, CommandKey, Expire, Hold, HoldBest, Instant, Line, Outcome, Pay, Payment, PaymentId,
    PerformanceId, Points, RefundReason, Release, Reservation, ReservationId, Sale, SeatNumber, Settle, Settlement,
    TransferId, UserId, What,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Barrier;
use uuid::Uuid;

pub(crate) struct Stage {
    pub(crate) fixture: Fixture,
    pub(crate) programme: Programme,
    /// The sale with the high limit, which commands name unless a case says otherwise.
    pub(crate) wide: Sale,
    /// The sale with a limit of four.
    pub(crate) narrow: Sale,
    /// The sale with a waiting room.
    pub(crate) gated: Sale,
    next: AtomicU64,
    now: AtomicI64,
}

pub(crate) type Answer = Result<Outcome, BookingError>;

/// How often a command is repeated that a store is too busy for.
const PATIENCE: u32 = 100;

impl Stage {
    pub(crate) async fn set(world: &dyn World) -> Result<Arc<Self>, Failure> {
        let programme = Programme::new()?;
        let fixture = world.fresh(&programme).await?;
        let [wide, narrow, gated] = programme.sales.clone();
        let stage = Self { fixture, programme, wide, narrow, gated, next: AtomicU64::new(1), now: AtomicI64::new(0) };
        stage.set_now(Programme::OPENS);
        Ok(Arc::new(stage))
    }

    pub(crate) fn catalogue(&self) -> Result<&CataloguePorts, Failure> {
        self.fixture.catalogue.as_ref().ok_or_else(|| Failure::lacks(Part::Catalogue))
    }

    pub(crate) fn accounts(&self) -> Result<&AccountPorts, Failure> {
        self.fixture.accounts.as_ref().ok_or_else(|| Failure::lacks(Part::Accounts))
    }

    pub(crate) fn keeping(&self) -> Result<&KeepingPorts, Failure> {
        self.fixture.keeping.as_ref().ok_or_else(|| Failure::lacks(Part::Keeping))
    }

    pub(crate) fn lines(&self) -> Result<&LinePorts, Failure> {
        self.fixture.lines.as_ref().ok_or_else(|| Failure::lacks(Part::Lines))
    }

    pub(crate) fn store(&self) -> &Arc<dyn BookingStore> {
        &self.fixture.booking.store
    }

    pub(crate) fn set_now(&self, now: Instant) {
        self.now.store(now.micros(), Ordering::SeqCst);
        (self.fixture.set_now)(now);
    }

    pub(crate) fn now(&self) -> Instant {
        Instant::from_micros(self.now.load(Ordering::SeqCst))
    }

    pub(crate) fn later(&self, by: Duration) {
        self.set_now(self.now() + by);
    }

    /// An id that is higher than all before.
    pub(crate) fn id(&self) -> Uuid {
        Uuid::from_u128(
            0x0190_0000_0001_7000_8000_0000_0000_0000 + u128::from(self.next.fetch_add(1, Ordering::Relaxed)),
        )
    }

    pub(crate) fn user(&self, n: usize) -> UserId {
        let users = &self.programme.users;
        users[n % users.len()].id
    }

    pub(crate) fn performance(&self) -> PerformanceId {
        self.programme.performances[0].id
    }

    pub(crate) fn key(&self, user: UserId) -> Result<CommandKey, Failure> {
        Ok(CommandKey::new(user, format!("key-{}", self.id().simple()))?)
    }

    pub(crate) fn keyed(&self, user: UserId, what: What) -> Result<Command, Failure> {
        Ok(Command::keyed(self.key(user)?, [1; 32], what))
    }

    pub(crate) fn line(&self, number: u32) -> Result<Line, Failure> {
        let seat = SeatNumber::new(number).ok_or_else(|| Failure::new(format!("{number} is no seat number")))?;
        let line = self.programme.performances[0].prices.line(seat, "R", None);
        line.ok_or_else(|| Failure::new("tier R has no price"))
    }

    pub(crate) fn hold(&self, user: UserId, seats: &[u32]) -> Result<Command, Failure> {
        self.hold_in(&self.wide, user, seats)
    }

    pub(crate) fn hold_in(&self, sale: &Sale, user: UserId, seats: &[u32]) -> Result<Command, Failure> {
        let lines = seats.iter().map(|number| self.line(*number)).collect::<Result<_, _>>()?;
        self.hold_lines(sale, user, lines)
    }

    pub(crate) fn hold_lines(&self, sale: &Sale, user: UserId, lines: Vec<Line>) -> Result<Command, Failure> {
        let reservation = ReservationId::new(self.id());
        let hold = Hold { reservation, performance: self.performance(), user, terms: sale.terms(), lines };
        self.keyed(user, What::Hold(hold))
    }

    /// A hold of the first of these blocks that can be had.
    pub(crate) fn hold_best(&self, user: UserId, blocks: &[Vec<u32>], wait: bool) -> Result<Command, Failure> {
        self.hold_best_in(&self.wide, user, blocks, wait)
    }

    pub(crate) fn hold_best_in(
        &self,
        sale: &Sale,
        user: UserId,
        blocks: &[Vec<u32>],
        wait: bool,
    ) -> Result<Command, Failure> {
        let number = |n: &u32| SeatNumber::new(*n).ok_or_else(|| Failure::new(format!("{n} is no seat number")));
        let block = |block: &Vec<u32>| block.iter().map(number).collect::<Result<Vec<_>, _>>();
        let best = HoldBest {
            reservation: ReservationId::new(self.id()),
            performance: self.performance(),
            user,
            terms: sale.terms(),
            count: u32::try_from(blocks.first().map_or(1, Vec::len))?,
            blocks: blocks.iter().map(block).collect::<Result<_, _>>()?,
            line: self.line(1)?,
            wait,
        };
        self.keyed(user, What::HoldBest(best))
    }

    pub(crate) fn sale_of(&self, reservation: &Reservation) -> &Sale {
        let sales = [&self.narrow, &self.gated];
        sales.into_iter().find(|sale| sale.id == reservation.sale).unwrap_or(&self.wide)
    }

    pub(crate) fn pay(&self, reservation: &Reservation) -> Result<Command, Failure> {
        let pay = Pay {
            reservation: reservation.id,
            performance: reservation.performance,
            seats: reservation.seats().collect(),
            user: reservation.user,
            terms: self.sale_of(reservation).terms(),
            payment: PaymentId::new(self.id()),
            transfer: TransferId::new(self.id()),
        };
        self.keyed(reservation.user, What::Pay(pay))
    }

    pub(crate) fn release(&self, reservation: &Reservation) -> Result<Command, Failure> {
        let release = Release {
            reservation: reservation.id,
            performance: reservation.performance,
            seats: reservation.seats().collect(),
            buyer: reservation.buyer(),
        };
        self.keyed(reservation.user, What::Release(release))
    }

    fn give_back(&self, reservation: &Reservation) -> Cancel {
        Cancel {
            reservation: reservation.id,
            performance: reservation.performance,
            seats: reservation.seats().collect(),
            user: reservation.user,
            terms: self.sale_of(reservation).terms(),
            payment: PaymentId::new(self.id()),
            transfer: TransferId::new(self.id()),
            reason: None,
        }
    }

    pub(crate) fn cancel(&self, reservation: &Reservation) -> Result<Command, Failure> {
        self.keyed(reservation.user, What::Cancel(self.give_back(reservation)))
    }

    pub(crate) fn refund(&self, reservation: &Reservation) -> Result<Command, Failure> {
        self.refund_because(reservation, None)
    }

    pub(crate) fn refund_because(&self, reservation: &Reservation, reason: Option<&str>) -> Result<Command, Failure> {
        let reason = reason.map(RefundReason::new).transpose()?;
        self.keyed(reservation.user, What::Refund(Cancel { reason, ..self.give_back(reservation) }))
    }

    pub(crate) fn expire(reservation: &Reservation) -> Command {
        Command::unkeyed(What::Expire(Expire { reservation: reservation.id, buyer: reservation.buyer() }))
    }

    pub(crate) fn charge(&self, user: UserId, amount: i64) -> Result<Command, Failure> {
        let amount = Points::new(amount)?;
        let charge = Charge { payment: PaymentId::new(self.id()), user, amount, provider: "sandbox".into() };
        self.keyed(user, What::Charge(charge))
    }

    pub(crate) fn settle(&self, payment: &Payment, accepted: bool) -> Command {
        let settlement = if accepted {
            Settlement::Accepted { provider_ref: format!("ref-{}", payment.id) }
        } else {
            Settlement::Declined
        };
        self.settle_as(payment, settlement)
    }

    pub(crate) fn settle_as(&self, payment: &Payment, settlement: Settlement) -> Command {
        let transfer = TransferId::new(self.id());
        Command::unkeyed(What::Settle(Settle { payment: payment.id, user: payment.user, settlement, transfer }))
    }

    /// Repeats the command while the store is busy, as its callers do.
    pub(crate) async fn execute(&self, command: Command) -> Answer {
        let mut answer = self.store().execute(command.clone()).await;
        for _ in 0..PATIENCE {
            let Err(BookingError::Busy { retry_after }) = answer else { break };
            tokio::time::sleep(retry_after.min(Duration::from_millis(50))).await;
            answer = self.store().execute(command.clone()).await;
        }
        answer
    }

    /// Carries all commands out at the same time, each in a task of its own; the answers are in the commands' order.
    pub(crate) async fn at_once(self: &Arc<Self>, commands: Vec<Command>) -> Result<Vec<Answer>, Failure> {
        let start = Arc::new(Barrier::new(commands.len()));
        let tasks: Vec<_> = commands
            .into_iter()
            .map(|command| {
                let (stage, start) = (Arc::clone(self), Arc::clone(&start));
                tokio::spawn(async move {
                    start.wait().await;
                    stage.execute(command).await
                })
            })
            .collect();
        let mut answers = Vec::with_capacity(tasks.len());
        for task in tasks {
            answers.push(task.await?);
        }
        Ok(answers)
    }

    pub(crate) async fn held(&self, user: UserId, seats: &[u32]) -> Result<Reservation, Failure> {
        held(self.execute(self.hold(user, seats)?).await)
    }

    pub(crate) async fn paid(&self, user: UserId, seats: &[u32]) -> Result<Reservation, Failure> {
        let reservation = self.held(user, seats).await?;
        self.fund(user, reservation.amount.amount()).await?;
        match self.execute(self.pay(&reservation)?).await? {
            Outcome::Paid { reservation, .. } => Ok(reservation),
            other => Err(Failure::new(format!("not paid: {other:?}"))),
        }
    }

    pub(crate) async fn pending(&self, user: UserId, amount: i64) -> Result<Payment, Failure> {
        charged(self.execute(self.charge(user, amount)?).await)
    }

    /// Gives a user points.
    pub(crate) async fn fund(&self, user: UserId, amount: i64) -> Result<(), Failure> {
        let payment = self.pending(user, amount).await?;
        charged(self.execute(self.settle(&payment, true)).await)?;
        Ok(())
    }

    pub(crate) async fn balance(&self, user: UserId) -> Result<i64, Failure> {
        Ok(self.fixture.booking.wallets.balance(user).await?.amount())
    }

    pub(crate) async fn reservation(&self, id: ReservationId) -> Result<Reservation, Failure> {
        let found = self.fixture.booking.reservations.reservation(id).await?;
        found.ok_or_else(|| Failure::new(format!("{id:?} is not there")))
    }

    pub(crate) async fn audit(&self) -> Result<(), Failure> {
        let findings = self.fixture.booking.auditor.audit(self.now()).await?;
        ensure!(findings.is_empty(), "the audit finds {findings:#?}");
        Ok(())
    }
}

pub(crate) fn held(answer: Answer) -> Result<Reservation, Failure> {
    match answer? {
        Outcome::Held(reservation) => Ok(reservation),
        other => Err(Failure::new(format!("not held: {other:?}"))),
    }
}

pub(crate) fn charged(answer: Answer) -> Result<Payment, Failure> {
    match answer? {
        Outcome::Charged(payment) => Ok(payment),
        other => Err(Failure::new(format!("not charged: {other:?}"))),
    }
}

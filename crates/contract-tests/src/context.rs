//! What a case runs in: one world, with what cases do there over and over.

use crate::announcements::Announcements;
use crate::clock::SuiteClock;
use crate::dice::Dice;
use crate::progress::Progress;
use crate::{
    AccountPorts, CataloguePorts, Durability, Failure, Fixture, KeepingPorts, Part, Programme, QueuePorts, SuitePorts,
    World,
};
use frontrow_application::Outage;
use frontrow_application::port::{BookingError, BookingStore, SeatSnapshots};
use frontrow_domain::{
    Cancel, Charge, Command, CommandKey, Expire, Hold, HoldBest, Instant, LineItem, Operation, Outcome, Pay, Payment,
    PaymentId, PerformanceId, Points, Refund, RefundReason, Release, Reservation, ReservationId, Sale, SeatNumber,
    Settle, Settlement, TransferId, UserId,
};
use std::any::Any;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use uuid::Uuid;

/// One world of a case.
pub(crate) struct TestContext {
    pub(crate) fixture: Fixture,
    pub(crate) programme: Programme,
    /// The sale with the high limit, which commands name unless a case says otherwise.
    pub(crate) wide: Sale,
    /// The sale with a limit of four.
    pub(crate) narrow: Sale,
    /// The sale with a waiting room.
    pub(crate) gated: Sale,
    pub(crate) announcements: Arc<Announcements>,
    clock: Arc<SuiteClock>,
    progress: Arc<Progress>,
    seed: u64,
    next: AtomicU64,
    /// What was carried out, repetitions among it.
    answered: Mutex<Vec<Outcome>>,
    /// Whether the answer to a COMMIT was lost.
    lost_commits: AtomicBool,
    /// What the worlds that were closed have to keep.
    kept: Vec<Box<dyn Any + Send + Sync>>,
}

pub(crate) type Answer = Result<Outcome, BookingError>;

/// How often a command is repeated that a store is too busy for.
const PATIENCE: u32 = 100;

impl TestContext {
    pub(crate) async fn new(world: &dyn World, progress: Arc<Progress>) -> Result<Arc<Self>, Failure> {
        let programme = Programme::new()?;
        let (clock, announcements) = (Arc::<SuiteClock>::default(), Arc::<Announcements>::default());
        clock.set(Programme::OPENS);
        let suite = SuitePorts { clock: clock.clone(), announcer: announcements.clone() };
        let fixture = world.fresh(&programme, &suite).await?;
        let [wide, narrow, gated] = programme.sales.clone();
        Ok(Arc::new(Self {
            fixture,
            programme,
            wide,
            narrow,
            gated,
            announcements,
            clock,
            progress,
            seed: world.seed(),
            next: AtomicU64::new(1),
            answered: Mutex::default(),
            lost_commits: AtomicBool::new(false),
            kept: Vec::new(),
        }))
    }

    /// Lets go of all ports of the store, and opens its data again.
    pub(crate) async fn reopen(self: Arc<Self>) -> Result<Arc<Self>, Failure> {
        self.step("reopening the store");
        let context =
            Arc::try_unwrap(self).map_err(|_| Failure::new("a case holds on to the store that it reopens"))?;
        let Self { fixture, mut kept, .. } = context;
        let (durability, keep) = close(fixture);
        let Durability::Kept(reopen) = durability else { return Err(Failure::lacks(Part::Durability)) };
        kept.push(keep);
        let fixture = reopen().await?;
        Ok(Arc::new(Self { fixture, kept, ..context }))
    }

    /// Fails as lacking unless the data outlive the process.
    pub(crate) fn require_durability(&self) -> Result<(), Failure> {
        match self.fixture.durability {
            Durability::None => Err(Failure::lacks(Part::Durability)),
            Durability::Kept(_) => Ok(()),
        }
    }

    /// Fails as lacking unless the store announces what it does.
    pub(crate) fn require_announcements(&self) -> Result<(), Failure> {
        if self.fixture.announces { Ok(()) } else { Err(Failure::lacks(Part::Announcements)) }
    }

    /// The clock that the case sets.
    pub(crate) fn clock(&self) -> Arc<SuiteClock> {
        Arc::clone(&self.clock)
    }

    /// Chance that can be repeated; another one for every salt.
    pub(crate) fn dice(&self, salt: u64) -> Dice {
        Dice::new(self.seed.wrapping_add(salt))
    }

    /// The case goes on; a failure says how far it has come.
    pub(crate) fn step(&self, what: &'static str) {
        self.progress.step(what);
    }

    /// What was carried out so far, repetitions among it.
    pub(crate) fn answers(&self) -> Vec<Outcome> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes the answer to the next COMMIT get lost.
    pub(crate) fn lose_next_commit(&self) -> Result<(), Failure> {
        let lose = self.fixture.lose_next_commit.as_ref().ok_or_else(|| Failure::lacks(Part::LostCommits))?;
        self.lost_commits.store(true, Ordering::SeqCst);
        lose();
        Ok(())
    }

    pub(crate) fn has_lost_commits(&self) -> bool {
        self.lost_commits.load(Ordering::SeqCst)
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

    pub(crate) fn queues(&self) -> Result<&QueuePorts, Failure> {
        self.fixture.queues.as_ref().ok_or_else(|| Failure::lacks(Part::Queues))
    }

    pub(crate) fn seat_snapshots(&self) -> Result<&dyn SeatSnapshots, Failure> {
        self.fixture.seat_snapshots.as_deref().ok_or_else(|| Failure::lacks(Part::SeatSnapshots))
    }

    pub(crate) fn store(&self) -> &Arc<dyn BookingStore> {
        &self.fixture.booking.store
    }

    pub(crate) fn set_now(&self, now: Instant) {
        self.clock.set(now);
    }

    pub(crate) fn now(&self) -> Instant {
        self.clock.shown()
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

    pub(crate) fn keyed(&self, user: UserId, what: Operation) -> Result<Command, Failure> {
        Ok(Command::keyed(self.key(user)?, [1; 32], what))
    }

    pub(crate) fn line_item(&self, number: u32) -> Result<LineItem, Failure> {
        let seat = SeatNumber::new(number).ok_or_else(|| Failure::new(format!("{number} is no seat number")))?;
        let line_item = self.programme.performances[0].prices.line_item(seat, "R", None);
        line_item.ok_or_else(|| Failure::new("tier R has no price"))
    }

    pub(crate) fn hold(&self, user: UserId, seats: &[u32]) -> Result<Command, Failure> {
        self.hold_in(&self.wide, user, seats)
    }

    pub(crate) fn hold_in(&self, sale: &Sale, user: UserId, seats: &[u32]) -> Result<Command, Failure> {
        let line_items = seats.iter().map(|number| self.line_item(*number)).collect::<Result<_, _>>()?;
        self.hold_line_items(sale, user, line_items)
    }

    pub(crate) fn hold_line_items(
        &self,
        sale: &Sale,
        user: UserId,
        line_items: Vec<LineItem>,
    ) -> Result<Command, Failure> {
        let reservation = ReservationId::new(self.id());
        let hold = Hold { reservation, performance: self.performance(), user, terms: sale.terms(), line_items };
        self.keyed(user, Operation::Hold(hold))
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
            line_item: self.line_item(1)?,
            wait,
        };
        self.keyed(user, Operation::HoldBest(best))
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
        self.keyed(reservation.user, Operation::Pay(pay))
    }

    pub(crate) fn release(&self, reservation: &Reservation) -> Result<Command, Failure> {
        let release = Release {
            reservation: reservation.id,
            performance: reservation.performance,
            seats: reservation.seats().collect(),
            buyer: reservation.buyer(),
        };
        self.keyed(reservation.user, Operation::Release(release))
    }

    fn give_back(&self, reservation: &Reservation) -> Cancel {
        Cancel {
            reservation: reservation.id,
            performance: reservation.performance,
            seats: reservation.seats().collect(),
            returned: None,
            user: reservation.user,
            terms: self.sale_of(reservation).terms(),
            payment: PaymentId::new(self.id()),
            transfer: TransferId::new(self.id()),
        }
    }

    pub(crate) fn cancel(&self, reservation: &Reservation) -> Result<Command, Failure> {
        self.keyed(reservation.user, Operation::Cancel(self.give_back(reservation)))
    }

    pub(crate) fn refund(&self, reservation: &Reservation) -> Result<Command, Failure> {
        self.refund_because(reservation, None)
    }

    pub(crate) fn refund_because(&self, reservation: &Reservation, reason: Option<&str>) -> Result<Command, Failure> {
        let reason = reason.map(RefundReason::new).transpose()?;
        let cancel = self.give_back(reservation);
        self.keyed(reservation.user, Operation::Refund(Refund { cancel, reason }))
    }

    pub(crate) fn expire(reservation: &Reservation) -> Command {
        Command::unkeyed(Operation::Expire(Expire { reservation: reservation.id, buyer: reservation.buyer() }))
    }

    pub(crate) fn charge(&self, user: UserId, amount: i64) -> Result<Command, Failure> {
        let amount = Points::new(amount)?;
        let charge = Charge { payment: PaymentId::new(self.id()), user, amount, provider: "sandbox".into() };
        self.keyed(user, Operation::Charge(charge))
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
        Command::unkeyed(Operation::Settle(Settle { payment: payment.id, user: payment.user, settlement, transfer }))
    }

    /// Repeats the command while the store is busy, as its callers do.
    pub(crate) async fn execute(&self, command: Command) -> Answer {
        self.step(command.operation.name());
        let mut answer = self.store().execute(command.clone()).await;
        for _ in 0..PATIENCE {
            let Err(BookingError::Outage(Outage::Busy { retry_after })) = answer else { break };
            tokio::time::sleep(retry_after.min(Duration::from_millis(50))).await;
            answer = self.store().execute(command.clone()).await;
        }
        if let Ok(outcome) = &answer {
            self.answered.lock().unwrap_or_else(PoisonError::into_inner).push(outcome.clone());
        }
        answer
    }

    /// Carries all commands out at the same time, each in a task of its own; the answers are in the commands' order.
    pub(crate) async fn at_once(self: &Arc<Self>, commands: Vec<Command>) -> Result<Vec<Answer>, Failure> {
        let racing = commands.into_iter().map(|command| {
            let context = Arc::clone(self);
            async move { Ok(context.execute(command).await) }
        });
        self.together(racing).await
    }

    /// Does all of it at the same time, each in a task of its own; the answers are in the same order. None goes on
    /// after one has failed.
    pub(crate) async fn together<T: Send + 'static>(
        &self,
        tasks: impl IntoIterator<Item = impl Future<Output = Result<T, Failure>> + Send + 'static>,
    ) -> Result<Vec<T>, Failure> {
        let tasks: Vec<_> = tasks.into_iter().collect();
        let (racers, start) = (self.clock.racers(tasks.len()), Arc::new(Barrier::new(tasks.len())));
        let mut running = JoinSet::new();
        for (index, (task, racer)) in tasks.into_iter().zip(racers).enumerate() {
            let start = Arc::clone(&start);
            running.spawn(async move {
                let _until_it_ends = racer;
                start.wait().await;
                task.await.map(|answer| (index, answer))
            });
        }
        let mut answers = BTreeMap::new();
        while let Some(ended) = running.join_next().await {
            let (index, answer) = ended??;
            answers.insert(index, answer);
        }
        Ok(answers.into_values().collect())
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

/// Drops all ports.
fn close(fixture: Fixture) -> (Durability, Box<dyn Any + Send + Sync>) {
    (fixture.durability, fixture.keep)
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

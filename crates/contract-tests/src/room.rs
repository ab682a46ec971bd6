//! A sale with a waiting room in the context of a case, with what people and ticks do there over and over.

use crate::context::TestContext;
use crate::{Failure, QueueInstance};
use frontrow_application::port::{
    Join, Joined, OperatorAction, QueueFigures, QueueStore, StoreError, TickOrder, TickReport,
};
use frontrow_application::{Outage, PageRequest};
use frontrow_domain::waiting_room::{
    Admitted, CheckIn, CheckInOutcome, Group, Phase, Queue, QueueChange, QueueEntry, QueueNumber, QueueUpdate, Rank,
    Stock, Tick, WaitingRoom,
};
use frontrow_domain::{
    AdmissionPeriod, Bar, Buyer, BuyerKey, Command, Instant, Leave, Operation, Outcome, Pay, Renew, Reservation, Sale,
    SaleId,
};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How often something is repeated that a store is too busy for.
const PATIENCE: u32 = 1000;

pub(crate) struct Room {
    pub(crate) context: Arc<TestContext>,
    instances: [QueueInstance; 2],
    pub(crate) sale: Arc<Sale>,
    pub(crate) settings: WaitingRoom,
    entries: Mutex<BTreeMap<usize, QueueEntry>>,
}

impl Room {
    /// The queue is there, in its lobby; the sale opens now. Ranks are numbers unless a case draws them.
    pub(crate) async fn new(
        context: &Arc<TestContext>,
        change: impl FnOnce(&mut WaitingRoom),
    ) -> Result<Arc<Self>, Failure> {
        let instances = context.queues()?.instances.clone();
        let mut settings = context.gated.waiting_room.clone().ok_or_else(|| Failure::new("the sale has one"))?;
        change(&mut settings);
        let sale = Arc::new(Sale { waiting_room: Some(settings.clone()), ..context.gated.clone() });
        let room = Self { context: Arc::clone(context), instances, sale, settings, entries: Mutex::default() };
        room.store().open_queue(&room.new_queue()).await?;
        Ok(Arc::new(room))
    }

    /// Open, with the first so many people in the queue.
    pub(crate) async fn open(
        context: &Arc<TestContext>,
        people: usize,
        change: impl FnOnce(&mut WaitingRoom),
    ) -> Result<Arc<Self>, Failure> {
        let room = Self::new(context, change).await?;
        for n in 0..people {
            room.join(n, 0).await?;
        }
        room.tick().await?;
        Ok(room)
    }

    /// Lets go of all ports of the store, and opens its data again; nobody else may hold on to it.
    pub(crate) async fn reopen(self: Arc<Self>) -> Result<Arc<Self>, Failure> {
        let room = Arc::try_unwrap(self).map_err(|_| Failure::new("a case holds on to the room that it reopens"))?;
        let Self { context, sale, settings, entries, instances } = room;
        drop(instances);
        let context = context.reopen().await?;
        let instances = context.queues()?.instances.clone();
        Ok(Arc::new(Self { context, instances, sale, settings, entries }))
    }

    /// As it is before anybody has joined.
    pub(crate) fn new_queue(&self) -> Queue {
        Queue::new(&self.sale, &self.settings, [7; 32], self.context.now())
    }

    pub(crate) fn store(&self) -> &Arc<dyn QueueStore> {
        &self.instances[0].store
    }

    /// One of the two instances.
    pub(crate) fn instance(&self, n: usize) -> &QueueInstance {
        &self.instances[n % 2]
    }

    pub(crate) fn key(&self, n: usize) -> BuyerKey {
        BuyerKey { sale: self.sale.id, user: self.context.user(n) }
    }

    pub(crate) async fn join(&self, n: usize, group: u8) -> Result<QueueEntry, Failure> {
        let group = Group::new(group).ok_or_else(|| Failure::new(format!("there is no group {group}")))?;
        Ok(self.ask_for_entry(Join { key: self.key(n), group, worthless: None, proved: None }, n).await?.entry)
    }

    /// Remembers the queue entry, for when that person checks in.
    pub(crate) async fn ask_for_entry(&self, join: Join, n: usize) -> Result<Joined, Failure> {
        self.context.step("a join");
        let joined = patiently(|| self.instance(n).dispenser.join(join)).await?;
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).insert(n, joined.entry);
        Ok(joined)
    }

    pub(crate) fn entry(&self, n: usize) -> Result<QueueEntry, Failure> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.get(&n).copied().ok_or_else(|| Failure::new(format!("person {n} has not joined")))
    }

    pub(crate) fn check_in_of(&self, n: usize) -> Result<CheckIn, Failure> {
        let QueueEntry { group, number } = self.entry(n)?;
        let now = self.context.now();
        let rank = Rank::new(number.get());
        Ok(CheckIn { key: self.key(n), group, number, rank, checked_in_at: now, seen_at: now })
    }

    pub(crate) async fn check_in(&self, check_in: CheckIn, lapsed: bool) -> Result<CheckInOutcome, Failure> {
        self.context.step("a check-in");
        Ok(patiently(|| self.store().check_in(check_in, lapsed)).await?)
    }

    /// That person checks in, or is seen again.
    pub(crate) async fn come(&self, n: usize) -> Result<CheckInOutcome, Failure> {
        self.check_in(self.check_in_of(n)?, false).await
    }

    /// They are not admitted yet, and check in, one after the other.
    pub(crate) async fn all_come(&self, people: impl IntoIterator<Item = usize>) -> Result<(), Failure> {
        for n in people {
            ensure_eq!(self.come(n).await?, CheckInOutcome::Present, "person {n}");
        }
        Ok(())
    }

    /// By group, how many numbers were handed out: no fewer than people have been told.
    async fn issued_to_all(&self) -> Result<Vec<u64>, Failure> {
        let told = |issued: &[u64]| {
            let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
            entries.values().all(|entry| issued.get(entry.group.index()) >= Some(&entry.number.get()))
        };
        self.issued_once(0, self.sale.id, told).await
    }

    /// By group, how many numbers were handed out, once an instance that was a moment behind says what fits.
    pub(crate) async fn issued_once(
        &self,
        instance: usize,
        sale: SaleId,
        fits: impl Fn(&[u64]) -> bool,
    ) -> Result<Vec<u64>, Failure> {
        let mut issued = Vec::new();
        for _ in 0..PATIENCE {
            let groups = self.settings.groups.len();
            issued = patiently(|| self.instance(instance).dispenser.issued(sale, groups)).await?;
            if fits(&issued) {
                return Ok(issued);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Err(Failure::new(format!("it stays at {issued:?} numbers that were handed out")))
    }

    pub(crate) async fn order(&self) -> Result<TickOrder, Failure> {
        let issued = self.issued_to_all().await?;
        Ok(TickOrder {
            sale: Arc::clone(&self.sale),
            session: self.settings.session,
            issued,
            stock: Stock::Unknown,
            turned_away: false,
        })
    }

    /// A tick by whichever instance gets to it first.
    pub(crate) async fn try_tick(&self, instance: usize) -> Result<Option<TickReport>, Failure> {
        let order = self.order().await?;
        self.context.step("a tick");
        Ok(patiently(|| self.instance(instance).store.tick(&order)).await?)
    }

    /// A tick, while nobody else ticks; who was admitted, by ascending rank.
    pub(crate) async fn tick_report(&self) -> Result<TickReport, Failure> {
        for _ in 0..PATIENCE {
            if let Some(report) = self.try_tick(0).await? {
                return Ok(report);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Err(Failure::new("nobody else ticks, and yet there is no tick"))
    }

    /// A tick, while nobody else ticks; who was admitted.
    pub(crate) async fn tick(&self) -> Result<Vec<usize>, Failure> {
        let admitted = self.tick_report().await?.admitted;
        let mut people = Vec::with_capacity(admitted.len());
        for key in admitted {
            let n = (0..self.context.programme.users.len()).find(|n| self.key(*n) == key);
            people.push(n.ok_or_else(|| Failure::new(format!("{key:?} is nobody")))?);
        }
        people.sort_unstable();
        Ok(people)
    }

    /// Lets time pass with ticks, so that there is no outage, and keeps these people checked in while they are not
    /// admitted; who was admitted meanwhile.
    pub(crate) async fn pass(&self, time: Duration, present: &[usize]) -> Result<Vec<usize>, Failure> {
        self.pass_until(self.context.now() + time, present).await
    }

    /// [`Room::pass`] until then.
    pub(crate) async fn pass_until(&self, until: Instant, present: &[usize]) -> Result<Vec<usize>, Failure> {
        let mut admitted = Vec::new();
        while self.context.now() < until {
            self.context.set_now((self.context.now() + Tick::OUTAGE).min(until));
            for n in present {
                self.come(*n).await?;
            }
            admitted.extend(self.tick().await?);
        }
        Ok(admitted)
    }

    pub(crate) async fn buyer(&self, n: usize) -> Result<Option<Buyer>, Failure> {
        // A row that is but a lock says as much as none.
        let buyer = self.store().whereabouts(self.key(n)).await?.buyer;
        Ok(buyer.filter(|buyer| buyer.generation > 0 || buyer.barred || buyer.admission.is_some()))
    }

    pub(crate) async fn admission(&self, n: usize) -> Result<Option<AdmissionPeriod>, Failure> {
        Ok(self.buyer(n).await?.and_then(|buyer| buyer.admission))
    }

    pub(crate) async fn figures(&self) -> Result<QueueFigures, Failure> {
        Ok(self.store().figures(self.sale.id, self.context.now()).await?)
    }

    pub(crate) async fn active(&self) -> Result<u64, Failure> {
        Ok(self.figures().await?.active)
    }

    pub(crate) async fn queue(&self) -> Result<Queue, Failure> {
        let queue = self.store().queue(self.sale.id).await?;
        queue.ok_or_else(|| Failure::new("the queue is not there"))
    }

    /// By an operator.
    pub(crate) async fn change(&self, change: QueueChange) -> Result<Queue, Failure> {
        let update = QueueUpdate::Operator(change);
        let updated = patiently(|| self.store().update_queue(self.sale.id, &update, None)).await?;
        Ok(updated.ok_or_else(|| Failure::new("the queue is not there"))??)
    }

    pub(crate) async fn phase(&self, phase: Phase) -> Result<Queue, Failure> {
        self.change(QueueChange { phase: Some(phase), ..QueueChange::default() }).await
    }

    pub(crate) async fn capacity(&self, capacity: u32) -> Result<Queue, Failure> {
        self.change(QueueChange { capacity: Some(capacity), ..QueueChange::default() }).await
    }

    /// The whole admission log, oldest first, a page at a time.
    pub(crate) async fn log(&self, limit: u32) -> Result<Vec<Admitted>, Failure> {
        let mut rows = Vec::new();
        let mut after = None;
        loop {
            let page = self.store().log(self.sale.id, PageRequest::new(limit, after)?).await?;
            ensure!(page.items.len() <= limit as usize, "{} rows on a page of {limit}", page.items.len());
            rows.extend(page.items);
            after = page.next;
            if after.is_none() {
                return Ok(rows);
            }
        }
    }

    /// What operators have done, the newest first, a page at a time.
    pub(crate) async fn actions(&self, limit: u32) -> Result<Vec<OperatorAction>, Failure> {
        let mut rows = Vec::new();
        let mut after = None;
        loop {
            let page = self.store().actions(self.sale.id, PageRequest::new(limit, after)?).await?;
            ensure!(page.items.len() <= limit as usize, "{} rows on a page of {limit}", page.items.len());
            rows.extend(page.items);
            after = page.next;
            if after.is_none() {
                return Ok(rows);
            }
        }
    }

    pub(crate) fn renew_command(&self, n: usize, entry: Option<QueueEntry>, closing: bool) -> Command {
        Command::unkeyed(Operation::Renew(Renew { buyer: self.key(n), entry, closing }))
    }

    pub(crate) async fn renew(&self, n: usize) -> Result<AdmissionPeriod, Failure> {
        renewed(self.context.execute(self.renew_command(n, None, false)).await?)
    }

    pub(crate) async fn pick_up(&self, n: usize) -> Result<AdmissionPeriod, Failure> {
        renewed(self.context.execute(self.renew_command(n, Some(self.entry(n)?), false)).await?)
    }

    /// Comes, and is admitted by the next tick, and picks it up.
    pub(crate) async fn admit(&self, n: usize) -> Result<AdmissionPeriod, Failure> {
        self.come(n).await?;
        ensure!(self.tick().await?.contains(&n), "person {n} is not admitted");
        self.pick_up(n).await
    }

    pub(crate) fn leave(&self, n: usize) -> Command {
        Command::unkeyed(Operation::Leave(Leave { buyer: self.key(n) }))
    }

    pub(crate) fn bar(&self, n: usize, barred: bool) -> Command {
        Command::unkeyed(Operation::Bar(Bar { buyer: self.key(n), barred }))
    }

    pub(crate) fn hold(&self, n: usize, seats: &[u32]) -> Result<Command, Failure> {
        self.context.hold_in(&self.sale, self.context.user(n), seats)
    }

    pub(crate) async fn held(&self, n: usize, seats: &[u32]) -> Result<Reservation, Failure> {
        crate::context::held(self.context.execute(self.hold(n, seats)?).await)
    }

    /// On the terms of this room.
    pub(crate) fn pay(&self, reservation: &Reservation) -> Result<Command, Failure> {
        let command = self.context.pay(reservation)?;
        let Operation::Pay(pay) = command.operation else { return Err(Failure::new("it is a payment")) };
        Ok(Command { operation: Operation::Pay(Pay { terms: self.sale.terms(), ..pay }), ..command })
    }

    /// Has the points, and pays.
    pub(crate) async fn paid(&self, reservation: &Reservation) -> Result<Command, Failure> {
        self.context.fund(reservation.user, reservation.amount.amount().max(1)).await?;
        let command = self.pay(reservation)?;
        let paid = self.context.execute(command.clone()).await?;
        ensure!(matches!(paid, Outcome::Paid { .. }), "{paid:?}");
        Ok(command)
    }
}

/// A number that is not 0.
pub(crate) fn number(number: u64) -> Result<QueueNumber, Failure> {
    QueueNumber::new(number).ok_or_else(|| Failure::new("there is no number 0"))
}

/// In the first group.
pub(crate) fn entry(n: u64) -> Result<QueueEntry, Failure> {
    Ok(QueueEntry { group: Group::FIRST, number: number(n)? })
}

fn renewed(outcome: Outcome) -> Result<AdmissionPeriod, Failure> {
    match outcome {
        Outcome::Renewed(Buyer { admission: Some(admission), .. }) => Ok(admission),
        other => Err(Failure::new(format!("not renewed: {other:?}"))),
    }
}

/// Repeats what a store is too busy for, as its callers do.
pub(crate) async fn patiently<T, F: Future<Output = Result<T, StoreError>>>(
    ask: impl Fn() -> F,
) -> Result<T, StoreError> {
    let mut answer = ask().await;
    for _ in 0..PATIENCE {
        let Err(StoreError::Outage(Outage::Busy { retry_after })) = answer else { break };
        tokio::time::sleep(retry_after.min(Duration::from_millis(20))).await;
        answer = ask().await;
    }
    answer
}

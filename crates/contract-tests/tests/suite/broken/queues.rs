//! Waiting rooms with the faults that waiting rooms have.

mod seen;

use crate::memory::InMemory;
use async_trait::async_trait;
use frontrow_application::port::{
    BookingError, BookingStore, BuyerPresence, Join, Joined, Lease, NumberDispenser, NumberLeases, OperatorAction,
    QueueFigures, QueueStore, StoreError, TickOrder, TickReport,
};
use frontrow_application::{Page, PageRequest};
use frontrow_contract_tests::{Failure, Fixture, LoseNumbers, Programme, QueuePorts, SuitePorts, World};
use frontrow_domain::waiting_room::{
    Admitted, CheckIn, CheckInOutcome, Group, NotNow, Queue, QueueChange, QueueEntry, QueueNumber, QueueUpdate, Rank,
};
use frontrow_domain::{Buyer, BuyerKey, Command, Instant, Operation, Outcome, SaleId, UserId};
use std::collections::BTreeMap;
use std::future::ready;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// Each tick admits one more than there is room for, and says that it did not.
    AdmitsOneTooMany,
    /// Ticks look at how many are admitted, and admit later: two at once do it twice.
    LooksAndAdmitsLater,
    /// Joins read the last number, and write the next one later: two at once get the same.
    ReadsAndJoinsLater,
    /// Leases are read, and written later: two at once get the same numbers.
    ReadsAndLeasesLater,
    /// Whoever came first comes first, whatever their rank.
    FirstComeFirstServed,
    /// The last come first.
    LastFirst,
    /// Whoever was once checked in is there for ever.
    ForgetsNobody,
    /// Somebody whose call has lapsed may come all the same.
    NeverLapses,
    /// Leaving and paying keep the admission until it ends.
    KeepsAdmissions,
    /// Nobody looks whether those who hold are admitted.
    LetsAnybodyHold,
    /// Somebody who joins again has the next number.
    JoinsAgain,
    /// Two dispensers that know nothing of each other.
    TwoDispensers,
    /// After a loss the dispenser begins at 1, and looks at no token.
    StartsOver,
    /// A queue entry that is worth nothing stays theirs.
    KeepsWorthless,
    /// Whoever has lost what they knew begins an epoch, whether somebody else has or not.
    BeginsTwice,
    /// Leases the same numbers in every epoch.
    LeasesAgain,
    /// Does as operators say, and writes nothing down.
    NotesNothing,
    /// Changes of queues are read, changed and written, without a lock.
    LosesChanges,
}

/// A world in memory with something wrong with it.
struct Faulty(Fault);

struct Waiting {
    fault: Fault,
    inner: Arc<dyn QueueStore>,
    numbers: Arc<dyn NumberDispenser>,
    other_numbers: Arc<dyn NumberDispenser>,
    leases: Arc<dyn NumberLeases>,
    /// Who came, in their order.
    came: Mutex<Vec<BuyerKey>>,
    joins: Mutex<u64>,
    /// Whether the dispenser has lost what it knew.
    lost: AtomicBool,
    suite: SuitePorts,
    /// Admits for one tick after another.
    admitting: tokio::sync::Mutex<()>,
    /// Entries that were given without a lock.
    entries: Mutex<BTreeMap<BuyerKey, QueueEntry>>,
    /// The ceiling that was leased without a lock.
    ceiling: Mutex<u64>,
}

#[async_trait]
impl World for Faulty {
    async fn fresh(&self, programme: &Programme, suite: &SuitePorts) -> Result<Fixture, Failure> {
        let (mut fixture, other) = (InMemory.fresh(programme, suite).await?, InMemory.fresh(programme, suite).await?);
        let (Some(queues), Some(other)) = (fixture.queues.take(), other.queues) else { return Ok(fixture) };
        let [instance, _] = queues.instances;
        let [elsewhere, _] = other.instances;
        let leases = queues.leases.ok_or_else(|| Failure::new("memory leases numbers"))?;
        let waiting = Arc::new(Waiting {
            fault: self.0,
            inner: instance.store,
            numbers: instance.dispenser,
            other_numbers: elsewhere.dispenser,
            leases,
            came: Mutex::default(),
            joins: Mutex::default(),
            lost: AtomicBool::new(false),
            suite: suite.clone(),
            admitting: tokio::sync::Mutex::default(),
            entries: Mutex::default(),
            ceiling: Mutex::default(),
        });
        let loses = Arc::clone(&waiting);
        let lose_numbers: LoseNumbers = Box::new(move || {
            loses.lost.store(true, Ordering::SeqCst);
            Box::pin(ready(Ok(())))
        });
        let instance = frontrow_contract_tests::QueueInstance { store: waiting.clone(), dispenser: waiting.clone() };
        let instances = [instance.clone(), instance];
        let lose_numbers = Some(lose_numbers);
        fixture.queues = Some(QueuePorts { instances, leases: Some(waiting), lose_numbers });
        fixture.booking.store = Arc::new(Booking(self.0, fixture.booking.store));
        Ok(fixture)
    }
}

#[async_trait]
impl QueueStore for Waiting {
    async fn open_queue(&self, queue: &Queue) -> Result<(), StoreError> {
        self.inner.open_queue(queue).await
    }

    async fn queues(&self) -> Result<Vec<Queue>, StoreError> {
        self.inner.queues().await
    }

    async fn over_queues(&self) -> Result<Vec<Queue>, StoreError> {
        self.inner.over_queues().await
    }

    async fn forget_queue(&self, sale: SaleId, now: Instant) -> Result<bool, StoreError> {
        self.inner.forget_queue(sale, now).await
    }

    async fn queue(&self, sale: SaleId) -> Result<Option<Queue>, StoreError> {
        self.inner.queue(sale).await
    }

    async fn update_queue(
        &self,
        sale: SaleId,
        update: &QueueUpdate,
        action: Option<OperatorAction>,
    ) -> Result<Option<Result<Queue, NotNow>>, StoreError> {
        if self.fault == Fault::LosesChanges && matches!(update, QueueUpdate::Operator(_)) {
            // Says what it would have done.
            return Ok(self.inner.queue(sale).await?.map(|queue| queue.update(update)));
        }
        self.inner.update_queue(sale, update, action.filter(|_| self.fault != Fault::NotesNothing)).await
    }

    async fn note(&self, action: &OperatorAction) -> Result<(), StoreError> {
        if self.fault == Fault::NotesNothing { Ok(()) } else { self.inner.note(action).await }
    }

    async fn actions(&self, sale: SaleId, page: PageRequest<Uuid>) -> Result<Page<OperatorAction, Uuid>, StoreError> {
        self.inner.actions(sale, page).await
    }

    async fn tick(&self, order: &TickOrder) -> Result<Option<TickReport>, StoreError> {
        match self.fault {
            Fault::AdmitsOneTooMany => self.with_more_room(order, 1).await,
            Fault::LooksAndAdmitsLater => {
                let Some(queue) = self.inner.queue(order.sale.id).await? else { return Ok(None) };
                let active = self.inner.figures(order.sale.id, queue.last_tick).await?.active;
                let room = u64::from(queue.capacity).saturating_sub(active);
                // As every store asks before it plans.
                self.suite.clock.now();
                let _one_after_the_other = self.admitting.lock().await;
                let now_active = self.inner.figures(order.sale.id, queue.last_tick).await?.active;
                // So many as there was room for when it looked.
                let more = (now_active + room).saturating_sub(u64::from(queue.capacity));
                self.with_more_room(order, u32::try_from(more).unwrap_or(0)).await
            }
            _ => self.inner.tick(order).await,
        }
    }

    async fn check_in(&self, check_in: CheckIn, lapsed: bool) -> Result<CheckInOutcome, StoreError> {
        let rank = check_in.rank.get();
        let check_in = match self.fault {
            Fault::FirstComeFirstServed => CheckIn { rank: Rank::new(self.came_as(check_in.key)), ..check_in },
            Fault::LastFirst => CheckIn { rank: Rank::new(1_000_000 - rank), ..check_in },
            Fault::ForgetsNobody => {
                let ever = Instant::from_micros(i64::MAX / 2);
                self.inner.check_in(check_in, lapsed).await?;
                return self.inner.check_in(CheckIn { seen_at: ever, ..check_in }, lapsed).await;
            }
            _ => check_in,
        };
        self.inner.check_in(check_in, lapsed && self.fault != Fault::NeverLapses).await
    }

    async fn whereabouts(&self, key: BuyerKey) -> Result<BuyerPresence, StoreError> {
        self.inner.whereabouts(key).await
    }

    async fn admitted(&self, keys: &[BuyerKey]) -> Result<Vec<Buyer>, StoreError> {
        self.inner.admitted(keys).await
    }

    async fn log(
        &self,
        sale: SaleId,
        page: PageRequest<(i64, u8, u64)>,
    ) -> Result<Page<Admitted, (i64, u8, u64)>, StoreError> {
        self.inner.log(sale, page).await
    }

    async fn figures(&self, sale: SaleId, now: Instant) -> Result<QueueFigures, StoreError> {
        self.inner.figures(sale, now).await
    }
}

impl Waiting {
    async fn with_more_room(&self, order: &TickOrder, more: u32) -> Result<Option<TickReport>, StoreError> {
        let sale = order.sale.id;
        let Some(queue) = self.inner.queue(sale).await? else { return Ok(None) };
        let capacity =
            |capacity| QueueUpdate::Operator(QueueChange { capacity: Some(capacity), ..QueueChange::default() });
        self.inner.update_queue(sale, &capacity(queue.capacity + more), None).await?;
        let ticked = self.inner.tick(order).await;
        self.inner.update_queue(sale, &capacity(queue.capacity), None).await?;
        ticked
    }

    /// Those of another world, once they are lost.
    fn known_numbers(&self) -> &dyn NumberDispenser {
        if self.lost.load(Ordering::SeqCst) { &*self.other_numbers } else { &*self.numbers }
    }

    /// The last number is read, and the next one written when others have had their turn, as with a database between.
    async fn join_later(&self, join: Join) -> Joined {
        let entries = || self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries().get(&join.key).filter(|entry| Some(**entry) != join.worthless) {
            return Joined { entry: *entry, is_new: false };
        }
        let last = entries().values().map(|entry| entry.number.get()).max().unwrap_or(0);
        tokio::task::yield_now().await;
        let number = QueueNumber::new(last + 1).unwrap_or_else(|| unreachable!("it is above 0"));
        let entry = QueueEntry { group: join.group, number };
        entries().insert(join.key, entry);
        Joined { entry, is_new: true }
    }

    fn came_as(&self, key: BuyerKey) -> u64 {
        let came = &mut *self.came.lock().unwrap_or_else(PoisonError::into_inner);
        let known = came.iter().position(|known| *known == key);
        let index = known.unwrap_or(came.len());
        if known.is_none() {
            came.push(key);
        }
        index as u64 + 1
    }
}

#[async_trait]
impl NumberDispenser for Waiting {
    async fn join(&self, join: Join) -> Result<Joined, StoreError> {
        let count = {
            let joins = &mut *self.joins.lock().unwrap_or_else(PoisonError::into_inner);
            *joins += 1;
            *joins
        };
        match self.fault {
            Fault::JoinsAgain => {
                let worthless = self.numbers.join(join).await?;
                if worthless.is_new {
                    return Ok(worthless);
                }
                self.numbers.join(Join { worthless: Some(worthless.entry), ..join }).await
            }
            Fault::TwoDispensers if count % 2 == 0 => self.other_numbers.join(join).await,
            Fault::ReadsAndJoinsLater => Ok(self.join_later(join).await),
            Fault::KeepsWorthless => self.numbers.join(Join { worthless: None, ..join }).await,
            _ => self.known_numbers().join(join).await,
        }
    }

    async fn issued(&self, sale: SaleId, groups: usize) -> Result<Vec<u64>, StoreError> {
        self.known_numbers().issued(sale, groups).await
    }

    async fn entries(
        &self,
        sale: SaleId,
        group: Group,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(QueueNumber, UserId)>, StoreError> {
        self.known_numbers().entries(sale, group, after, limit).await
    }

    async fn forget(&self, sale: SaleId) -> Result<(), StoreError> {
        self.numbers.forget(sale).await
    }
}

#[async_trait]
impl NumberLeases for Waiting {
    async fn lease(&self, sale: SaleId) -> Result<Option<Lease>, StoreError> {
        let mut lease = self.leases.lease(sale).await?;
        if self.fault == Fault::ReadsAndLeasesLater
            && let Some(ceiling) = lease.as_mut().and_then(|lease| lease.ceiling.first_mut())
        {
            *ceiling = (*self.ceiling.lock().unwrap_or_else(PoisonError::into_inner)).max(*ceiling);
        }
        Ok(lease)
    }

    async fn extend(
        &self,
        sale: SaleId,
        epoch: u32,
        group: Group,
        above: u64,
        block: u64,
    ) -> Result<Option<u64>, StoreError> {
        if self.fault != Fault::ReadsAndLeasesLater {
            return self.leases.extend(sale, epoch, group, above, block).await;
        }
        if self.leases.lease(sale).await?.is_none_or(|lease| lease.epoch != epoch) {
            return Ok(None);
        }
        let read = *self.ceiling.lock().unwrap_or_else(PoisonError::into_inner);
        tokio::task::yield_now().await;
        let ceiling = read.max(above + block);
        *self.ceiling.lock().unwrap_or_else(PoisonError::into_inner) = ceiling;
        Ok(Some(ceiling))
    }

    async fn next_epoch(&self, sale: SaleId, lost: u32, block: u64) -> Result<Option<Lease>, StoreError> {
        match self.fault {
            Fault::ReadsAndLeasesLater => {
                let current = self.leases.lease(sale).await?.map(|lease| lease.epoch);
                tokio::task::yield_now().await;
                if current != Some(lost) {
                    return Ok(None);
                }
                let now = self.leases.lease(sale).await?.map_or(lost, |lease| lease.epoch);
                let ceiling = || self.ceiling.lock().unwrap_or_else(PoisonError::into_inner);
                let leased = *ceiling();
                self.leases.extend(sale, now, Group::FIRST, leased, 0).await?;
                let next = self.leases.next_epoch(sale, now, block).await?;
                *ceiling() = next.as_ref().and_then(|next| next.ceiling.first().copied()).unwrap_or(leased);
                Ok(next)
            }
            Fault::BeginsTwice => {
                let current = self.leases.lease(sale).await?.map_or(lost, |lease| lease.epoch);
                self.leases.next_epoch(sale, current, block).await
            }
            Fault::LeasesAgain => {
                let next = self.leases.next_epoch(sale, lost, block).await?;
                Ok(next.map(|next| Lease { above: vec![0; next.above.len()], ..next }))
            }
            _ => self.leases.next_epoch(sale, lost, block).await,
        }
    }
}

/// What is wrong with commands.
struct Booking(Fault, Arc<dyn BookingStore>);

#[async_trait]
impl BookingStore for Booking {
    async fn execute(&self, command: Command) -> Result<Outcome, BookingError> {
        let mut command = command;
        match (self.0, &mut command.operation) {
            (Fault::KeepsAdmissions, Operation::Leave(leave)) => return Ok(Outcome::Left(leave.buyer)),
            (Fault::KeepsAdmissions, Operation::Pay(pay)) => pay.terms.admission = None,
            (Fault::LetsAnybodyHold, Operation::Hold(hold)) => hold.terms.admission = None,
            _ => {}
        }
        self.1.execute(command).await
    }
}

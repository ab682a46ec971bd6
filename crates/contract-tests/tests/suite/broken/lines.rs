//! Waiting rooms with the faults that waiting rooms have.

mod seen;

use crate::memory::InMemory;
use async_trait::async_trait;
use frontrow_application::port::{
    BookingError, BookingStore, Join, Joined, Lease, LineFigures, LineStore, NumberDispenser, NumberLeases,
    OperatorAction, StoreError, TickOrder, TickReport, Whereabouts,
};
use frontrow_application::{Page, PageRequest};
use frontrow_contract_tests::{Failure, Fixture, LinePorts, LoseNumbers, Programme, SuitePorts, World};
use frontrow_domain::waiting_room::{
    Admitted, Claim, Claimed, Group, Line, LineChange, LineUpdate, NotNow, Place, QueueNumber, Rank,
};
use frontrow_domain::{Buyer, BuyerKey, Command, Instant, Outcome, SaleId, UserId, What};
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
    /// Who was once at the door is there for ever.
    ForgetsNobody,
    /// Whose call has lapsed may come all the same.
    NeverLapses,
    /// Leaving and paying keep the slot until it ends.
    KeepsSlots,
    /// Nobody looks whether those who hold are admitted.
    LetsAnybodyHold,
    /// Somebody who joins again has the next number.
    JoinsAgain,
    /// Two dispensers that know nothing of each other.
    TwoDispensers,
    /// After a loss the dispenser begins at 1, and looks at no token.
    StartsOver,
    /// A place that is worth nothing stays theirs.
    KeepsWorthless,
    /// Whoever has lost what they knew begins an epoch, whether somebody else has or not.
    BeginsTwice,
    /// Leases the same numbers in every epoch.
    LeasesAgain,
    /// Does as operators say, and writes nothing down.
    NotesNothing,
    /// Changes of lines are read, changed and written, without a lock.
    LosesChanges,
}

/// A world in memory with something wrong with it.
struct Faulty(Fault);

struct Waiting {
    fault: Fault,
    inner: Arc<dyn LineStore>,
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
    /// Places that were given without a lock.
    places: Mutex<BTreeMap<BuyerKey, Place>>,
    /// The ceiling that was leased without a lock.
    ceiling: Mutex<u64>,
}

#[async_trait]
impl World for Faulty {
    async fn fresh(&self, programme: &Programme, suite: &SuitePorts) -> Result<Fixture, Failure> {
        let (mut fixture, other) = (InMemory.fresh(programme, suite).await?, InMemory.fresh(programme, suite).await?);
        let (Some(lines), Some(other)) = (fixture.lines.take(), other.lines) else { return Ok(fixture) };
        let [instance, _] = lines.instances;
        let [elsewhere, _] = other.instances;
        let leases = lines.leases.ok_or_else(|| Failure::new("memory leases numbers"))?;
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
            places: Mutex::default(),
            ceiling: Mutex::default(),
        });
        let loses = Arc::clone(&waiting);
        let lose_numbers: LoseNumbers = Box::new(move || {
            loses.lost.store(true, Ordering::SeqCst);
            Box::pin(ready(Ok(())))
        });
        let instance = frontrow_contract_tests::LineInstance { store: waiting.clone(), dispenser: waiting.clone() };
        let instances = [instance.clone(), instance];
        let lose_numbers = Some(lose_numbers);
        fixture.lines = Some(LinePorts { instances, leases: Some(waiting), lose_numbers });
        fixture.booking.store = Arc::new(Booking(self.0, fixture.booking.store));
        Ok(fixture)
    }
}

#[async_trait]
impl LineStore for Waiting {
    async fn open_line(&self, line: &Line) -> Result<(), StoreError> {
        self.inner.open_line(line).await
    }

    async fn lines(&self) -> Result<Vec<Line>, StoreError> {
        self.inner.lines().await
    }

    async fn line(&self, sale: SaleId) -> Result<Option<Line>, StoreError> {
        self.inner.line(sale).await
    }

    async fn update_line(
        &self,
        sale: SaleId,
        update: &LineUpdate,
        action: Option<OperatorAction>,
    ) -> Result<Option<Result<Line, NotNow>>, StoreError> {
        if self.fault == Fault::LosesChanges && matches!(update, LineUpdate::Operator(_)) {
            // Says what it would have done.
            return Ok(self.inner.line(sale).await?.map(|line| line.update(update)));
        }
        self.inner.update_line(sale, update, action.filter(|_| self.fault != Fault::NotesNothing)).await
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
                let Some(line) = self.inner.line(order.sale.id).await? else { return Ok(None) };
                let active = self.inner.figures(order.sale.id, line.last_tick).await?.active;
                let room = u64::from(line.capacity).saturating_sub(active);
                // As every store asks before it plans.
                self.suite.clock.now();
                let _one_after_the_other = self.admitting.lock().await;
                let now_active = self.inner.figures(order.sale.id, line.last_tick).await?.active;
                // So many as there was room for when it looked.
                let more = (now_active + room).saturating_sub(u64::from(line.capacity));
                self.with_more_room(order, u32::try_from(more).unwrap_or(0)).await
            }
            _ => self.inner.tick(order).await,
        }
    }

    async fn claim(&self, claim: Claim, lapsed: bool) -> Result<Claimed, StoreError> {
        let rank = claim.rank.get();
        let claim = match self.fault {
            Fault::FirstComeFirstServed => Claim { rank: Rank::new(self.came_as(claim.key)), ..claim },
            Fault::LastFirst => Claim { rank: Rank::new(1_000_000 - rank), ..claim },
            Fault::ForgetsNobody => {
                let ever = Instant::from_micros(i64::MAX / 2);
                self.inner.claim(claim, lapsed).await?;
                return self.inner.claim(Claim { seen_at: ever, ..claim }, lapsed).await;
            }
            _ => claim,
        };
        self.inner.claim(claim, lapsed && self.fault != Fault::NeverLapses).await
    }

    async fn whereabouts(&self, key: BuyerKey) -> Result<Whereabouts, StoreError> {
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

    async fn figures(&self, sale: SaleId, now: Instant) -> Result<LineFigures, StoreError> {
        self.inner.figures(sale, now).await
    }
}

impl Waiting {
    async fn with_more_room(&self, order: &TickOrder, more: u32) -> Result<Option<TickReport>, StoreError> {
        let sale = order.sale.id;
        let Some(line) = self.inner.line(sale).await? else { return Ok(None) };
        let capacity =
            |capacity| LineUpdate::Operator(LineChange { capacity: Some(capacity), ..LineChange::default() });
        self.inner.update_line(sale, &capacity(line.capacity + more), None).await?;
        let ticked = self.inner.tick(order).await;
        self.inner.update_line(sale, &capacity(line.capacity), None).await?;
        ticked
    }

    /// Those of another world, once they are lost.
    fn known_numbers(&self) -> &dyn NumberDispenser {
        if self.lost.load(Ordering::SeqCst) { &*self.other_numbers } else { &*self.numbers }
    }

    /// The last number is read, and the next one written when others have had their turn, as with a database between.
    async fn join_later(&self, join: Join) -> Joined {
        let places = || self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = places().get(&join.key).filter(|place| Some(**place) != join.worthless) {
            return Joined { place: *place, is_new: false };
        }
        let last = places().values().map(|place| place.number.get()).max().unwrap_or(0);
        tokio::task::yield_now().await;
        let number = QueueNumber::new(last + 1).unwrap_or_else(|| unreachable!("it is above 0"));
        let place = Place { group: join.group, number };
        places().insert(join.key, place);
        Joined { place, is_new: true }
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
                self.numbers.join(Join { worthless: Some(worthless.place), ..join }).await
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

    async fn places(
        &self,
        sale: SaleId,
        group: Group,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(QueueNumber, UserId)>, StoreError> {
        self.known_numbers().places(sale, group, after, limit).await
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
        match (self.0, &mut command.what) {
            (Fault::KeepsSlots, What::Leave(key)) => return Ok(Outcome::Left(*key)),
            (Fault::KeepsSlots, What::Pay(pay)) => pay.terms.admission = None,
            (Fault::LetsAnybodyHold, What::Hold(hold)) => hold.terms.admission = None,
            _ => {}
        }
        self.1.execute(command).await
    }
}

//! Waiting rooms with the faults that waiting rooms have.

use crate::memory::InMemory;
use async_trait::async_trait;
use frontrow_application::port::{
    BookingError, BookingStore, Join, Joined, Lease, LineFigures, LineStore, NumberDispenser, NumberLeases,
    OperatorAction, StoreError, TickOrder, TickReport, Whereabouts,
};
use frontrow_application::{Page, PageRequest};
use frontrow_contract_tests::{Failure, Fixture, LinePorts, LoseNumbers, Programme, World, run_some};
use frontrow_domain::waiting_room::{
    Admitted, Claim, Claimed, Group, Line, LineChange, LineUpdate, NotNow, QueueNumber, Rank,
};
use frontrow_domain::{Buyer, BuyerKey, Command, Instant, Outcome, SaleId, UserId, What};
use std::collections::BTreeSet;
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
}

#[async_trait]
impl World for Faulty {
    async fn fresh(&self, programme: &Programme) -> Result<Fixture, Failure> {
        let (mut fixture, other) = (InMemory.fresh(programme).await?, InMemory.fresh(programme).await?);
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
                tokio::task::yield_now().await;
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
        self.leases.lease(sale).await
    }

    async fn extend(
        &self,
        sale: SaleId,
        epoch: u32,
        group: Group,
        above: u64,
        block: u64,
    ) -> Result<Option<u64>, StoreError> {
        self.leases.extend(sale, epoch, group, above, block).await
    }

    async fn next_epoch(&self, sale: SaleId, lost: u32, block: u64) -> Result<Option<Lease>, StoreError> {
        match self.fault {
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

/// Each of the cases fails.
async fn seen_by(fault: Fault, cases: &[&'static str]) -> Result<(), Failure> {
    let report = run_some(Arc::new(Faulty(fault)), |name| cases.contains(&name)).await;
    let failed: BTreeSet<&str> = report.failed.iter().map(|(name, _)| *name).collect();
    match cases.iter().find(|case| !failed.contains(**case)) {
        None => Ok(()),
        Some(case) => Err(Failure::new(format!("{case} does not see through {fault:?}: {report:?}"))),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_admits_too_many() -> Result<(), Failure> {
    let cases = [
        "no_tick_admits_more_than_there_is_room_for",
        "a_smaller_capacity_admits_nobody_until_enough_have_gone",
        "two_tickers_at_once_never_exceed_the_capacity",
        "nothing_is_lost_while_people_book_and_lines_tick",
    ];
    seen_by(Fault::AdmitsOneTooMany, &cases).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_looks_first_and_admits_later() -> Result<(), Failure> {
    seen_by(Fault::LooksAndAdmitsLater, &["two_tickers_at_once_never_exceed_the_capacity"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_with_an_order_of_its_own() -> Result<(), Failure> {
    let cases = ["a_tick_admits_the_lowest_ranks_at_the_door", "who_comes_late_comes_with_their_own_rank"];
    seen_by(Fault::FirstComeFirstServed, &cases).await?;
    seen_by(Fault::LastFirst, &cases).await?;
    seen_by(Fault::LastFirst, &["two_tickers_at_once_never_exceed_the_capacity", "groups_take_turns_by_weight"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_does_not_see_who_is_there() -> Result<(), Failure> {
    seen_by(Fault::ForgetsNobody, &["who_is_absent_is_passed_over_and_keeps_the_place"]).await?;
    seen_by(Fault::NeverLapses, &["whose_call_has_lapsed_must_have_come_before"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispenser_that_starts_over_after_a_loss() -> Result<(), Failure> {
    let cases = [
        "who_has_a_token_keeps_the_place_when_all_numbers_are_lost",
        "numbers_after_a_loss_are_new_whoever_notices_it",
    ];
    seen_by(Fault::StartsOver, &cases).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_does_not_free_slots() -> Result<(), Failure> {
    let cases =
        ["leaving_frees_the_slot_once", "paying_frees_the_slot_in_the_same_command", "who_may_buy_more_keeps_the_slot"];
    seen_by(Fault::KeepsSlots, &cases).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_lets_anybody_hold() -> Result<(), Failure> {
    seen_by(Fault::LetsAnybodyHold, &["a_hold_needs_an_admission"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispenser_that_gives_places_as_it_likes() -> Result<(), Failure> {
    let cases = ["joining_twice_gives_the_same_place", "joins_at_once_get_numbers_one_after_the_other"];
    seen_by(Fault::JoinsAgain, &cases).await?;
    seen_by(Fault::TwoDispensers, &cases).await?;
    seen_by(Fault::KeepsWorthless, &["a_worthless_place_is_replaced_at_the_end"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_that_overlap() -> Result<(), Failure> {
    let once = "the_next_epoch_begins_once_and_above_all_that_was_leased";
    seen_by(Fault::BeginsTwice, &[once]).await?;
    seen_by(Fault::LeasesAgain, &[once, "leases_never_overlap"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_does_not_do_as_operators_say() -> Result<(), Failure> {
    seen_by(Fault::NotesNothing, &["what_operators_do_is_noted_with_it"]).await?;
    let cases = ["an_operator_changes_what_they_name", "no_change_of_a_line_is_lost_between_its_ticks"];
    seen_by(Fault::LosesChanges, &cases).await
}

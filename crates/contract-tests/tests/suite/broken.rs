//! Stores with the faults that stores have: the suite has to name them.

mod queues;
mod sales;
mod small_store;

use crate::memory::InMemory;
use async_trait::async_trait;
use frontrow_adapters::SeededIds;
use frontrow_application::Outage;
use frontrow_application::port::{BookingError, BookingStore, IdSource};
use frontrow_contract_tests::{Failure, Fixture, Programme, SuitePorts, World, run_some, same_outcomes};
use frontrow_domain::{Command, CommandKey, Hold, Operation, Outcome, Refund, Rejection, ReservationId};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Mutex;

type Answer = Result<Outcome, BookingError>;
type Inner = Arc<dyn BookingStore>;

/// A world in memory with something between it and those who use it.
struct Spoilt<F>(F);

#[async_trait]
impl<S: BookingStore + 'static, F: Fn(Inner, Inner) -> S + Send + Sync> World for Spoilt<F> {
    async fn fresh(&self, programme: &Programme, suite: &SuitePorts) -> Result<Fixture, Failure> {
        let other = InMemory.fresh(programme, suite).await?;
        let mut fixture = InMemory.fresh(programme, suite).await?;
        fixture.booking.store = Arc::new((self.0)(fixture.booking.store, other.booking.store));
        Ok(fixture)
    }
}

/// The case fails on the store that `spoil` makes of a good one (and of another one beside it).
async fn sees_through<S: BookingStore + 'static>(
    case: &str,
    spoil: impl Fn(Inner, Inner) -> S + Send + Sync + 'static,
) -> Result<(), Failure> {
    let report = run_some(Arc::new(Spoilt(spoil)), |name| name == case).await;
    match &report.failed[..] {
        [(failed, _)] if *failed == case => Ok(()),
        _ => Err(Failure::new(format!("{case} does not see through it: {report:?}"))),
    }
}

/// Two instances that know nothing of each other.
struct TwoInstances(Inner, Inner);

#[async_trait]
impl BookingStore for TwoInstances {
    async fn execute(&self, command: Command) -> Answer {
        let odd = command.key.as_ref().is_some_and(|key| key.user().uuid().as_u128() % 2 == 1);
        if odd { self.1.execute(command).await } else { self.0.execute(command).await }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_that_know_nothing_of_each_other() -> Result<(), Failure> {
    sees_through("one_seat_has_one_winner", TwoInstances).await?;
    sees_through("overlapping_holds_get_all_or_nothing", TwoInstances).await
}

/// Carries every request out, whether it came before or not.
struct WithoutKeys(Inner);

#[async_trait]
impl BookingStore for WithoutKeys {
    async fn execute(&self, command: Command) -> Answer {
        self.0.execute(Command { key: None, ..command }).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_keys() -> Result<(), Failure> {
    sees_through("the_same_key_at_once_is_carried_out_once", |inner, _| WithoutKeys(inner)).await?;
    sees_through("a_key_with_another_body_is_refused", |inner, _| WithoutKeys(inner)).await?;
    sees_through("a_repetition_is_told_what_happened_then", |inner, _| WithoutKeys(inner)).await
}

/// Notes what was done in a transaction of its own, after the fact.
struct NotesLater(Inner, Mutex<BTreeMap<CommandKey, Outcome>>);

#[async_trait]
impl BookingStore for NotesLater {
    async fn execute(&self, command: Command) -> Answer {
        let Some(key) = command.key.clone() else { return self.0.execute(command).await };
        if let Some(outcome) = self.1.lock().await.get(&key) {
            return Ok(outcome.clone());
        }
        let outcome = self.0.execute(Command { key: None, ..command }).await?;
        tokio::task::yield_now().await;
        self.1.lock().await.insert(key, outcome.clone());
        Ok(outcome)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_notes_later_what_it_did() -> Result<(), Failure> {
    let notes_later = |inner, _| NotesLater(inner, Mutex::default());
    sees_through("a_caller_who_goes_away_leaves_nothing_half_done", notes_later).await?;
    sees_through("the_same_key_at_once_is_carried_out_once", notes_later).await
}

/// Gives what is left of a wish.
struct GivesWhatIsLeft(Inner, SeededIds);

#[async_trait]
impl BookingStore for GivesWhatIsLeft {
    async fn execute(&self, command: Command) -> Answer {
        let answer = self.0.execute(command.clone()).await;
        let (Err(BookingError::Rejected(Rejection::SeatsTaken { seats: taken, .. })), Operation::Hold(hold)) =
            (&answer, &command.operation)
        else {
            return answer;
        };
        let line_items = hold.line_items.iter().filter(|item| !taken.contains(&item.seat)).cloned().collect();
        let left = Hold { reservation: ReservationId::new(self.1.id()), line_items, ..hold.clone() };
        drop(self.0.execute(Command { key: None, operation: Operation::Hold(left), ..command }).await);
        answer
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_gives_what_is_left_of_a_wish() -> Result<(), Failure> {
    let gives = |inner, _| GivesWhatIsLeft(inner, SeededIds::default());
    sees_through("a_rejection_leaves_nothing_behind", gives).await?;
    sees_through("overlapping_holds_get_all_or_nothing", gives).await
}

/// Lets everybody have as much as they like.
struct CountsNobody(Inner);

#[async_trait]
impl BookingStore for CountsNobody {
    async fn execute(&self, command: Command) -> Answer {
        let mut command = command;
        if let Operation::Hold(hold) = &mut command.operation {
            hold.terms.limit_per_person = 50;
        }
        self.0.execute(command).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_counts_nobody() -> Result<(), Failure> {
    sees_through("the_limit_per_person_holds_under_parallel_holds", |inner, _| CountsNobody(inner)).await?;
    sees_through("a_late_payment_keeps_to_the_limit", |inner, _| CountsNobody(inner)).await?;
    let law = same_outcomes(&Spoilt(|inner, _| CountsNobody(inner)), &InMemory, 1, 400).await;
    assert!(law.is_err_and(|failure| failure.to_string().starts_with("seed 1, step ")));
    Ok(())
}

/// Gives the whole reservation back, whatever was to be given back of it.
struct GivesAllBack(Inner);

#[async_trait]
impl BookingStore for GivesAllBack {
    async fn execute(&self, command: Command) -> Answer {
        let mut command = command;
        if let Operation::Cancel(cancel) | Operation::Refund(Refund { cancel, .. }) = &mut command.operation {
            cancel.returned = None;
        }
        self.0.execute(command).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_gives_all_seats_back_instead_of_some() -> Result<(), Failure> {
    sees_through("some_seats_are_given_back_and_the_others_kept", |inner, _| GivesAllBack(inner)).await?;
    sees_through("a_seat_is_returned_once", |inner, _| GivesAllBack(inner)).await
}

/// Books every charge for as much again.
struct BooksTwice(Inner);

#[async_trait]
impl BookingStore for BooksTwice {
    async fn execute(&self, command: Command) -> Answer {
        let mut command = command;
        if let Operation::Charge(charge) = &mut command.operation {
            charge.amount = charge.amount.checked_add(charge.amount).unwrap_or(charge.amount);
        }
        self.0.execute(command).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_books_a_charge_twice() -> Result<(), Failure> {
    sees_through("a_charge_is_settled_once", |inner, _| BooksTwice(inner)).await?;
    sees_through("paying_and_charging_at_once_lose_no_points", |inner, _| BooksTwice(inner)).await
}

/// Breaks.
struct Panics;

#[async_trait]
impl BookingStore for Panics {
    async fn execute(&self, _: Command) -> Answer {
        unreachable!("a store that panics")
    }
}

/// Has no time, ever.
struct Busy;

#[async_trait]
impl BookingStore for Busy {
    async fn execute(&self, _: Command) -> Answer {
        Err(BookingError::Outage(Outage::Busy { retry_after: std::time::Duration::ZERO }))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_panics_and_one_that_is_always_busy() -> Result<(), Failure> {
    sees_through("a_charge_is_settled_once", |_, _| Panics).await?;
    sees_through("a_charge_is_settled_once", |_, _| Busy).await
}

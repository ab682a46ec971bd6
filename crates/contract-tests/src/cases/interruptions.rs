//! Callers who go away, and answers that get lost.

use crate::Failure;
use crate::context::{TestContext, charged, held};
use frontrow_application::port::BookingError;
use frontrow_domain::{Command, Outcome, Payment, PaymentState, Reservation};
use futures::FutureExt;
use std::sync::Arc;

pub(super) async fn a_caller_who_goes_away_leaves_nothing_half_done(context: Arc<TestContext>) -> Result<(), Failure> {
    let kim = context.user(0);
    context.fund(kim, 1_000_000).await?;
    for seat in 1..=16 {
        let patience = seat % 4;
        let before = context.balance(kim).await?;
        let hold = context.hold(kim, &[seat, seat + 100])?;
        go_away(&context, &hold, patience).await;
        let reservation = held(context.execute(hold).await)?;
        let pay = context.pay(&reservation)?;
        go_away(&context, &pay, patience).await;
        context.execute(pay).await?;
        ensure_eq!(context.balance(kim).await?, before - reservation.amount.amount());
        ensure_eq!(context.fixture.booking.reservations.tickets(reservation.id).await?.len(), 2, "tickets");
        go_away_from_a_charge(&context, patience).await?;
        let cancel = context.cancel(&reservation)?;
        go_away(&context, &cancel, patience).await;
        context.execute(cancel).await?;
        ensure_eq!(context.balance(kim).await?, before + 500);
        context.audit().await?;
    }
    Ok(())
}

/// Looks once and a few times more, then goes.
async fn go_away(context: &TestContext, command: &Command, patience: u32) {
    let mut answer = context.store().execute(command.clone());
    for _ in 0..=patience {
        if (&mut answer).now_or_never().is_some() {
            break;
        }
        tokio::task::yield_now().await;
    }
}

async fn go_away_from_a_charge(context: &TestContext, patience: u32) -> Result<(), Failure> {
    let charge = context.charge(context.user(0), 500)?;
    go_away(context, &charge, patience).await;
    let pending = charged(context.execute(charge).await)?;
    go_away(context, &context.settle(&pending, true), patience).await;
    let settled = charged(context.execute(context.settle(&pending, true)).await)?;
    ensure_eq!(settled.state, PaymentState::Succeeded);
    Ok(())
}

pub(super) async fn an_unknown_commit_is_found_out(context: Arc<TestContext>) -> Result<(), Failure> {
    let kim = context.user(0);
    let Outcome::Charged(pending) = without_answer(&context, context.charge(kim, 5000)?).await? else {
        return Err(Failure::new("the charge was not begun"));
    };
    settle_without_answer(&context, &pending).await?;
    let reservation = held(Ok(without_answer(&context, context.hold(kim, &[1, 2])?).await?))?;
    without_answer(&context, context.pay(&reservation)?).await?;
    ensure_eq!(context.balance(kim).await?, 5000 - reservation.amount.amount());
    without_answer(&context, context.cancel(&reservation)?).await?;
    ensure_eq!(context.balance(kim).await?, 5000);
    let second = held(Ok(without_answer(&context, context.hold(kim, &[1])?).await?))?;
    without_answer(&context, context.release(&second)?).await?;
    expire_without_answer(&context, &context.held(kim, &[3]).await?).await?;
    ensure_eq!(context.fixture.booking.seats.not_free(context.performance()).await?.len(), 1, "seats held");
    Ok(())
}

/// A store finds out by itself, or says that it does not know and finds the command done when it is repeated.
async fn without_answer(context: &TestContext, command: Command) -> Result<Outcome, Failure> {
    context.lose_next_commit()?;
    let outcome = match context.execute(command.clone()).await {
        Err(BookingError::Unknown(key)) => {
            ensure_eq!(key, command.key);
            context.execute(command.clone()).await?
        }
        answer => answer?,
    };
    if command.key.is_some() {
        ensure_eq!(context.execute(command).await, Ok(outcome.clone()));
    }
    Ok(outcome)
}

async fn settle_without_answer(context: &TestContext, pending: &Payment) -> Result<(), Failure> {
    let settled = charged(Ok(without_answer(context, context.settle(pending, true)).await?))?;
    ensure_eq!(settled.state, PaymentState::Succeeded);
    ensure_eq!(context.balance(pending.user).await?, pending.amount.amount());
    Ok(())
}

async fn expire_without_answer(context: &TestContext, reservation: &Reservation) -> Result<(), Failure> {
    context.set_now(reservation.held_until);
    ensure_eq!(without_answer(context, TestContext::expire(reservation)).await?, Outcome::Expired(reservation.id));
    Ok(())
}

//! Callers who go away, and answers that get lost.

use crate::Failure;
use crate::stage::{Stage, charged, held};
use frontrow_application::port::BookingError;
use frontrow_domain::{Command, Outcome, Payment, PaymentState, Reservation};
use futures::FutureExt;
use std::sync::Arc;

pub(super) async fn a_caller_who_goes_away_leaves_nothing_half_done(stage: Arc<Stage>) -> Result<(), Failure> {
    let kim = stage.user(0);
    stage.fund(kim, 1_000_000).await?;
    for seat in 1..=16 {
        let patience = seat % 4;
        let before = stage.balance(kim).await?;
        let hold = stage.hold(kim, &[seat, seat + 100])?;
        go_away(&stage, &hold, patience).await;
        let reservation = held(stage.execute(hold).await)?;
        let pay = stage.pay(&reservation)?;
        go_away(&stage, &pay, patience).await;
        stage.execute(pay).await?;
        ensure_eq!(stage.balance(kim).await?, before - reservation.amount.amount());
        ensure_eq!(stage.fixture.booking.reservations.tickets(reservation.id).await?.len(), 2, "tickets");
        go_away_from_a_charge(&stage, patience).await?;
        let cancel = stage.cancel(&reservation)?;
        go_away(&stage, &cancel, patience).await;
        stage.execute(cancel).await?;
        ensure_eq!(stage.balance(kim).await?, before + 500);
        stage.audit().await?;
    }
    Ok(())
}

/// Looks once and a few times more, then goes.
async fn go_away(stage: &Stage, command: &Command, patience: u32) {
    let mut answer = stage.store().execute(command.clone());
    for _ in 0..=patience {
        if (&mut answer).now_or_never().is_some() {
            break;
        }
        tokio::task::yield_now().await;
    }
}

async fn go_away_from_a_charge(stage: &Stage, patience: u32) -> Result<(), Failure> {
    let charge = stage.charge(stage.user(0), 500)?;
    go_away(stage, &charge, patience).await;
    let pending = charged(stage.execute(charge).await)?;
    go_away(stage, &stage.settle(&pending, true), patience).await;
    let settled = charged(stage.execute(stage.settle(&pending, true)).await)?;
    ensure_eq!(settled.state, PaymentState::Succeeded);
    Ok(())
}

pub(super) async fn an_unknown_commit_is_found_out(stage: Arc<Stage>) -> Result<(), Failure> {
    let kim = stage.user(0);
    let Outcome::Charged(pending) = without_answer(&stage, stage.charge(kim, 5000)?).await? else {
        return Err(Failure::new("the charge was not begun"));
    };
    settle_without_answer(&stage, &pending).await?;
    let reservation = held(Ok(without_answer(&stage, stage.hold(kim, &[1, 2])?).await?))?;
    without_answer(&stage, stage.pay(&reservation)?).await?;
    ensure_eq!(stage.balance(kim).await?, 5000 - reservation.amount.amount());
    without_answer(&stage, stage.cancel(&reservation)?).await?;
    ensure_eq!(stage.balance(kim).await?, 5000);
    let second = held(Ok(without_answer(&stage, stage.hold(kim, &[1])?).await?))?;
    without_answer(&stage, stage.release(&second)?).await?;
    expire_without_answer(&stage, &stage.held(kim, &[3]).await?).await?;
    ensure_eq!(stage.fixture.booking.seats.not_free(stage.performance()).await?.len(), 1, "seats held");
    Ok(())
}

/// A store finds out by itself, or says that it does not know and finds the command done when it is repeated.
async fn without_answer(stage: &Stage, command: Command) -> Result<Outcome, Failure> {
    stage.lose_next_commit()?;
    let outcome = match stage.execute(command.clone()).await {
        Err(BookingError::Unknown(key)) => {
            ensure_eq!(key, command.key);
            stage.execute(command.clone()).await?
        }
        answer => answer?,
    };
    if command.key.is_some() {
        ensure_eq!(stage.execute(command).await, Ok(outcome.clone()));
    }
    Ok(outcome)
}

async fn settle_without_answer(stage: &Stage, pending: &Payment) -> Result<(), Failure> {
    let settled = charged(Ok(without_answer(stage, stage.settle(pending, true)).await?))?;
    ensure_eq!(settled.state, PaymentState::Succeeded);
    ensure_eq!(stage.balance(pending.user).await?, pending.amount.amount());
    Ok(())
}

async fn expire_without_answer(stage: &Stage, reservation: &Reservation) -> Result<(), Failure> {
    stage.set_now(reservation.held_until);
    ensure_eq!(without_answer(stage, Stage::expire(reservation)).await?, Outcome::Expired(reservation.id));
    Ok(())
}

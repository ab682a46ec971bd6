//! Points come and go whole.

use super::races::RACERS;
use crate::stage::{Stage, charged, held};
use crate::{Failure, Programme};
use frontrow_domain::{LineItem, Outcome, PaymentState, SeatNumber, Settlement};
use std::sync::Arc;
use std::time::Duration;

const LONG: Duration = Duration::from_hours(1);

pub(super) async fn a_charge_is_settled_once(stage: Arc<Stage>) -> Result<(), Failure> {
    let kim = stage.user(0);
    for round in 1..=5 {
        let pending = stage.pending(kim, 500).await?;
        ensure_eq!(stage.balance(kim).await?, 500 * (round - 1));
        let settlements = (0..RACERS).map(|_| stage.settle(&pending, true)).collect();
        for answer in stage.at_once(settlements).await? {
            let payment = charged(answer)?;
            ensure_eq!((payment.id, payment.state), (pending.id, PaymentState::Succeeded));
        }
        ensure_eq!(stage.balance(kim).await?, 500 * round);
    }
    Ok(())
}

pub(super) async fn what_was_settled_stays_so(stage: Arc<Stage>) -> Result<(), Failure> {
    let kim = stage.user(0);
    for (accepted, state, balance) in [(true, PaymentState::Succeeded, 500), (false, PaymentState::Failed, 500)] {
        let pending = stage.pending(kim, 500).await?;
        let settled = charged(stage.execute(stage.settle(&pending, accepted)).await)?;
        ensure_eq!(settled.state, state);
        let other = charged(stage.execute(stage.settle(&pending, !accepted)).await)?;
        ensure_eq!(other, settled, "the gateway changes its mind");
        ensure_eq!(stage.fixture.booking.wallets.charge(pending.id).await?, Some(settled));
        ensure_eq!(stage.balance(kim).await?, balance);
    }
    Ok(())
}

pub(super) async fn nothing_goes_back_that_the_wallet_has_room_for(stage: Arc<Stage>) -> Result<(), Failure> {
    let kim = stage.user(0);
    let pending = stage.pending(kim, 500).await?;
    for (accepted, balance) in [(None, 0), (Some(true), 500)] {
        let before = match accepted {
            None => pending.clone(),
            Some(accepted) => charged(stage.execute(stage.settle(&pending, accepted)).await)?,
        };
        let returned = charged(stage.execute(stage.settle_as(&pending, Settlement::Returned)).await)?;
        ensure_eq!(returned, before);
        ensure_eq!(stage.fixture.booking.wallets.charge(pending.id).await?, Some(before));
        ensure_eq!(stage.balance(kim).await?, balance);
        stage.audit().await?;
    }
    Ok(())
}

/// The audit holds the room that each wallet keeps against what is pending.
pub(super) async fn the_room_of_charges_is_kept_while_everything_happens_at_once(
    stage: Arc<Stage>,
) -> Result<(), Failure> {
    let kim = stage.user(0);
    stage.fund(kim, 100_000).await?;
    for round in 0..3 {
        let mut commands = Vec::new();
        for n in 0..10 {
            let pending = stage.pending(kim, 100).await?;
            if n > 0 {
                commands.push(stage.settle(&pending, n % 2 == 0));
            }
            commands.push(stage.charge(kim, 100)?);
            commands.push(stage.pay(&stage.held(kim, &[1 + n + 10 * round]).await?)?);
        }
        stage.audit().await?;
        for answer in stage.at_once(commands).await? {
            answer?;
        }
        stage.audit().await?;
    }
    let open = stage.fixture.booking.wallets.unsettled(Programme::OPENS, stage.now() + LONG, 100).await?;
    ensure_eq!(open.len(), 3 * (1 + 10), "charges that are pending");
    Ok(())
}

pub(super) async fn paying_and_charging_at_once_lose_no_points(stage: Arc<Stage>) -> Result<(), Failure> {
    let kim = stage.user(0);
    stage.fund(kim, 100_000).await?;
    let mut commands = Vec::new();
    let mut spent = 0;
    for seat in 1..=30 {
        let reservation = stage.held(kim, &[seat]).await?;
        spent += reservation.amount.amount();
        commands.push(stage.pay(&reservation)?);
        let pending = stage.pending(kim, 500).await?;
        commands.push(stage.settle(&pending, true));
    }
    for answer in stage.at_once(commands).await? {
        answer?;
    }
    ensure_eq!(stage.balance(kim).await?, 100_000 - spent + 30 * 500);
    Ok(())
}

pub(super) async fn a_free_seat_is_paid_with_nothing(stage: Arc<Stage>) -> Result<(), Failure> {
    let kim = stage.user(0);
    let free = |number| SeatNumber::new(number).map(|seat| LineItem::free(seat, "R", "guest"));
    let hold = stage.hold_line_items(&stage.wide, kim, (1..=2).filter_map(free).collect())?;
    let reservation = held(stage.execute(hold).await)?;
    let paid = stage.execute(stage.pay(&reservation)?).await?;
    let Outcome::Paid { tickets, .. } = paid else { return Err(Failure::new(format!("not paid: {paid:?}"))) };
    ensure_eq!(tickets.len(), 2, "tickets");
    let page = frontrow_application::PageRequest::new(10, None)?;
    ensure_eq!(stage.fixture.booking.wallets.entries(kim, page).await?.items, Vec::new());
    stage.execute(stage.cancel(&reservation)?).await?;
    ensure_eq!(stage.balance(kim).await?, 0);
    Ok(())
}

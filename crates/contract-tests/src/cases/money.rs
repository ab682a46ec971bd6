//! Points come and go whole.

use super::races::RACERS;
use crate::context::{TestContext, charged, held};
use crate::{Failure, Programme};
use frontrow_domain::{LineItem, Outcome, PaymentState, SeatNumber, Settlement};
use std::sync::Arc;
use std::time::Duration;

const LONG: Duration = Duration::from_hours(1);

pub(super) async fn a_charge_is_settled_once(context: Arc<TestContext>) -> Result<(), Failure> {
    let kim = context.user(0);
    for round in 1..=5 {
        let pending = context.pending(kim, 500).await?;
        ensure_eq!(context.balance(kim).await?, 500 * (round - 1));
        let settlements = (0..RACERS).map(|_| context.settle(&pending, true)).collect();
        for answer in context.at_once(settlements).await? {
            let payment = charged(answer)?;
            ensure_eq!((payment.id, payment.state), (pending.id, PaymentState::Succeeded));
        }
        ensure_eq!(context.balance(kim).await?, 500 * round);
    }
    Ok(())
}

pub(super) async fn what_was_settled_stays_so(context: Arc<TestContext>) -> Result<(), Failure> {
    let kim = context.user(0);
    for (accepted, state, balance) in [(true, PaymentState::Succeeded, 500), (false, PaymentState::Failed, 500)] {
        let pending = context.pending(kim, 500).await?;
        let settled = charged(context.execute(context.settle(&pending, accepted)).await)?;
        ensure_eq!(settled.state, state);
        let other = charged(context.execute(context.settle(&pending, !accepted)).await)?;
        ensure_eq!(other, settled, "the gateway changes its mind");
        ensure_eq!(context.fixture.booking.wallets.charge(pending.id).await?, Some(settled));
        ensure_eq!(context.balance(kim).await?, balance);
    }
    Ok(())
}

pub(super) async fn nothing_goes_back_that_the_wallet_has_room_for(context: Arc<TestContext>) -> Result<(), Failure> {
    let kim = context.user(0);
    let pending = context.pending(kim, 500).await?;
    for (accepted, balance) in [(None, 0), (Some(true), 500)] {
        let before = match accepted {
            None => pending.clone(),
            Some(accepted) => charged(context.execute(context.settle(&pending, accepted)).await)?,
        };
        let returned = charged(context.execute(context.settle_as(&pending, Settlement::Returned)).await)?;
        ensure_eq!(returned, before);
        ensure_eq!(context.fixture.booking.wallets.charge(pending.id).await?, Some(before));
        ensure_eq!(context.balance(kim).await?, balance);
        context.audit().await?;
    }
    Ok(())
}

/// The audit holds the room that each wallet keeps against what is pending.
pub(super) async fn the_room_of_charges_is_kept_while_everything_happens_at_once(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    let kim = context.user(0);
    context.fund(kim, 100_000).await?;
    for round in 0..3 {
        let mut commands = Vec::new();
        for n in 0..10 {
            let pending = context.pending(kim, 100).await?;
            if n > 0 {
                commands.push(context.settle(&pending, n % 2 == 0));
            }
            commands.push(context.charge(kim, 100)?);
            commands.push(context.pay(&context.held(kim, &[1 + n + 10 * round]).await?)?);
        }
        context.audit().await?;
        for answer in context.at_once(commands).await? {
            answer?;
        }
        context.audit().await?;
    }
    let open = context.fixture.booking.wallets.unsettled(Programme::OPENS, context.now() + LONG, 100).await?;
    ensure_eq!(open.len(), 3 * (1 + 10), "charges that are pending");
    Ok(())
}

pub(super) async fn paying_and_charging_at_once_lose_no_points(context: Arc<TestContext>) -> Result<(), Failure> {
    let kim = context.user(0);
    context.fund(kim, 100_000).await?;
    let mut commands = Vec::new();
    let mut spent = 0;
    for seat in 1..=30 {
        let reservation = context.held(kim, &[seat]).await?;
        spent += reservation.amount.amount();
        commands.push(context.pay(&reservation)?);
        let pending = context.pending(kim, 500).await?;
        commands.push(context.settle(&pending, true));
    }
    for answer in context.at_once(commands).await? {
        answer?;
    }
    ensure_eq!(context.balance(kim).await?, 100_000 - spent + 30 * 500);
    Ok(())
}

pub(super) async fn a_free_seat_is_paid_with_nothing(context: Arc<TestContext>) -> Result<(), Failure> {
    let kim = context.user(0);
    let free = |number| SeatNumber::new(number).map(|seat| LineItem::free(seat, "R", "guest"));
    let hold = context.hold_line_items(&context.wide, kim, (1..=2).filter_map(free).collect())?;
    let reservation = held(context.execute(hold).await)?;
    let paid = context.execute(context.pay(&reservation)?).await?;
    let Outcome::Paid { tickets, .. } = paid else { return Err(Failure::new(format!("not paid: {paid:?}"))) };
    ensure_eq!(tickets.len(), 2, "tickets");
    let page = frontrow_application::PageRequest::new(10, None)?;
    ensure_eq!(context.fixture.booking.wallets.entries(kim, page).await?.items, Vec::new());
    context.execute(context.cancel(&reservation)?).await?;
    ensure_eq!(context.balance(kim).await?, 0);
    Ok(())
}

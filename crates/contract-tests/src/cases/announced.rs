//! What others hear of, once it is true. That every other case announces neither too little nor too much is checked at its
//! end.

use super::races::RACERS;
use crate::Failure;
use crate::context::{TestContext, charged, held};
use frontrow_application::port::BookingError;
use frontrow_domain::{Command, Event, Rejection};
use std::sync::Arc;

/// Nothing else was announced since so many events were.
async fn heard_since(context: &TestContext, before: usize, expected: &[Event], what: &str) -> Result<usize, Failure> {
    // Waits for what was answered, and counts it.
    context.check_announcements().await?;
    let heard = context.announcements.heard();
    ensure_eq!(heard.get(before..).unwrap_or_default(), expected, "announced after {what}");
    Ok(heard.len())
}

pub(super) async fn what_is_done_is_announced_once(context: Arc<TestContext>) -> Result<(), Failure> {
    context.require_announcements()?;
    let kim = context.user(0);
    let pending = charged(context.execute(context.charge(kim, 50_000)?).await)?;
    let mut count = heard_since(&context, 0, &[], "a charge that is not settled").await?;
    context.execute(context.settle(&pending, true)).await?;
    count = heard_since(&context, count, &[Event::ChargeSettled(pending.id)], "a settlement").await?;
    let declined = context.pending(kim, 500).await?;
    context.execute(context.settle(&declined, false)).await?;
    count = heard_since(&context, count, &[Event::ChargeSettled(declined.id)], "a charge that was declined").await?;

    for (seat, cancels) in [(1, true), (3, false)] {
        let reservation = context.held(kim, &[seat]).await?;
        let id = reservation.id;
        count = heard_since(&context, count, &[Event::Held(id)], "a hold").await?;
        context.execute(context.pay(&reservation)?).await?;
        count = heard_since(&context, count, &[Event::Confirmed(id)], "a payment").await?;
        let end = if cancels { context.cancel(&reservation)? } else { context.refund(&reservation)? };
        context.execute(end).await?;
        let given_back = if cancels { Event::Cancelled(id) } else { Event::Refunded(id) };
        count = heard_since(&context, count, &[given_back], "a seat was given back").await?;
    }

    let two = context.held(kim, &[5, 6]).await?;
    context.execute(context.pay(&two)?).await?;
    count = heard_since(&context, count, &[Event::Held(two.id), Event::Confirmed(two.id)], "a payment").await?;
    context.execute(context.cancel_seats(&two, &[6])?).await?;
    let returned = Event::SeatsReturned { reservation: two.id, seats: two.seats().skip(1).collect() };
    count = heard_since(&context, count, &[returned], "one of two seats was given back").await?;
    context.execute(context.refund_seats(&two, &[5])?).await?;
    count = heard_since(&context, count, &[Event::Refunded(two.id)], "the other one was given back").await?;

    let best = held(context.execute(context.hold_best(kim, &[vec![8, 9]], false)?).await)?;
    count = heard_since(&context, count, &[Event::Held(best.id)], "a hold of the best").await?;
    context.execute(context.release(&best)?).await?;
    count = heard_since(&context, count, &[Event::Released(best.id)], "a release").await?;
    let lapsed = context.held(kim, &[10]).await?;
    context.set_now(lapsed.held_until);
    context.execute(TestContext::expire(&lapsed)).await?;
    heard_since(&context, count, &[Event::Held(lapsed.id), Event::Expired(lapsed.id)], "a hold that lapsed").await?;
    Ok(())
}

pub(super) async fn what_is_refused_or_repeated_is_not_announced(context: Arc<TestContext>) -> Result<(), Failure> {
    context.require_announcements()?;
    let (kim, lee) = (context.user(0), context.user(1));
    let hold = context.hold(kim, &[1, 2])?;
    let kims = held(context.execute(hold.clone()).await)?;
    let pending = context.pending(kim, 50_000).await?;
    let settle = context.settle(&pending, true);
    context.execute(settle.clone()).await?;
    let pay = context.pay(&kims)?;
    context.execute(pay.clone()).await?;
    let count = context.announcements.heard().len();

    let other_body = Command { request_hash: [2; 32], ..hold.clone() };
    for (command, expected) in [
        (
            context.hold(lee, &[2, 3])?,
            Some(Rejection::SeatsTaken {
                seats: kims.seats().filter(|seat| seat.get() == 2).collect(),
                yours: Vec::new(),
            }),
        ),
        (context.pay(&kims)?, Some(Rejection::AlreadyPaid)),
        (other_body, Some(Rejection::KeyReused)),
        (hold, None),
        (pay, None),
        (settle, None),
        (context.settle(&pending, false), None),
        (TestContext::expire(&kims), None),
    ] {
        let name = command.operation.name();
        let answer = context.execute(command).await;
        ensure_eq!(answer.as_ref().err(), expected.map(BookingError::from).as_ref(), "{name}");
        heard_since(&context, count.max(3), &[], &format!("a {name} that changed nothing")).await?;
    }
    Ok(())
}

pub(super) async fn what_races_is_announced_once(context: Arc<TestContext>) -> Result<(), Failure> {
    context.require_announcements()?;
    let kim = context.user(0);
    for seat in 1..=5 {
        let before = context.announcements.heard().len();
        // The same request many times, or others for the same seat.
        let commands = if seat % 2 == 0 {
            vec![context.hold(kim, &[seat])?; RACERS]
        } else {
            (0..RACERS).map(|n| context.hold(context.user(n), &[seat])).collect::<Result<_, _>>()?
        };
        let mut winner = None;
        for outcome in context.at_once(commands).await?.into_iter().flatten() {
            winner = Some(held(Ok(outcome))?.id);
        }
        let winner = winner.ok_or_else(|| Failure::new("somebody is first"))?;
        heard_since(&context, before, &[Event::Held(winner)], "a race for a seat").await?;
    }
    Ok(())
}

//! What others hear of, once it is true. That every other case announces neither too little nor too much is checked at its
//! end.

use super::races::RACERS;
use crate::Failure;
use crate::stage::{Stage, charged, held};
use frontrow_application::port::BookingError;
use frontrow_domain::{Command, Event, Rejection};
use std::sync::Arc;

/// Nothing else was announced since so many events were.
async fn heard_since(stage: &Stage, before: usize, expected: &[Event], what: &str) -> Result<usize, Failure> {
    // Waits for what was answered, and counts it.
    stage.check_announcements().await?;
    let heard = stage.announcements.heard();
    ensure_eq!(heard.get(before..).unwrap_or_default(), expected, "announced after {what}");
    Ok(heard.len())
}

pub(super) async fn what_is_done_is_announced_once(stage: Arc<Stage>) -> Result<(), Failure> {
    stage.require_announcements()?;
    let kim = stage.user(0);
    let pending = charged(stage.execute(stage.charge(kim, 50_000)?).await)?;
    let mut count = heard_since(&stage, 0, &[], "a charge that is not settled").await?;
    stage.execute(stage.settle(&pending, true)).await?;
    count = heard_since(&stage, count, &[Event::ChargeSettled(pending.id)], "a settlement").await?;
    let declined = stage.pending(kim, 500).await?;
    stage.execute(stage.settle(&declined, false)).await?;
    count = heard_since(&stage, count, &[Event::ChargeSettled(declined.id)], "a charge that was declined").await?;

    for (seat, cancels) in [(1, true), (3, false)] {
        let reservation = stage.held(kim, &[seat]).await?;
        let id = reservation.id;
        count = heard_since(&stage, count, &[Event::Held(id)], "a hold").await?;
        stage.execute(stage.pay(&reservation)?).await?;
        count = heard_since(&stage, count, &[Event::Confirmed(id)], "a payment").await?;
        let end = if cancels { stage.cancel(&reservation)? } else { stage.refund(&reservation)? };
        stage.execute(end).await?;
        let given_back = if cancels { Event::Cancelled(id) } else { Event::Refunded(id) };
        count = heard_since(&stage, count, &[given_back], "a seat was given back").await?;
    }

    let best = held(stage.execute(stage.hold_best(kim, &[vec![8, 9]], false)?).await)?;
    count = heard_since(&stage, count, &[Event::Held(best.id)], "a hold of the best").await?;
    stage.execute(stage.release(&best)?).await?;
    count = heard_since(&stage, count, &[Event::Released(best.id)], "a release").await?;
    let lapsed = stage.held(kim, &[10]).await?;
    stage.set_now(lapsed.held_until);
    stage.execute(Stage::expire(&lapsed)).await?;
    heard_since(&stage, count, &[Event::Held(lapsed.id), Event::Expired(lapsed.id)], "a hold that lapsed").await?;
    Ok(())
}

pub(super) async fn what_is_refused_or_repeated_is_not_announced(stage: Arc<Stage>) -> Result<(), Failure> {
    stage.require_announcements()?;
    let (kim, lee) = (stage.user(0), stage.user(1));
    let hold = stage.hold(kim, &[1, 2])?;
    let kims = held(stage.execute(hold.clone()).await)?;
    let pending = stage.pending(kim, 50_000).await?;
    let settle = stage.settle(&pending, true);
    stage.execute(settle.clone()).await?;
    let pay = stage.pay(&kims)?;
    stage.execute(pay.clone()).await?;
    let count = stage.announcements.heard().len();

    let other_body = Command { request_hash: [2; 32], ..hold.clone() };
    for (command, expected) in [
        (stage.hold(lee, &[2, 3])?, Some(Rejection::SeatsTaken(kims.seats().filter(|seat| seat.get() == 2).collect()))),
        (stage.pay(&kims)?, Some(Rejection::AlreadyPaid)),
        (other_body, Some(Rejection::KeyReused)),
        (hold, None),
        (pay, None),
        (settle, None),
        (stage.settle(&pending, false), None),
        (Stage::expire(&kims), None),
    ] {
        let name = command.operation.name();
        let answer = stage.execute(command).await;
        ensure_eq!(answer.as_ref().err(), expected.map(BookingError::from).as_ref(), "{name}");
        heard_since(&stage, count.max(3), &[], &format!("a {name} that changed nothing")).await?;
    }
    Ok(())
}

pub(super) async fn what_races_is_announced_once(stage: Arc<Stage>) -> Result<(), Failure> {
    stage.require_announcements()?;
    let kim = stage.user(0);
    for seat in 1..=5 {
        let before = stage.announcements.heard().len();
        // The same request many times, or others for the same seat.
        let commands = if seat % 2 == 0 {
            vec![stage.hold(kim, &[seat])?; RACERS]
        } else {
            (0..RACERS).map(|n| stage.hold(stage.user(n), &[seat])).collect::<Result<_, _>>()?
        };
        let mut winner = None;
        for outcome in stage.at_once(commands).await?.into_iter().flatten() {
            winner = Some(held(Ok(outcome))?.id);
        }
        let winner = winner.ok_or_else(|| Failure::new("somebody is first"))?;
        heard_since(&stage, before, &[Event::Held(winner)], "a race for a seat").await?;
    }
    Ok(())
}

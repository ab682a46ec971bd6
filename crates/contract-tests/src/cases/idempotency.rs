//! The same request again.

use super::races::RACERS;
use crate::Failure;
use crate::context::{TestContext, held};
use frontrow_domain::{Command, CommandKey, Instant, Outcome, Rejection};
use std::collections::BTreeSet;
use std::sync::Arc;

/// As clients' requests arrive: the same key and body, while the server has made new ids for each.
fn same(command: &Command, again: Command) -> Command {
    Command { key: command.key.clone(), request_hash: command.request_hash, ..again }
}

pub(super) async fn the_same_key_at_once_is_carried_out_once(context: Arc<TestContext>) -> Result<(), Failure> {
    let kim = context.user(0);
    context.fund(kim, 100_000).await?;
    let first = context.hold(kim, &[1, 2])?;
    let holds = (0..RACERS).map(|_| Ok(same(&first, context.hold(kim, &[1, 2])?))).collect::<Result<_, Failure>>()?;
    let reservation = carried_out_once(&context, holds).await?;
    let Outcome::Held(reservation) = reservation else { return Err(Failure::new("not held")) };

    let first = context.pay(&reservation)?;
    let payments = (0..RACERS).map(|_| Ok(same(&first, context.pay(&reservation)?))).collect::<Result<_, Failure>>()?;
    carried_out_once(&context, payments).await?;
    ensure_eq!(context.balance(kim).await?, 100_000 - reservation.amount.amount());

    let first = context.charge(kim, 500)?;
    let charges = (0..RACERS).map(|_| Ok(same(&first, context.charge(kim, 500)?))).collect::<Result<_, Failure>>()?;
    carried_out_once(&context, charges).await?;
    ensure_eq!(
        context.fixture.booking.wallets.unsettled(Instant::default(), context.now() + LONG, 10).await?.len(),
        1,
        "charges begun"
    );

    let first = context.cancel(&reservation)?;
    let ends = (0..RACERS).map(|_| Ok(same(&first, context.cancel(&reservation)?))).collect::<Result<_, Failure>>()?;
    carried_out_once(&context, ends).await?;
    ensure_eq!(context.balance(kim).await?, 100_000);
    Ok(())
}

const LONG: std::time::Duration = std::time::Duration::from_hours(1);

/// All get the same outcome.
async fn carried_out_once(context: &Arc<TestContext>, commands: Vec<Command>) -> Result<Outcome, Failure> {
    let mut outcomes = Vec::new();
    for answer in context.at_once(commands).await? {
        outcomes.push(answer?);
    }
    outcomes.dedup();
    ensure_eq!(outcomes.len(), 1, "different outcomes under one key");
    outcomes.pop().ok_or_else(|| Failure::new("no outcome"))
}

pub(super) async fn a_key_with_another_body_is_refused(context: Arc<TestContext>) -> Result<(), Failure> {
    let kim = context.user(0);
    let first = context.hold(kim, &[1])?;
    held(context.execute(first.clone()).await)?;
    let other = Command { request_hash: [2; 32], ..same(&first, context.hold(kim, &[2])?) };
    ensure_eq!(context.execute(other).await, Err(Rejection::KeyReused.into()));
    let elsewhere = Command { request_hash: [2; 32], ..same(&first, context.charge(kim, 500)?) };
    ensure_eq!(context.execute(elsewhere).await, Err(Rejection::KeyReused.into()));
    ensure_eq!(context.fixture.booking.seats.not_free(context.performance()).await?.len(), 1, "seats held");
    Ok(())
}

pub(super) async fn a_repetition_is_told_what_happened_then(context: Arc<TestContext>) -> Result<(), Failure> {
    let kim = context.user(0);
    context.fund(kim, 10_000).await?;
    let hold = context.hold(kim, &[1])?;
    let reservation = held(context.execute(hold.clone()).await)?;
    let pay = context.pay(&reservation)?;
    let paid = context.execute(pay.clone()).await?;
    let cancel = context.cancel(&reservation)?;
    let cancelled = context.execute(cancel.clone()).await?;
    context.paid(context.user(1), &[1]).await?;
    for (command, outcome) in [(hold, Outcome::Held(reservation)), (pay, paid), (cancel, cancelled)] {
        ensure_eq!(context.execute(command.clone()).await, Ok(outcome.clone()));
        let key = command.key.ok_or_else(|| Failure::new("a user's command has a key"))?;
        let record = context.fixture.booking.idempotency_records.idempotency_record(&key).await?;
        let record = record.ok_or_else(|| Failure::new("not noted"))?;
        ensure_eq!(
            (record.key, record.request_hash, record.outcome, record.at),
            (key, [1; 32], outcome, context.now())
        );
    }
    ensure_eq!(context.balance(kim).await?, 10_000);
    Ok(())
}

pub(super) async fn two_users_may_call_their_keys_the_same(context: Arc<TestContext>) -> Result<(), Failure> {
    let mut owners = BTreeSet::new();
    for n in 0..2 {
        let user = context.user(n);
        let hold = context.hold(user, &[1 + u32::try_from(n)?])?;
        let hold = Command { key: Some(CommandKey::new(user, "tap-1")?), ..hold };
        owners.insert(held(context.execute(hold).await)?.user);
    }
    ensure_eq!(owners.len(), 2, "reservations");
    Ok(())
}

//! Throwing old things away.

use super::sessions::{begins, rotation};
use crate::Failure;
use crate::context::{TestContext, held};
use frontrow_application::port::{Ending, Rotated};
use std::sync::Arc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

pub(super) async fn old_idempotency_records_are_forgotten_a_few_at_a_time(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    let housekeeping = &context.keeping()?.housekeeping;
    let kim = context.user(0);
    let mut keys = Vec::new();
    for seat in 1..=4 {
        let hold = context.hold(kim, &[seat])?;
        keys.extend(hold.key.clone());
        held(context.execute(hold).await)?;
        context.later(SECOND);
    }
    // The first three are older than the fourth.
    let before = context.now() - SECOND;
    ensure_eq!(housekeeping.forget_idempotency_records(before, 2).await?, 2);
    ensure_eq!(housekeeping.forget_idempotency_records(before, 2).await?, 1);
    ensure_eq!(housekeeping.forget_idempotency_records(before, 2).await?, 0);
    let records = &context.fixture.booking.idempotency_records;
    for key in &keys[..3] {
        ensure_eq!(records.idempotency_record(key).await?, None);
    }
    ensure!(records.idempotency_record(&keys[3]).await?.is_some(), "it is not old");
    let seats = context.fixture.booking.seats.not_free(context.performance()).await?;
    ensure_eq!(seats.len(), 4, "what was done stays done");
    Ok(())
}

pub(super) async fn old_refresh_tokens_are_forgotten_a_few_at_a_time(context: Arc<TestContext>) -> Result<(), Failure> {
    let (housekeeping, sessions) = (&context.keeping()?.housekeeping, &context.accounts()?.sessions);
    let now = context.now();
    for n in 1..=4_u8 {
        let mut start = begins(&context, context.user(0), n);
        start.token.expires = now + SECOND * u32::from(n);
        sessions.start(&start).await?;
    }
    let before = now + 4 * SECOND;
    ensure_eq!(housekeeping.forget_refresh_tokens(before, 2).await?, 2);
    ensure_eq!(housekeeping.forget_refresh_tokens(before, 2).await?, 1);
    ensure_eq!(housekeeping.forget_refresh_tokens(before, 2).await?, 0);
    let kept = sessions.rotate(&rotation(4, 5, now)).await?;
    ensure!(matches!(kept, Rotated::Issued(_)), "it had not expired: {kept:?}");
    Ok(())
}

pub(super) async fn sessions_that_are_over_are_forgotten_a_few_at_a_time(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    let (housekeeping, sessions) = (&context.keeping()?.housekeeping, &context.accounts()?.sessions);
    let (now, user) = (context.now(), context.user(0));
    let mut begun = Vec::new();
    for n in 1..=4_u8 {
        let mut start = begins(&context, user, n);
        (start.session.expires, start.session.access_until) = (now + SECOND * u32::from(n), now + SECOND);
        sessions.start(&start).await?;
        begun.push(start.session);
    }
    // What was ended is forgotten when its access tokens have expired.
    sessions.end(user, Ending::One(begun[3].id), now).await?;
    let before = now + 3 * SECOND;
    ensure_eq!(housekeeping.forget_sessions(now + SECOND, 2).await?, 0, "an access token may be out");
    ensure_eq!(housekeeping.forget_sessions(before, 2).await?, 2);
    ensure_eq!(housekeeping.forget_sessions(before, 2).await?, 1);
    ensure_eq!(housekeeping.forget_sessions(before, 2).await?, 0);
    ensure_eq!(sessions.sessions_of(user, now).await?, begun[2..3]);
    Ok(())
}

pub(super) async fn a_probe_is_answered(context: Arc<TestContext>) -> Result<(), Failure> {
    context.keeping()?.probe.now().await?;
    Ok(())
}

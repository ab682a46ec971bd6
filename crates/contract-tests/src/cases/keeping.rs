//! Throwing old things away.

use crate::Failure;
use crate::context::{TestContext, held};
use frontrow_application::port::Rotated;
use frontrow_domain::{RefreshToken, SessionId};
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
        let session = SessionId::new(context.id());
        let expires = now + SECOND * u32::from(n);
        let token = RefreshToken { hash: [n; 32], session, user: context.user(0), expires, replaced: None };
        sessions.start(&token).await?;
    }
    let before = now + 4 * SECOND;
    ensure_eq!(housekeeping.forget_refresh_tokens(before, 2).await?, 2);
    ensure_eq!(housekeeping.forget_refresh_tokens(before, 2).await?, 1);
    ensure_eq!(housekeeping.forget_refresh_tokens(before, 2).await?, 0);
    let kept = sessions.rotate([4; 32], [5; 32], before, now).await?;
    ensure!(matches!(kept, Rotated::Issued(_)), "it had not expired: {kept:?}");
    Ok(())
}

pub(super) async fn a_probe_is_answered(context: Arc<TestContext>) -> Result<(), Failure> {
    context.keeping()?.probe.now().await?;
    Ok(())
}

//! Throwing old things away.

use crate::Failure;
use crate::stage::{Stage, held};
use frontrow_application::port::Rotated;
use frontrow_domain::{RefreshToken, SessionId};
use std::sync::Arc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

pub(super) async fn old_idempotency_records_are_forgotten_a_few_at_a_time(stage: Arc<Stage>) -> Result<(), Failure> {
    let housekeeping = &stage.keeping()?.housekeeping;
    let kim = stage.user(0);
    let mut keys = Vec::new();
    for seat in 1..=4 {
        let hold = stage.hold(kim, &[seat])?;
        keys.extend(hold.key.clone());
        held(stage.execute(hold).await)?;
        stage.later(SECOND);
    }
    // The first three are older than the fourth.
    let before = stage.now() - SECOND;
    ensure_eq!(housekeeping.forget_idempotency_records(before, 2).await?, 2);
    ensure_eq!(housekeeping.forget_idempotency_records(before, 2).await?, 1);
    ensure_eq!(housekeeping.forget_idempotency_records(before, 2).await?, 0);
    let records = &stage.fixture.booking.idempotency_records;
    for key in &keys[..3] {
        ensure_eq!(records.idempotency_record(key).await?, None);
    }
    ensure!(records.idempotency_record(&keys[3]).await?.is_some(), "it is not old");
    let seats = stage.fixture.booking.seats.not_free(stage.performance()).await?;
    ensure_eq!(seats.len(), 4, "what was done stays done");
    Ok(())
}

pub(super) async fn old_refresh_tokens_are_forgotten_a_few_at_a_time(stage: Arc<Stage>) -> Result<(), Failure> {
    let (housekeeping, sessions) = (&stage.keeping()?.housekeeping, &stage.accounts()?.sessions);
    let now = stage.now();
    for n in 1..=4_u8 {
        let session = SessionId::new(stage.id());
        let expires = now + SECOND * u32::from(n);
        let token = RefreshToken { hash: [n; 32], session, user: stage.user(0), expires, replaced: None };
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

pub(super) async fn a_probe_is_answered(stage: Arc<Stage>) -> Result<(), Failure> {
    stage.keeping()?.probe.now().await?;
    Ok(())
}

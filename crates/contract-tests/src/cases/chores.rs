//! What instances tell each other of the work that one of them does for all.

use crate::Failure;
use crate::room::patiently;
use crate::stage::Stage;
use frontrow_application::Chore;
use frontrow_application::port::{ChoreLease, ChoreStore};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

const MICROSECOND: Duration = Duration::from_micros(1);
const SECOND: Duration = Duration::from_secs(1);

/// How many ask at the same time, and how often.
const RACERS: u128 = 16;
const ROUNDS: u32 = 5;

fn chores(stage: &Stage) -> Result<Arc<dyn ChoreStore>, Failure> {
    Ok(stage.keeping()?.chores.clone())
}

fn holder(n: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0002_7000_8000_0000_0000_0000 + n)
}

/// Whether holder `n` gets the chore now, for as long as a lease may last.
async fn takes(stage: &Stage, chore: Chore, n: u128) -> Result<bool, Failure> {
    let lease = ChoreLease { holder: holder(n), until: stage.now() + ChoreLease::LONGEST };
    Ok(chores(stage)?.take(chore, lease, stage.now()).await?)
}

pub(super) async fn one_holder_has_a_chore_and_renews_it(stage: Arc<Stage>) -> Result<(), Failure> {
    ensure!(takes(&stage, Chore::ExpireHolds, 1).await?, "nobody has it");
    for _ in 0..3 {
        stage.later(SECOND);
        ensure!(!takes(&stage, Chore::ExpireHolds, 2).await?, "another has it");
        ensure!(takes(&stage, Chore::ExpireHolds, 1).await?, "it is renewed");
    }
    // Not from when it was first taken.
    stage.set_now(stage.now() + ChoreLease::LONGEST - MICROSECOND);
    ensure!(!takes(&stage, Chore::ExpireHolds, 2).await?, "another has renewed it");
    Ok(())
}

pub(super) async fn a_chore_is_taken_over_when_its_lease_ends_and_not_before(stage: Arc<Stage>) -> Result<(), Failure> {
    let begun = stage.now();
    ensure!(takes(&stage, Chore::SettleCharges, 1).await?, "nobody has it");
    stage.set_now(begun + ChoreLease::LONGEST - MICROSECOND);
    ensure!(!takes(&stage, Chore::SettleCharges, 2).await?, "a microsecond is left");
    stage.set_now(begun + ChoreLease::LONGEST);
    ensure!(takes(&stage, Chore::SettleCharges, 2).await?, "the lease has ended");
    ensure!(!takes(&stage, Chore::SettleCharges, 1).await?, "it was taken over");
    // Whoever is late with renewing keeps it if nobody has come.
    stage.later(2 * ChoreLease::LONGEST);
    ensure!(takes(&stage, Chore::SettleCharges, 2).await?, "nobody else has it");
    // A clock was ahead of all others by far.
    let lease = ChoreLease { holder: holder(2), until: stage.now() + 1000 * SECOND };
    ensure!(chores(&stage)?.take(Chore::SettleCharges, lease, stage.now()).await?, "it is renewed for very long");
    ensure!(takes(&stage, Chore::SettleCharges, 1).await?, "no lease lasts that long");
    Ok(())
}

pub(super) async fn each_chore_has_a_holder_of_its_own(stage: Arc<Stage>) -> Result<(), Failure> {
    let leased = [(Chore::ExpireHolds, 1), (Chore::SettleCharges, 2), (Chore::Forget, 3)];
    for (chore, n) in leased {
        ensure!(takes(&stage, chore, n).await?, "nobody has {chore:?}");
    }
    for (chore, n) in leased {
        for other in (1..=3).filter(|other| *other != n) {
            ensure!(!takes(&stage, chore, other).await?, "holder {n} has {chore:?}");
        }
    }
    Ok(())
}

pub(super) async fn a_chore_that_is_given_back_is_anybodys(stage: Arc<Stage>) -> Result<(), Failure> {
    let chores = chores(&stage)?;
    chores.give_back(Chore::Forget, holder(1)).await?;
    ensure!(takes(&stage, Chore::Forget, 1).await?, "nobody has it");
    chores.give_back(Chore::Forget, holder(2)).await?;
    chores.give_back(Chore::ExpireHolds, holder(1)).await?;
    ensure!(!takes(&stage, Chore::Forget, 2).await?, "only its holder gives it back");
    chores.give_back(Chore::Forget, holder(1)).await?;
    ensure!(takes(&stage, Chore::Forget, 2).await?, "it was given back");
    Ok(())
}

pub(super) async fn of_those_who_ask_for_a_chore_at_once_one_gets_it(stage: Arc<Stage>) -> Result<(), Failure> {
    let chores = chores(&stage)?;
    // In the first round there is no lease, in the others one that has ended.
    for round in 0..ROUNDS {
        let now = stage.now();
        let asking = (0..RACERS).map(|n| {
            let chores = Arc::clone(&chores);
            let lease = ChoreLease { holder: holder(n), until: now + SECOND };
            async move { Ok(patiently(|| chores.take(Chore::ExpireHolds, lease, now)).await?) }
        });
        let taken = stage.together(asking).await?;
        ensure_eq!(taken.iter().filter(|taken| **taken).count(), 1, "holders in round {round}");
        stage.later(SECOND);
    }
    Ok(())
}

pub(super) async fn a_watermark_is_kept_beside_the_lease(stage: Arc<Stage>) -> Result<(), Failure> {
    let (chores, now) = (chores(&stage)?, stage.now());
    ensure_eq!(chores.watermark(Chore::ExpireHolds).await?, None);
    chores.set_watermark(Chore::ExpireHolds, now).await?;
    ensure!(takes(&stage, Chore::ExpireHolds, 1).await?, "a watermark is no lease");
    ensure_eq!(chores.watermark(Chore::ExpireHolds).await?, Some(now), "the watermark after a lease");
    // It may go back, and whoever sets it need not have the lease.
    for watermark in [now + MICROSECOND, now - SECOND] {
        chores.set_watermark(Chore::ExpireHolds, watermark).await?;
        ensure_eq!(chores.watermark(Chore::ExpireHolds).await?, Some(watermark));
    }
    ensure!(!takes(&stage, Chore::ExpireHolds, 2).await?, "the lease after a watermark");
    chores.give_back(Chore::ExpireHolds, holder(1)).await?;
    ensure_eq!(chores.watermark(Chore::ExpireHolds).await?, Some(now - SECOND), "the watermark after the lease");
    ensure_eq!(chores.watermark(Chore::Forget).await?, None, "another chore's");
    Ok(())
}

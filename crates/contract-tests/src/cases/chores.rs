//! What instances tell each other of the work that one of them does for all.

use crate::Failure;
use crate::context::TestContext;
use crate::room::patiently;
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

fn chores(context: &TestContext) -> Result<Arc<dyn ChoreStore>, Failure> {
    Ok(context.keeping()?.chores.clone())
}

fn holder(n: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0002_7000_8000_0000_0000_0000 + n)
}

/// Whether holder `n` gets the chore now, for as long as a lease may last.
async fn takes(context: &TestContext, chore: Chore, n: u128) -> Result<bool, Failure> {
    let lease = ChoreLease { holder: holder(n), until: context.now() + ChoreLease::LONGEST };
    Ok(chores(context)?.take(chore, lease, context.now()).await?)
}

pub(super) async fn one_holder_has_a_chore_and_renews_it(context: Arc<TestContext>) -> Result<(), Failure> {
    ensure!(takes(&context, Chore::ExpireHolds, 1).await?, "nobody has it");
    for _ in 0..3 {
        context.later(SECOND);
        ensure!(!takes(&context, Chore::ExpireHolds, 2).await?, "another has it");
        ensure!(takes(&context, Chore::ExpireHolds, 1).await?, "it is renewed");
    }
    // Not from when it was first taken.
    context.set_now(context.now() + ChoreLease::LONGEST - MICROSECOND);
    ensure!(!takes(&context, Chore::ExpireHolds, 2).await?, "another has renewed it");
    Ok(())
}

pub(super) async fn a_chore_is_taken_over_when_its_lease_ends_and_not_before(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    let begun = context.now();
    ensure!(takes(&context, Chore::SettleCharges, 1).await?, "nobody has it");
    context.set_now(begun + ChoreLease::LONGEST - MICROSECOND);
    ensure!(!takes(&context, Chore::SettleCharges, 2).await?, "a microsecond is left");
    context.set_now(begun + ChoreLease::LONGEST);
    ensure!(takes(&context, Chore::SettleCharges, 2).await?, "the lease has ended");
    ensure!(!takes(&context, Chore::SettleCharges, 1).await?, "it was taken over");
    // Whoever is late with renewing keeps it if nobody has come.
    context.later(2 * ChoreLease::LONGEST);
    ensure!(takes(&context, Chore::SettleCharges, 2).await?, "nobody else has it");
    // A clock was ahead of all others by far.
    let lease = ChoreLease { holder: holder(2), until: context.now() + 1000 * SECOND };
    ensure!(chores(&context)?.take(Chore::SettleCharges, lease, context.now()).await?, "it is renewed for very long");
    ensure!(takes(&context, Chore::SettleCharges, 1).await?, "no lease lasts that long");
    Ok(())
}

pub(super) async fn each_chore_has_a_holder_of_its_own(context: Arc<TestContext>) -> Result<(), Failure> {
    let leased = [(Chore::ExpireHolds, 1), (Chore::SettleCharges, 2), (Chore::Forget, 3)];
    for (chore, n) in leased {
        ensure!(takes(&context, chore, n).await?, "nobody has {chore:?}");
    }
    for (chore, n) in leased {
        for other in (1..=3).filter(|other| *other != n) {
            ensure!(!takes(&context, chore, other).await?, "holder {n} has {chore:?}");
        }
    }
    Ok(())
}

pub(super) async fn a_chore_that_is_given_back_is_anybodys(context: Arc<TestContext>) -> Result<(), Failure> {
    let chores = chores(&context)?;
    chores.give_back(Chore::Forget, holder(1)).await?;
    ensure!(takes(&context, Chore::Forget, 1).await?, "nobody has it");
    chores.give_back(Chore::Forget, holder(2)).await?;
    chores.give_back(Chore::ExpireHolds, holder(1)).await?;
    ensure!(!takes(&context, Chore::Forget, 2).await?, "only its holder gives it back");
    chores.give_back(Chore::Forget, holder(1)).await?;
    ensure!(takes(&context, Chore::Forget, 2).await?, "it was given back");
    Ok(())
}

pub(super) async fn of_those_who_ask_for_a_chore_at_once_one_gets_it(context: Arc<TestContext>) -> Result<(), Failure> {
    let chores = chores(&context)?;
    // In the first round there is no lease, in the others one that has ended.
    for round in 0..ROUNDS {
        let now = context.now();
        let asking = (0..RACERS).map(|n| {
            let chores = Arc::clone(&chores);
            let lease = ChoreLease { holder: holder(n), until: now + SECOND };
            async move { Ok(patiently(|| chores.take(Chore::ExpireHolds, lease, now)).await?) }
        });
        let taken = context.together(asking).await?;
        ensure_eq!(taken.iter().filter(|taken| **taken).count(), 1, "holders in round {round}");
        context.later(SECOND);
    }
    Ok(())
}

pub(super) async fn a_watermark_is_kept_beside_the_lease(context: Arc<TestContext>) -> Result<(), Failure> {
    let (chores, now) = (chores(&context)?, context.now());
    ensure_eq!(chores.watermark(Chore::ExpireHolds).await?, None);
    chores.set_watermark(Chore::ExpireHolds, now).await?;
    ensure!(takes(&context, Chore::ExpireHolds, 1).await?, "a watermark is no lease");
    ensure_eq!(chores.watermark(Chore::ExpireHolds).await?, Some(now), "the watermark after a lease");
    // It may go back, and whoever sets it need not have the lease.
    for watermark in [now + MICROSECOND, now - SECOND] {
        chores.set_watermark(Chore::ExpireHolds, watermark).await?;
        ensure_eq!(chores.watermark(Chore::ExpireHolds).await?, Some(watermark));
    }
    ensure!(!takes(&context, Chore::ExpireHolds, 2).await?, "the lease after a watermark");
    chores.give_back(Chore::ExpireHolds, holder(1)).await?;
    ensure_eq!(chores.watermark(Chore::ExpireHolds).await?, Some(now - SECOND), "the watermark after the lease");
    ensure_eq!(chores.watermark(Chore::Forget).await?, None, "another chore's");
    Ok(())
}

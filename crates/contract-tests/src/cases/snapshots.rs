//! What is known of seats by heart. The suite's clock stands still unless a case sets it, so that nothing is read again
//! because it is old: what shows has been heard of.

use crate::Failure;
use crate::context::TestContext;
use frontrow_application::port::SeatSnapshot;
use frontrow_domain::{SeatNumber, TAKEOVER_GRACE};
use std::sync::Arc;
use std::time::Duration;

/// The seats that can't be had, among the first ten.
async fn taken(context: &TestContext) -> Result<Vec<u32>, Failure> {
    let snapshot = context.seat_snapshots()?.recent(context.performance()).await?;
    ensure_eq!(snapshot.count, snapshot.taken.len(), "taken seats");
    let seats = (1..=10).filter_map(SeatNumber::new).filter(|seat| snapshot.taken.contains(*seat));
    Ok(seats.map(SeatNumber::get).collect())
}

pub(super) async fn what_is_answered_is_in_the_next_snapshot(context: Arc<TestContext>) -> Result<(), Failure> {
    ensure_eq!(taken(&context).await?, Vec::<u32>::new());
    let kim = context.user(0);
    let held = context.held(kim, &[1, 2]).await?;
    ensure_eq!(taken(&context).await?, [1, 2]);
    let any_held = async || Ok::<_, Failure>(context.seat_snapshots()?.recent(context.performance()).await?.any_held);
    ensure!(any_held().await?, "a hold may come back by itself");
    context.execute(context.release(&held)?).await?;
    ensure_eq!(taken(&context).await?, Vec::<u32>::new());
    let paid = context.paid(kim, &[2, 3]).await?;
    ensure_eq!(taken(&context).await?, [2, 3]);
    ensure!(!any_held().await?, "what is sold does not");
    context.execute(context.cancel(&paid)?).await?;
    ensure_eq!(taken(&context).await?, Vec::<u32>::new());
    Ok(())
}

pub(super) async fn a_snapshot_ends_holds_when_their_seats_can_be_taken_over(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    ensure_eq!(taken(&context).await?, Vec::<u32>::new());
    let held = context.held(context.user(0), &[1]).await?;
    let ends = held.held_until + TAKEOVER_GRACE;
    for (now, expected) in [(ends - Duration::from_micros(1), &[1][..]), (ends, &[])] {
        context.set_now(now);
        ensure_eq!(taken(&context).await?, expected, "at {now:?}");
    }
    Ok(())
}

pub(super) async fn after_a_rush_the_snapshot_is_what_readers_find(context: Arc<TestContext>) -> Result<(), Failure> {
    ensure_eq!(taken(&context).await?, Vec::<u32>::new());
    let mut holds = Vec::new();
    for n in 0..20 {
        let first = 1 + u32::try_from(n % 12)?;
        holds.push(context.hold(context.user(n), &[first, first + 1])?);
    }
    context.at_once(holds).await?;
    let snapshot = context.seat_snapshots()?.recent(context.performance()).await?;
    let rows = context.fixture.booking.seats.not_free(context.performance()).await?;
    ensure_eq!(*snapshot, SeatSnapshot::of(&rows, context.now()));
    ensure!(snapshot.count > 0, "somebody has got seats");
    Ok(())
}

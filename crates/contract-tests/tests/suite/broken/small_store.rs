//! A store that lacks one thing each, which a store can lack without anybody's noticing it in quiet times.

use crate::small_store::{Flaw, SmallStoreWorld};
use frontrow_contract_tests::{Failure, Part, run_all, run_some};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What the small store does not have.
const MISSING: [Part; 6] =
    [Part::Catalogue, Part::Accounts, Part::Keeping, Part::Queues, Part::SeatSnapshots, Part::LostCommits];

/// Exactly these cases fail, and say where.
async fn fails(flaw: Flaw, cases: &[&'static str]) -> Result<(), Failure> {
    let report = run_some(Arc::new(SmallStoreWorld(flaw)), |name| cases.contains(&name)).await;
    let failed: BTreeSet<&str> = report.failed.iter().map(|(name, _)| *name).collect();
    let missed: Vec<_> = cases.iter().filter(|case| !failed.contains(**case)).collect();
    if missed.is_empty() { Ok(()) } else { Err(Failure::new(format!("{flaw:?} is not seen by {missed:?}: {report}"))) }
}

/// Every case of bookings that races.
const RACES: [&str; 11] = [
    "one_seat_has_one_winner",
    "the_limit_per_person_holds_under_parallel_holds",
    "overlapping_holds_get_all_or_nothing",
    "a_hold_is_paid_once",
    "a_hold_is_paid_or_released",
    "a_lapsed_hold_is_paid_or_taken_over",
    "a_reservation_is_cancelled_once",
    "buyers_of_the_best_get_different_seats",
    "the_same_key_at_once_is_carried_out_once",
    "a_charge_is_settled_once",
    "paying_and_charging_at_once_lose_no_points",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_small_store_keeps_every_promise() -> Result<(), Failure> {
    run_all(Arc::new(SmallStoreWorld(Flaw::None))).await.require(&MISSING)
}

fn rounds() -> u32 {
    std::env::var("FRONTROW_TEST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(10)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_locks_fails_every_race_every_time() -> Result<(), Failure> {
    for round in 0..rounds() {
        fails(Flaw::NoLock, &RACES).await.map_err(|failure| Failure::new(format!("round {round}: {failure}")))?;
    }
    Ok(())
}

/// The suite brings its own threads along.
#[tokio::test]
async fn a_store_without_locks_fails_on_a_runtime_of_one_thread_too() -> Result<(), Failure> {
    fails(Flaw::NoLock, &RACES).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_announces_nothing_or_too_much() -> Result<(), Failure> {
    let done = "what_is_done_is_announced_once";
    fails(Flaw::AnnouncesNothing, &[done, "what_races_is_announced_once"]).await?;
    // The end of any other case notices it, too.
    fails(Flaw::AnnouncesTwice, &[done, "what_races_is_announced_once", "one_seat_has_one_winner"]).await?;
    let nothing = "what_is_refused_or_repeated_is_not_announced";
    fails(Flaw::AnnouncesRefused, &[nothing, "what_races_is_announced_once", "one_seat_has_one_winner"]).await?;
    fails(Flaw::AnnouncesRepetitions, &[nothing, "what_races_is_announced_once"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_keeps_nothing_or_loses_what_was_answered_last() -> Result<(), Failure> {
    for flaw in [Flaw::KeepsNothing, Flaw::LosesTheLast] {
        fails(flaw, &["a_booking_outlives_the_process", "a_charge_outlives_the_process"]).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_says_where_what_and_on_which_store() -> Result<(), Failure> {
    let report =
        run_some(Arc::new(SmallStoreWorld(Flaw::KeepsNothing)), |name| name == "a_booking_outlives_the_process").await;
    let text = report.require(&MISSING).err().map(|failure| failure.to_string()).unwrap_or_default();
    for part in [
        "a_booking_outlives_the_process failed on the small store (KeepsNothing) (seed 7, step ",
        "reopening the store",
        "durability.rs:",
        "when the store is opened again after a hold",
        "found ",
        "expected ",
    ] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    Ok(())
}

//! Which case sees through which fault.

use super::{Fault, Faulty};
use frontrow_contract_tests::{Failure, run_some};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A fault that only shows in a race has to show every time.
const ROUNDS: u32 = 10;

/// Each of the cases fails.
async fn seen_by(fault: Fault, cases: &[&'static str]) -> Result<(), Failure> {
    let report = run_some(Arc::new(Faulty(fault)), |name| cases.contains(&name)).await;
    let failed: BTreeSet<&str> = report.failed.iter().map(|(name, _)| *name).collect();
    match cases.iter().find(|case| !failed.contains(**case)) {
        None => Ok(()),
        Some(case) => Err(Failure::new(format!("{case} does not see through {fault:?}: {report:?}"))),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_admits_too_many() -> Result<(), Failure> {
    let cases = [
        "no_tick_admits_more_than_there_is_room_for",
        "a_smaller_capacity_admits_nobody_until_enough_have_gone",
        "two_tickers_at_once_never_exceed_the_capacity",
        "nothing_is_lost_while_people_book_and_queues_tick",
    ];
    seen_by(Fault::AdmitsOneTooMany, &cases).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_looks_first_and_admits_later() -> Result<(), Failure> {
    for _ in 0..ROUNDS {
        seen_by(Fault::LooksAndAdmitsLater, &["two_tickers_at_once_never_exceed_the_capacity"]).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispenser_that_reads_first_and_writes_later() -> Result<(), Failure> {
    for _ in 0..ROUNDS {
        let cases = ["joins_at_once_get_numbers_one_after_the_other", "a_worthless_entry_is_replaced_at_the_end"];
        seen_by(Fault::ReadsAndJoinsLater, &cases).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_that_are_read_first_and_written_later() -> Result<(), Failure> {
    for _ in 0..ROUNDS {
        let cases = ["the_next_epoch_begins_once_and_above_all_that_was_leased", "leases_never_overlap"];
        seen_by(Fault::ReadsAndLeasesLater, &cases).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_with_an_order_of_its_own() -> Result<(), Failure> {
    let cases = ["a_tick_admits_the_lowest_ranks_checked_in", "who_comes_late_comes_with_their_own_rank"];
    seen_by(Fault::FirstComeFirstServed, &cases).await?;
    seen_by(Fault::LastFirst, &cases).await?;
    seen_by(Fault::LastFirst, &["two_tickers_at_once_never_exceed_the_capacity", "groups_take_turns_by_weight"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_does_not_see_who_is_there() -> Result<(), Failure> {
    seen_by(Fault::ForgetsNobody, &["who_is_absent_is_passed_over_and_keeps_the_entry"]).await?;
    seen_by(Fault::NeverLapses, &["whose_call_has_lapsed_must_have_come_before"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispenser_that_starts_over_after_a_loss() -> Result<(), Failure> {
    let cases = [
        "who_has_a_token_keeps_the_entry_when_all_numbers_are_lost",
        "numbers_after_a_loss_are_new_whoever_notices_it",
    ];
    seen_by(Fault::StartsOver, &cases).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_does_not_free_admissions() -> Result<(), Failure> {
    let cases = [
        "leaving_frees_the_admission_once",
        "paying_frees_the_admission_in_the_same_command",
        "who_may_buy_more_keeps_the_admission",
    ];
    seen_by(Fault::KeepsAdmissions, &cases).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_lets_anybody_hold() -> Result<(), Failure> {
    seen_by(Fault::LetsAnybodyHold, &["a_hold_needs_an_admission"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispenser_that_gives_entries_as_it_likes() -> Result<(), Failure> {
    let cases = ["joining_twice_gives_the_same_entry", "joins_at_once_get_numbers_one_after_the_other"];
    seen_by(Fault::JoinsAgain, &cases).await?;
    seen_by(Fault::TwoDispensers, &cases).await?;
    seen_by(Fault::KeepsWorthless, &["a_worthless_entry_is_replaced_at_the_end"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_that_overlap() -> Result<(), Failure> {
    let once = "the_next_epoch_begins_once_and_above_all_that_was_leased";
    seen_by(Fault::BeginsTwice, &[once]).await?;
    seen_by(Fault::LeasesAgain, &[once, "leases_never_overlap"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_does_not_do_as_operators_say() -> Result<(), Failure> {
    seen_by(Fault::NotesNothing, &["what_operators_do_is_noted_with_it"]).await?;
    let cases = ["an_operator_changes_what_they_name", "no_change_of_a_queue_is_lost_between_its_ticks"];
    seen_by(Fault::LosesChanges, &cases).await
}

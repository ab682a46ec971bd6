//! A COMMIT that fails, at everything that commits: it is no success, and nothing begins on what it leaves behind.

use super::acts::{Act, Refused, Writing};
use crate::store::testbed::{Testbed, on_every_database};
use frontrow_adapters::sql::hook::CommitFault;
use frontrow_application::Outage;
use frontrow_application::port::{Probe, StoreError};

/// Lets the COMMIT of everything fail, so many times; then does it again.
async fn at_everything(
    testbed: &Testbed,
    fault: CommitFault,
    times: usize,
    check: impl AsyncFn(&Act, Result<(), Refused>),
) {
    let writing = Writing::on(testbed).await;
    writing.trouble.quiet(true);
    let mut acts = writing.one_of_each().await;
    let now = acts.len();
    for number in 0.. {
        if number == now {
            acts.extend(writing.late().await);
        }
        let Some(act) = acts.get(number) else { break };
        let before = writing.context().dump().await;
        writing.trouble.fail_commits(fault, times);
        let result = writing.run(act).await;
        assert_eq!(writing.trouble.commits_left(), 0, "{act:?} commits");
        let done = result.is_ok();
        assert_eq!(writing.context().dump().await != before, done, "{act:?}: {result:?}");
        check(act, result).await;
        writing.assert_others_can_write(1000 + number as u128).await;
        if !done {
            assert_eq!(writing.run(act).await, Ok(()), "{act:?} can be repeated");
        }
    }
    writing.trouble.quiet(false);
    writing.until_ready().await;
    kept_after_a_restart(&writing).await;
}

async fn kept_after_a_restart(writing: &Writing) {
    let context = writing.context();
    assert_eq!(context.audit().await, []);
    let before = context.dump().await;
    context.database.close().await;
    let again = context.testbed.opened_again().await;
    assert_eq!(context.dump().await, before);
    again.close().await;
}

async fn a_commit_without_room_has_not_happened_and_can_be_repeated(testbed: &Testbed) {
    at_everything(testbed, CommitFault::Full, 1, async |act, result| {
        assert_eq!(result, Err(Refused::Full), "{act:?}");
    })
    .await;
}

/// What can be asked whether it has happened is asked, and done; of the rest it is said that nobody knows.
async fn a_commit_that_may_have_happened_is_no_success_unless_it_has(testbed: &Testbed) {
    at_everything(testbed, CommitFault::Unknown, 1, async |act, result| {
        let asks = matches!(act, Act::Command(_) | Act::Join(_) | Act::CheckIn(_) | Act::Tick);
        assert_eq!(result, if asks { Ok(()) } else { Err(Refused::Unknown) }, "{act:?}");
    })
    .await;
}

async fn commits_that_may_all_have_happened_are_called_unknown(testbed: &Testbed) {
    let writing = Writing::on(testbed).await;
    for act in [Act::Join(1), Act::CheckIn(1), Act::Command(writing.context().hold(1, "hold", &[1]))] {
        let before = writing.context().dump().await;
        writing.trouble.fail_commits(CommitFault::Unknown, 4);
        assert_eq!(writing.run(&act).await, Err(Refused::Unknown), "{act:?}");
        assert_eq!(writing.context().dump().await, before);
        assert_eq!(writing.run(&act).await, Ok(()));
    }
}

async fn whoever_has_no_room_is_not_ready_until_there_is_some(testbed: &Testbed) {
    let writing = Writing::on(testbed).await;
    assert!(writing.housekeeping.now().await.is_ok());
    writing.trouble.fail_commits(CommitFault::Full, 1);
    assert_eq!(writing.run(&Act::SignUp(1)).await, Err(Refused::Full));
    // So that whatever tries by itself fails, too.
    writing.trouble.fail_commits(CommitFault::Full, usize::MAX);
    let tried = async {
        while writing.trouble.commits_left() > usize::MAX - 2 {
            assert!(matches!(writing.housekeeping.now().await, Err(StoreError::Outage(Outage::StorageFull { .. }))));
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(std::time::Duration::from_mins(1), tried).await.is_ok(), "nobody tries");
    assert!(matches!(writing.housekeeping.now().await, Err(StoreError::Outage(Outage::StorageFull { .. }))));
    writing.trouble.fail_commits(CommitFault::Full, 0);
    writing.until_ready().await;
    assert_eq!(writing.run(&Act::SignUp(1)).await, Ok(()));
    assert_eq!(
        writing.context().testbed.count("idempotency_record WHERE at = 0").await,
        0,
        "what was tried is taken away"
    );
}

on_every_database! {
    a_commit_without_room_has_not_happened_and_can_be_repeated,
    a_commit_that_may_have_happened_is_no_success_unless_it_has,
    commits_that_may_all_have_happened_are_called_unknown,
    whoever_has_no_room_is_not_ready_until_there_is_some,
}

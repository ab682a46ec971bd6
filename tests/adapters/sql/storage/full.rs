//! Files that can't grow, in the middle of traffic: what was answered as done is there, what was refused is not, and all
//! goes on when there is room again.

use super::acts::{Act, Refused, Writing, account};
use crate::store::testbed::Testbed;
use frontrow_application::Outage;
use frontrow_application::port::{AccountRepository, NumberDispenser, Probe, StoreError};
use frontrow_domain::waiting_room::Group;
use futures::future::join_all;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

async fn writing() -> Writing {
    let testbed = Testbed::on(None, "full").await.unwrap();
    Writing::on(&testbed).await
}

/// One kind of write after the other, each until there is no page for it, or until there is nothing left to do.
#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_write_is_done_or_refused_and_nothing_between() {
    let writing = writing().await;
    let (first, once): (Vec<_>, Vec<_>) = writing.one_of_each().await.into_iter().partition(is_needed_by_others);
    for act in &first {
        assert_eq!(writing.run(act).await, Ok(()));
    }
    let more = (200..300).flat_map(|n| [Act::SignUp(n), Act::LogIn(n), Act::Concert(n), Act::Join(n), Act::CheckIn(n)]);
    let holds = (42..65).map(|seat| writing.context().hold(u128::from(seat), "hold", &[seat]));
    let charges = (22..64).map(|n| writing.context().charge(n, "charge"));
    let acts: Vec<Act> = once.into_iter().chain(more).chain(holds.chain(charges).map(Act::Command)).collect();
    writing.trouble.no_more_pages();
    let mut refused = Vec::new();
    for act in &acts {
        let before = writing.context().dump().await;
        match writing.run(act).await {
            Ok(()) => assert_ne!(writing.context().dump().await, before, "{act:?} was answered, and is not there"),
            Err(why) => {
                assert_eq!(why, Refused::Full, "{act:?}");
                assert_eq!(writing.context().dump().await, before, "{act:?} was refused, and has left something");
                refused.push(act);
            }
        }
        writing.context().assert_nobody_writes().await;
    }
    for kind in ["SignUp", "LogIn", "Concert", "Join", "CheckIn", "Hold(", "Charge("] {
        assert!(refused.iter().any(|act| format!("{act:?}").contains(kind)), "no {kind} was refused");
    }
    assert!(matches!(writing.housekeeping.now().await, Err(StoreError::Outage(Outage::StorageFull { .. }))));
    writing.trouble.pages_as_needed();
    for act in refused {
        assert_eq!(writing.run(act).await, Ok(()), "{act:?}, again");
    }
    writing.until_ready().await;
    assert_eq!(writing.context().audit().await, []);
}

fn is_needed_by_others(act: &Act) -> bool {
    matches!(act, Act::Venue | Act::SeatMap | Act::Concert(_) | Act::Performance)
}

/// Many at once, while the file can grow, then can't, then can.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_answered_while_a_file_is_full_now_and_then_is_there_after_a_restart() {
    const EACH: u128 = 150;
    let writing = Arc::new(writing().await);
    let answered = Arc::new(AtomicU32::new(0));
    let kinds: [fn(u128) -> Act; 4] = [Act::SignUp, Act::LogIn, Act::Join, Act::Concert];
    let traffic = kinds.map(|act| {
        let (writing, answered) = (Arc::clone(&writing), Arc::clone(&answered));
        tokio::spawn(async move {
            let mut done = Vec::new();
            for n in 1000..1000 + EACH {
                match writing.run(&act(n)).await {
                    Ok(()) => done.push(n),
                    Err(why) => assert_eq!(why, Refused::Full, "{:?}", act(n)),
                }
                answered.fetch_add(1, Ordering::SeqCst);
            }
            done
        })
    });
    for full in [true, false].into_iter().cycle().take(8) {
        let from = answered.load(Ordering::SeqCst);
        while answered.load(Ordering::SeqCst) < from + 60 && traffic.iter().any(|task| !task.is_finished()) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        if full {
            writing.trouble.no_more_pages();
        } else {
            writing.trouble.pages_as_needed();
        }
    }
    writing.trouble.pages_as_needed();
    let done: Vec<Vec<u128>> = join_all(traffic).await.into_iter().map(Result::unwrap).collect();
    let all = usize::try_from(EACH).unwrap() * done.len();
    let kept: usize = done.iter().map(Vec::len).sum();
    assert!((all / 10..all).contains(&kept), "{kept} of {all} done: some have to be, and some not");
    are_there_after_a_restart(&writing, &done).await;
}

async fn are_there_after_a_restart(writing: &Writing, done: &[Vec<u128>]) {
    writing.context().database.close().await;
    let testbed = &writing.context().testbed;
    let again = testbed.opened_again().await;
    let accounts = frontrow_adapters::sql::SqlAccounts::new(again.clone());
    for n in &done[0] {
        let account = account(*n);
        assert_eq!(accounts.by_email(&account.user.email).await, Ok(Some(account)), "{n}");
    }
    let rows = [("users WHERE email LIKE 'new%'", 0), ("refresh_token", 1), ("queue_entry", 2), ("concert", 3)];
    for (rows, kind) in rows {
        assert_eq!(testbed.count(rows).await, i64::try_from(done[kind].len()).unwrap(), "{rows}");
    }
    let world = &writing.context().world;
    let queues = Box::pin(frontrow_adapters::sql::SqlQueues::open(&again, world.clone(), world.clone())).await.unwrap();
    let entries = queues.entries(writing.room.sale.id, Group::FIRST, 0, 1000).await.unwrap();
    assert_eq!(entries.len(), done[2].len());
}

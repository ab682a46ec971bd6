//! Queue entries: numbered by one counter, whatever comes at once.

use super::room::{Room, join, key};
use crate::store::testbed::{Testbed, on_every_database};
use frontrow_application::port::{Join, NumberDispenser, QueueStore};
use frontrow_domain::waiting_room::{CheckInOutcome, Group};
use futures::future::join_all;
use std::collections::{BTreeMap, BTreeSet};

async fn whoever_joins_twice_at_once_has_one_entry_and_no_number_is_left_out(testbed: &Testbed) {
    let room = Room::new(testbed, 1).await;
    let instances = [room.instance().await, room.instance().await];
    let both = instances.iter().flat_map(|queues| (1..=60).map(|n| queues.join(join(n))));
    let joined: Vec<_> = join_all(both).await.into_iter().map(Result::unwrap).collect();
    for (one, other) in joined[..60].iter().zip(&joined[60..]) {
        assert_eq!(one.entry, other.entry);
    }
    assert_eq!(joined.iter().filter(|joined| joined.is_new).count(), 60);
    let numbers: BTreeSet<u64> = joined.iter().map(|joined| joined.entry.number.get()).collect();
    assert_eq!(numbers, (1..=60).collect());
    assert_eq!(instances[0].issued(room.sale.id, 2).await, Ok(vec![60, 0]));

    let theirs: BTreeMap<_, _> = (1..=60).map(|n| (joined[n - 1].entry.number, key(n as u128).user)).collect();
    let read = instances[0].entries(room.sale.id, Group::FIRST, 20, 100).await.unwrap();
    assert_eq!(read, theirs.into_iter().skip(20).collect::<Vec<_>>());
}

async fn whose_entry_is_worth_nothing_any_more_gets_one_new_one_at_the_end(testbed: &Testbed) {
    let room = Room::new(testbed, 1).await;
    let instances = [room.instance().await, room.instance().await];
    let old = instances[0].join(join(1)).await.unwrap().entry;
    instances[0].join(join(2)).await.unwrap();
    let again = Join { worthless: Some(old), ..join(1) };
    let joined = join_all((0..8).map(|n| instances[n % 2].join(again))).await;
    let joined: Vec<_> = joined.into_iter().map(Result::unwrap).collect();
    assert!(joined.iter().all(|joined| joined.entry.number.get() == 3), "{joined:?}");
    assert_eq!(joined.iter().filter(|joined| joined.is_new).count(), 1);
    assert_eq!(instances[0].issued(room.sale.id, 1).await, Ok(vec![3]));
    let read = instances[0].entries(room.sale.id, Group::FIRST, 0, 100).await.unwrap();
    assert_eq!(
        read.iter().map(|(number, user)| (number.get(), *user)).collect::<Vec<_>>(),
        [(2, key(2).user), (3, key(1).user)]
    );
}

async fn who_goes_away_has_joined_all_the_same(testbed: &Testbed) {
    let room = Room::new(testbed, 1).await;
    let queues = room.instance().await;
    let mut impatient = queues.join(join(1));
    assert!(futures::poll!(&mut impatient).is_pending());
    drop(impatient);
    queues.join(join(2)).await.unwrap();
    // Another worker may still be at the first join.
    queues.drain().await;
    assert_eq!(queues.issued(room.sale.id, 1).await, Ok(vec![2]));
    assert!(queues.join(join(3)).await.is_err(), "nobody is served any more");
}

async fn check_ins_at_once_touch_their_own_rows_only(testbed: &Testbed) {
    let room = Room::new(testbed, 64).await;
    let instances = [room.instance().await, room.instance().await];
    for _ in 0..3 {
        let check_ins = (1..=64).flat_map(|n| instances.iter().map(move |queues| (n, queues)));
        let checked_in = join_all(check_ins.map(|(n, queues)| queues.check_in(room.check_in(n), false))).await;
        assert!(checked_in.iter().all(|checked_in| *checked_in == Ok(CheckInOutcome::Present)), "{checked_in:?}");
    }
    assert_eq!(room.context.testbed.count("check_in").await, 64);
    assert_eq!(instances[0].check_in(room.check_in(65), true).await, Ok(CheckInOutcome::Lapsed), "who never came");
    assert_eq!(
        instances[0].check_in(room.check_in(64), true).await,
        Ok(CheckInOutcome::Present),
        "who has come before"
    );
    assert_eq!(instances[0].tick(&room.order()).await.unwrap().unwrap().admitted.len(), 64);
    assert!(matches!(instances[1].check_in(room.check_in(1), false).await, Ok(CheckInOutcome::Admitted(_))));
    room.assert_consistent().await;
}

on_every_database! {
    whoever_joins_twice_at_once_has_one_entry_and_no_number_is_left_out,
    whose_entry_is_worth_nothing_any_more_gets_one_new_one_at_the_end,
    who_goes_away_has_joined_all_the_same,
    check_ins_at_once_touch_their_own_rows_only,
}

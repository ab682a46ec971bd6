//! Ticks of several instances at once.

use super::room::{Room, key};
use crate::store::place::{Place, on_every_database};
use frontrow_adapters::sql::SqlLines;
use frontrow_application::port::{LineStore, StoreError, TickReport};
use frontrow_domain::waiting_room::{Claimed, LineChange, LineUpdate, Phase};
use futures::future::join_all;
use std::sync::Arc;

const CAPACITY: u32 = 7;

async fn tick(lines: &SqlLines, room: &Room) -> Option<TickReport> {
    lines.tick(&room.order()).await.unwrap()
}

async fn instances(room: &Room) -> [Arc<SqlLines>; 3] {
    [room.instance().await, room.instance().await, room.instance().await]
}

async fn instances_that_tick_at_once_admit_the_lowest_ranks_and_no_more_than_there_is_room_for(place: &Place) {
    let room = Room::new(place, CAPACITY).await;
    let instances = instances(&room).await;
    join_all((1..=40).rev().map(|n| room.come(&instances[n as usize % 3], n))).await;
    let (mut next, mut most) = (1, 40);
    while next <= 40 {
        join_all((0..9).map(|n| tick(&instances[n % 3], &room))).await;
        assert_eq!(room.taken().await, i64::from(CAPACITY).min(most), "somebody's tick admits whoever fits in");
        let leaving = next..(next + u128::from(CAPACITY)).min(41);
        next = leaving.end;
        most -= i64::from(CAPACITY);
        join_all(leaving.map(|n| room.leave(n))).await;
        assert_eq!(room.taken().await, 0);
    }
    let log = room.log(&instances[0]).await;
    assert_eq!(log.iter().map(|admitted| admitted.key).collect::<Vec<_>>(), (1..=40).map(key).collect::<Vec<_>>());
    assert!(log.iter().all(|admitted| admitted.active_after <= admitted.capacity && admitted.capacity == CAPACITY));
    assert_eq!(instances[1].line(room.sale.id).await.unwrap().unwrap().admitted, 40);
    assert_eq!(room.stage.place.count("door").await, 0);
    room.assert_consistent().await;
}

/// Asks again and again, as clients do; once admitted, picks it up and leaves.
async fn visit(room: &Room, lines: &SqlLines, n: u128) {
    loop {
        match lines.claim(room.claim(n), false).await {
            Ok(Claimed::AtDoor) | Err(StoreError::Busy { .. }) => tokio::task::yield_now().await,
            Ok(Claimed::Admitted(_)) => break,
            other => panic!("{other:?}"),
        }
    }
    room.pick_up(n).await;
    room.leave(n).await;
}

async fn claims_ticks_and_departures_at_once_never_take_more_slots_than_there_are(place: &Place) {
    let room = Room::new(place, 3).await;
    let instances = instances(&room).await;
    let visits = join_all((1..=48).map(|n| visit(&room, &instances[n as usize % 3], n)));
    let ticks = async |n: usize| {
        loop {
            // Who is in the way of SQLite's only writer for too long may be told so.
            drop(instances[n].tick(&room.order()).await);
            assert!(room.taken().await <= 3);
        }
    };
    tokio::select! {
        _ = visits => {}
        () = ticks(0) => {}
        () = ticks(1) => {}
        () = ticks(2) => {}
    }
    join_all(instances.iter().map(|lines| lines.drain())).await;
    let log = room.log(&instances[0]).await;
    assert!(log.iter().all(|admitted| admitted.active_after <= 3), "{log:?}");
    assert_eq!(log.len(), 48, "everybody was admitted once");
    room.assert_consistent().await;
}

async fn operators_and_ticks_wait_for_each_other(place: &Place) {
    let room = Room::new(place, 2).await;
    let lines = room.instance().await;
    for n in 1..=3 {
        room.come(&lines, n).await;
    }
    let (report, updated) = tokio::join!(tick(&lines, &room), async {
        let change = LineChange { capacity: Some(1), ..LineChange::default() };
        lines.update_line(room.sale.id, &LineUpdate::Operator(change), None).await.unwrap().unwrap().unwrap()
    });
    let line = lines.line(room.sale.id).await.unwrap().unwrap();
    let ticks = i64::from(report.is_some());
    assert_eq!(line.version.get(), 2 + ticks, "neither has undone what the other did");
    assert_eq!((line.capacity, updated.capacity), (1, 1));
    room.assert_consistent().await;
}

async fn a_line_is_over_when_it_is_closed_and_nobody_is_admitted_any_more(place: &Place) {
    let room = Room::new(place, 1).await;
    let lines = room.instance().await;
    room.come(&lines, 1).await;
    tick(&lines, &room).await.unwrap();
    let put = async |phase| {
        let change = LineChange { phase: Some(phase), ..LineChange::default() };
        lines.update_line(room.sale.id, &LineUpdate::Operator(change), None).await.unwrap().unwrap().unwrap();
        lines.lines().await.unwrap().len()
    };
    assert_eq!(put(Phase::Closed).await, 1, "somebody is still in there");
    room.leave(1).await;
    tick(&lines, &room).await.unwrap();
    assert_eq!(lines.lines().await, Ok(Vec::new()));
    assert_eq!(put(Phase::Open).await, 1, "an operator can think better of it");
    assert_eq!(put(Phase::Closed).await, 0);
}

on_every_database! {
    instances_that_tick_at_once_admit_the_lowest_ranks_and_no_more_than_there_is_room_for,
    claims_ticks_and_departures_at_once_never_take_more_slots_than_there_are,
    operators_and_ticks_wait_for_each_other,
    a_line_is_over_when_it_is_closed_and_nobody_is_admitted_any_more,
}

//! Somebody whose own commands keep their row locked: those behind them are not starved, and they come in, too.

use super::room::{Nobody, Room, key};
use crate::connection::session;
use crate::store::testbed::{Testbed, on_database, on_every_database, on_every_server};
use async_trait::async_trait;
use frontrow_adapters::sql::SqlQueues;
use frontrow_adapters::sql::hook::{Fault, Hook};
use frontrow_application::Outage;
use frontrow_application::port::{BookingError, QueueStore, StoreError};
use frontrow_domain::waiting_room::Skips;
use frontrow_domain::{BuyerKey, Command, Leave, Operation};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

/// The ticks of two seconds.
const TICKS: usize = 20;

/// Whom a tick admits.
async fn tick(room: &Room, queues: &SqlQueues) -> Vec<BuyerKey> {
    match queues.tick(&room.order()).await {
        Ok(report) => report.map(|report| report.admitted).unwrap_or_default(),
        // SQLite has one writer.
        Err(StoreError::Outage(Outage::Busy { .. })) => Vec::new(),
        Err(error) => panic!("{error}"),
    }
}

/// As the commands themselves: whoever asks for one over HTTP without an admission locks nothing.
async fn leave_for_ever(room: &Room, n: u128) {
    loop {
        let leave = Command::unkeyed(Operation::Leave(Leave { buyer: key(n) }));
        match room.context.run(&leave).await {
            Ok(_) | Err(BookingError::Outage(_) | BookingError::TooMany { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

async fn who_leaves_again_and_again_starves_nobody(testbed: &Testbed) {
    // A file is for one instance.
    let instances = if testbed.server().is_some() { 6 } else { 1 };
    let room = Room::with_instances(testbed, 2, instances, Arc::new(Nobody)).await;
    let queues = room.instance().await;
    for n in [1, 2] {
        room.come(&queues, n).await;
    }
    let admitted = async {
        let mut admitted = Vec::new();
        for _ in 0..TICKS {
            admitted.extend(tick(&room, &queues).await);
            if admitted.contains(&key(2)) {
                return admitted;
            }
        }
        panic!("person 2 was not admitted in {TICKS} ticks: {admitted:?}");
    };
    tokio::select! {
        _ = admitted => {}
        () = leave_for_ever(&room, 1) => {}
        () = leave_for_ever(&room, 1) => {}
        () = leave_for_ever(&room, 1) => {}
        () = leave_for_ever(&room, 1) => {}
    }
    // What was begun for those who have gone comes to its end.
    for _ in 0..TICKS {
        room.context.run(&Command::unkeyed(Operation::Leave(Leave { buyer: key(1) }))).await.unwrap();
        tick(&room, &queues).await;
    }
    room.assert_consistent().await;
}

/// Has the row of person 1 until it is dropped.
async fn lock_person_1(testbed: &Testbed) -> DatabaseConnection {
    let session = session(testbed.server().unwrap().url()).await;
    session.execute_unprepared("BEGIN").await.unwrap();
    let (sale, user) = (testbed.id(key(1).sale.uuid()), testbed.id(key(1).user.uuid()));
    let lock = format!("SELECT version FROM buyer WHERE sale_id = {sale} AND user_id = {user} FOR UPDATE");
    session.execute_unprepared(&lock).await.unwrap();
    session
}

async fn whose_row_stays_locked_is_waited_for_and_then_passed_over_once(testbed: &Testbed) {
    let room = Room::new(testbed, 1).await;
    let queues = room.instance().await;
    for n in [1, 2, 3] {
        room.come(&queues, n).await;
    }
    room.context.world.set_seconds(5);
    let session = lock_person_1(testbed).await;
    for _ in 0..Skips::PATIENCE {
        assert_eq!(tick(&room, &queues).await, [], "the group waits for person 1");
    }
    assert_eq!(tick(&room, &queues).await, [key(2)], "not for ever");
    room.pick_up(2).await;
    room.leave(2).await;
    room.context.world.set_seconds(9);
    assert_eq!(tick(&room, &queues).await, [], "and waits again");
    session.execute_unprepared("ROLLBACK").await.unwrap();
    assert_eq!(tick(&room, &queues).await, [key(1)], "before everybody else");
    room.assert_consistent().await;
}

/// Fails the second transaction that begins once it is armed.
#[derive(Default)]
struct FailsSecondBegin {
    begins: AtomicI32,
}

#[async_trait]
impl Hook for FailsSecondBegin {
    fn before(&self, text: &str) -> Option<Fault> {
        (text == "begin" && self.begins.fetch_sub(1, Ordering::SeqCst) == 1).then_some(Fault::Other)
    }
}

/// A session that goes on waiting for a second only would give up too early what it does next. Only MySQL says what others
/// have set; MariaDB is spoken to in the same words.
async fn no_session_keeps_the_short_wait(testbed: &Testbed) {
    let room = Room::new(testbed, 1).await;
    let hook = Arc::new(FailsSecondBegin::default());
    let queues = room.instance_with(hook.clone()).await;
    for n in [1, 2] {
        room.come(&queues, n).await;
    }
    let session = lock_person_1(testbed).await;
    for _ in 0..Skips::PATIENCE {
        assert_eq!(tick(&room, &queues).await, []);
    }
    // It waits in vain, and then can't begin anew.
    hook.begins.store(2, Ordering::SeqCst);
    let failed = queues.tick(&room.order()).await;
    assert!(matches!(failed, Err(StoreError::Fault(_))), "{failed:?}");
    let waits = "SELECT DISTINCT v.variable_value FROM performance_schema.variables_by_thread v \
                 JOIN performance_schema.threads t ON t.thread_id = v.thread_id \
                 WHERE v.variable_name = 'innodb_lock_wait_timeout' AND t.processlist_db = DATABASE()";
    assert!(!testbed.texts(waits).await.contains(&"1".to_owned()), "{:?}", testbed.texts(waits).await);
    session.execute_unprepared("ROLLBACK").await.unwrap();
}

mod everywhere {
    use super::*;
    on_every_database! { who_leaves_again_and_again_starves_nobody }
}

mod servers {
    use super::*;
    on_every_server! {
        whose_row_stays_locked_is_waited_for_and_then_passed_over_once
    }
}

mod where_sessions_can_be_looked_at {
    use super::*;
    on_database! { mysql Some(frontrow_test_databases::Kind::MySql); no_session_keeps_the_short_wait }
}

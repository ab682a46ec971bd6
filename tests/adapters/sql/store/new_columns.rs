//! The schema changes under a running instance: nobody hears of it.

use super::context::{TestContext, user};
use super::testbed::{TABLES, Testbed, on_every_database};
use crate::queues::room::{Room, join, key};
use frontrow_adapters::sql::{SqlAccounts, SqlQueues, SqlReaders};
use frontrow_application::PageRequest;
use frontrow_application::port::{AccountRepository, NumberDispenser, QueueStore, ReservationReader, WalletReader};
use frontrow_domain::Outcome;
use frontrow_domain::waiting_room::{QueueChange, QueueUpdate};
use frontrow_test_databases::Kind;
use std::sync::Arc;

/// What instances do all the time, in the order in which it happens to one person: commands, queues, reads and writes.
async fn everything(room: &Room, queues: &SqlQueues, n: u128) {
    let context = &room.context;
    let (readers, accounts) =
        (SqlReaders::new(Arc::clone(&context.database)), SqlAccounts::new(Arc::clone(&context.database)));
    context.fund(n).await;
    let held = context.held(&context.hold(n, "hold", &[u32::try_from(n).unwrap()])).await;
    let paid = context.run(&context.pay(&held, "pay")).await;
    assert!(matches!(paid, Ok(Outcome::Paid { .. })), "{paid:?}");
    assert_eq!(readers.balance(user(n)).await.unwrap().amount(), 99_000);
    assert_eq!(readers.reservation(held.id).await.unwrap().map(|found| found.id), Some(held.id));
    assert_eq!(readers.tickets(held.id).await.unwrap().len(), 1);
    let page = readers.reservations_of(user(n), PageRequest::new(10, None).unwrap()).await.unwrap();
    assert_eq!(page.items.len(), 1);
    assert!(accounts.user(user(n)).await.unwrap().is_some());
    context.run(&context.cancel(&held, "cancel")).await.unwrap();

    queues.join(join(n)).await.unwrap();
    room.come(queues, n).await;
    assert_eq!(queues.tick(&room.order()).await.unwrap().unwrap().admitted, [key(n)]);
    assert!(queues.whereabouts(key(n)).await.unwrap().buyer.is_some());
    room.pick_up(n).await;
    room.leave(n).await;
    let change = QueueChange { message: Some(format!("message {n}")), ..QueueChange::default() };
    queues.update_queue(room.sale.id, &QueueUpdate::Operator(change), None).await.unwrap().unwrap().unwrap();
    assert_eq!(queues.queue(room.sale.id).await.unwrap().unwrap().message, Some(format!("message {n}")));
    assert_eq!(queues.queues().await.unwrap().len(), 1);
}

/// Adds a column to every table. Where a statement minds that the type of a column has changed, such types change, too.
async fn change_the_schema(context: &TestContext) {
    let testbed = &context.testbed;
    let kind = testbed.server().map(frontrow_test_databases::TestDatabase::kind);
    let place = if matches!(kind, Some(Kind::MySql | Kind::MariaDb)) { "FIRST" } else { "" };
    for table in TABLES {
        testbed.run(&format!("ALTER TABLE {table} ADD COLUMN added_meanwhile INT {place}")).await;
    }
    if kind == Some(Kind::Postgres) {
        let columns = "SELECT format('ALTER TABLE %I ALTER COLUMN %I TYPE %s', table_name, column_name, \
                       CASE data_type WHEN 'text' THEN 'varchar' ELSE 'text' END) FROM information_schema.columns \
                       WHERE table_schema = current_schema() AND data_type IN ('text', 'character varying') \
                       AND table_name <> 'seaql_migrations'";
        for statement in testbed.texts(columns).await {
            testbed.run(&statement).await;
        }
    }
}

async fn nobody_hears_of_columns_that_are_added_meanwhile(testbed: &Testbed) {
    let room = Room::new(testbed, 10).await;
    let queues = room.instance().await;
    everything(&room, &queues, 1).await;
    change_the_schema(&room.context).await;
    for n in 2..=4 {
        everything(&room, &queues, n).await;
    }
    room.assert_consistent().await;
}

on_every_database! { nobody_hears_of_columns_that_are_added_meanwhile }

//! A server's database: who may change its schema, and what the schema itself refuses.

use crate::connection::connect;
use crate::setup::Counter;
use crate::store::testbed::{Testbed, on_every_server};
use frontrow_adapters::sql::{Database, DatabaseError, DatabaseSettings, SchemaState};
use frontrow_migration::{Migrator, MigratorTrait};
use futures::future::join_all;
use sea_orm::ConnectionTrait;
use std::sync::Arc;
use uuid::Uuid;

async fn open(testbed: &Testbed) -> Database {
    let settings = DatabaseSettings { readers: 1, ..DatabaseSettings::new(testbed.server().unwrap().url()) };
    Database::open(&settings, Arc::new(Counter::default())).await.unwrap()
}

async fn instances_that_migrate_at_once_all_find_it_done(testbed: &Testbed) {
    let raw = connect(testbed.server().unwrap().url()).await;
    Migrator::down(&raw, None).await.unwrap();
    let instances = join_all((0..4).map(|_| open(testbed))).await;
    let Ok(SchemaState::Pending(steps)) = instances[0].schema_state().await else { panic!("everything was undone") };
    assert_eq!(steps.len(), Migrator::migrations().len());
    for migrated in join_all(instances.iter().map(Database::migrate)).await {
        assert_eq!(migrated, Ok(()));
    }
    for instance in &instances {
        assert_eq!(instance.schema_state().await, Ok(SchemaState::Current));
    }
}

async fn the_schema_of_another_release_is_told_apart(testbed: &Testbed) {
    let database = open(testbed).await;
    let last = Migrator::migrations().last().unwrap().name().to_owned();
    testbed.run(&format!("DELETE FROM seaql_migrations WHERE version = '{last}'")).await;
    assert_eq!(database.schema_state().await, Ok(SchemaState::Pending(vec![last])));
    database.migrate().await.unwrap();
    assert_eq!(database.schema_state().await, Ok(SchemaState::Current));

    testbed.run("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_later', 0)").await;
    let newer = vec!["m9999_later".to_owned()];
    assert_eq!(database.schema_state().await, Ok(SchemaState::Newer(newer.clone())));
    assert_eq!(database.migrate().await, Err(DatabaseError::Newer(newer)));
}

async fn the_schema_is_a_second_line_of_defence(testbed: &Testbed) {
    let raw = connect(testbed.server().unwrap().url()).await;
    let id = |n| testbed.id(Uuid::from_u128(n));
    let ticket = |number: u32, version: u32, live: &str| {
        format!("INSERT INTO ticket VALUES ({}, {number}, {version}, {}, {live})", id(10), id(30))
    };
    let transfer = |n, amount: i64| {
        format!("INSERT INTO transfer VALUES ({}, {}, {}, {amount}, {}, 0)", id(n), id(1), id(2), id(3))
    };
    let wallet =
        |n, balance: i64| format!("INSERT INTO wallet (user_id, balance, version) VALUES ({}, {balance}, 1)", id(n));
    for fine in [wallet(1, 0), transfer(1, 1), ticket(1, 1, "NULL"), ticket(1, 2, "NULL"), ticket(1, 3, "1")] {
        testbed.run(&fine).await;
    }
    let broke = ["balance", "pending"].map(|column| format!("UPDATE wallet SET {column} = -1"));
    let [broke, owing] = broke;
    for wrong in [wallet(2, -1), broke, owing, transfer(2, 0), ticket(1, 4, "1"), ticket(1, 3, "NULL")] {
        assert!(raw.execute_unprepared(&wrong).await.is_err(), "{wrong}");
    }
}

on_every_server! {
    instances_that_migrate_at_once_all_find_it_done,
    the_schema_of_another_release_is_told_apart,
    the_schema_is_a_second_line_of_defence,
}

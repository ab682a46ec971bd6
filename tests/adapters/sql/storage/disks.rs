//! Servers whose disk is filled for real, and freed again. In the soak, because a server of its own takes its time.

use super::acts::account;
use crate::connection::connect;
use crate::store::context::{World, at};
use frontrow_adapters::sql::{Database, DatabaseSettings, SqlAccounts, SqlHousekeeping};
use frontrow_application::Outage;
use frontrow_application::port::{AccountRepository, Probe, StoreError};
use frontrow_test_databases::{Kind, on_small_disk};
use sea_orm::ConnectionTrait;
use std::sync::Arc;
use std::time::Duration;

/// What is asked for again and again comes about within this time.
const PATIENCE: Duration = Duration::from_secs(90);
/// More sign-ups than a table that can't grow has room for.
const MANY: u128 = 20_000;

async fn what_is_answered_on_a_full_disk_is_true(kind: Kind) {
    if std::env::var("FRONTROW_TEST_SMALL_DISKS").is_err() {
        return;
    }
    let Some(server) = on_small_disk(kind, "disks").await else { return };
    let administrator = connect(server.url()).await;
    administrator.execute_unprepared("CREATE DATABASE frontrow").await.unwrap();
    let url = format!("{}/frontrow", server.url().rsplit_once('/').unwrap().0);
    let settings = DatabaseSettings { readers: 2, ..DatabaseSettings::new(url) };
    let database = Arc::new(Database::open(&settings, Arc::new(World::default())).await.unwrap());
    database.migrate().await.unwrap();
    let accounts = SqlAccounts::new(database.clone());
    let housekeeping = SqlHousekeeping::new(database.clone());

    server.fill().unwrap();
    let (mut done, mut refused) = (Vec::new(), Vec::new());
    for n in 0..MANY {
        match accounts.add(&account(n), at(1)).await {
            Ok(()) => done.push(n),
            Err(error) => {
                assert!(error.is_transient(), "{error:?}");
                if refused.is_empty() {
                    assert!(matches!(error, StoreError::Outage(Outage::StorageFull { .. })), "{error:?}");
                    assert!(housekeeping.now().await.is_err(), "it is not ready");
                }
                refused.push(n);
            }
        }
        if refused.len() == 20 {
            break;
        }
    }
    assert_eq!(refused.len(), 20, "{} were done", done.len());
    server.free().unwrap();
    let ready = async {
        while housekeeping.now().await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, ready).await.is_ok(), "it does not get ready again");
    database.close().await;

    let database = Arc::new(Database::open(&settings, Arc::new(World::default())).await.unwrap());
    let accounts = SqlAccounts::new(database);
    for n in done {
        assert_eq!(accounts.by_email(&account(n).user.email).await, Ok(Some(account(n))), "{n} was answered");
    }
    for n in refused {
        assert_eq!(accounts.by_email(&account(n).user.email).await, Ok(None), "{n} was refused");
        assert_eq!(accounts.add(&account(n), at(1)).await, Ok(()), "{n} can be repeated");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mariadb() {
    what_is_answered_on_a_full_disk_is_true(Kind::MariaDb).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres() {
    what_is_answered_on_a_full_disk_is_true(Kind::Postgres).await;
}

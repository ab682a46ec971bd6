//! Somebody else writes to the file and does not end: nobody waits for it for ever, and what they are told is true.

use crate::connection::session;
use crate::setup::{NOW, id, setup, url};
use frontrow_application::Outage;
use frontrow_application::deadline::within;
use frontrow_application::port::{AccountRepository, Credentials, StoreError};
use frontrow_domain::{UserId, testing};
use sea_orm::ConnectionTrait;
use std::time::Duration;

const SOON: Duration = Duration::from_millis(200);
/// What comes in time on a machine with other things to do; to wait for the file takes eight seconds.
const IN_TIME: Duration = Duration::from_secs(4);

fn account(n: u128) -> Credentials {
    let email = format!("{n}@example.com").parse().unwrap();
    let user = testing::user().id(UserId::new(id(n))).email(email).build();
    Credentials { user, password_hash: "hash".into() }
}

#[tokio::test]
async fn who_is_told_that_it_is_busy_has_not_been_written_later() {
    let setup = setup().await;
    let other = session(url(&setup.folder)).await;
    other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
    for n in 1..=3 {
        let told = tokio::time::timeout(IN_TIME, within(SOON, setup.accounts.add(&account(n), NOW))).await;
        assert!(matches!(told, Ok(Err(StoreError::Outage(Outage::Busy { .. })))), "{told:?}");
    }
    other.execute_unprepared("ROLLBACK").await.unwrap();
    // Behind the one that still waits for the file.
    setup.accounts.add(&account(4), NOW).await.unwrap();
    assert_eq!(setup.count("users").await, 1);
}

//! The file, and what is in it.

use crate::connection::connect;
use crate::setup::{Counter, NOW, open, setup, url};
use frontrow_adapters::sql::{Database, DatabaseError, DatabaseSettings, SchemaState};
use frontrow_application::Outage;
use frontrow_application::port::{Housekeeping, Probe, StoreError};
use frontrow_domain::Instant;
use frontrow_migration::{Migrator, MigratorTrait};
use std::sync::Arc;

async fn try_to_open(url: &str, readers: u32, create: bool) -> Result<Database, DatabaseError> {
    let settings = DatabaseSettings { readers, create, ..DatabaseSettings::new(url) };
    Database::open(&settings, Arc::new(Counter::default())).await
}

/// How many steps there are from that one on, itself among them.
fn steps_from(name: &str) -> u32 {
    let steps = Migrator::migrations();
    let before = steps.iter().position(|step| step.name() == name).unwrap();
    u32::try_from(steps.len() - before).unwrap()
}

#[tokio::test]
async fn a_new_file_gets_the_schema_once() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder).await;
    let Ok(SchemaState::Pending(steps)) = database.schema_state().await else { panic!("nothing was done yet") };
    assert_eq!(steps.len(), Migrator::migrations().len());
    for _ in 0..2 {
        database.migrate().await.unwrap();
        assert_eq!(database.schema_state().await, Ok(SchemaState::Current));
    }
}

#[tokio::test]
async fn two_who_migrate_at_once_both_find_it_done() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (open(&folder).await, open(&folder).await);
    assert_eq!(tokio::join!(one.migrate(), other.migrate()), (Ok(()), Ok(())));
    assert_eq!(other.schema_state().await, Ok(SchemaState::Current));
}

#[tokio::test]
async fn every_step_can_be_undone() {
    let setup = setup().await;
    let raw = connect(url(&setup.folder)).await;
    Migrator::down(&raw, None).await.unwrap();
    let left = setup.count("sqlite_schema WHERE type = 'table' AND name NOT IN ('seaql_migrations')").await;
    assert_eq!(left, 0);
    setup.database.migrate().await.unwrap();
}

/// What there was before is marked as live, and the sweep begins at the oldest hold, not at the first reservation of
/// all.
#[tokio::test]
async fn reservations_of_an_older_release_are_marked_and_swept_from_the_oldest_hold() {
    let setup = setup().await;
    let raw = connect(url(&setup.folder)).await;
    Migrator::down(&raw, Some(steps_from("m0018_chores"))).await.unwrap();
    for (n, state, held_until) in
        [(1, "confirmed", 100), (2, "expired", 200), (3, "held", 400), (4, "held", 300), (5, "refunded", 500)]
    {
        let columns =
            "id, performance_id, sale_id, user_id, state, held_until, late_until, amount, line_items, version";
        let values = format!("x'{n:032}', x'01', x'01', x'01', '{state}', {held_until}, 0, 0, '[]', 1");
        setup.tamper(&format!("INSERT INTO reservation ({columns}) VALUES ({values})")).await;
    }
    for _ in 0..2 {
        setup.database.migrate().await.unwrap();
    }
    assert_eq!(setup.count("reservation WHERE live = 1").await, 3);
    assert_eq!(setup.count("reservation WHERE live = 1 AND state NOT IN ('held', 'confirmed')").await, 0);
    assert_eq!(setup.count("chore").await, 1);
    assert_eq!(setup.count("chore WHERE name = 'expire_holds' AND holder IS NULL AND watermark = 300").await, 1);
}

#[tokio::test]
async fn a_refund_of_an_older_release_is_the_first_and_others_may_follow() {
    let setup = setup().await;
    let raw = connect(url(&setup.folder)).await;
    let later = steps_from("m0022_returned_seats");
    Migrator::down(&raw, Some(later)).await.unwrap();
    let columns = "id, kind, reservation_id, user_id, amount, state, provider, at, version";
    let payment = |id: u32, kind: &str| format!("x'{id:032}', '{kind}', x'30', x'01', 5, 'succeeded', 'points', 0, 1");
    for (id, kind) in [(1, "reservation"), (2, "refund")] {
        setup.tamper(&format!("INSERT INTO payment ({columns}) VALUES ({})", payment(id, kind))).await;
    }
    for _ in 0..2 {
        setup.database.migrate().await.unwrap();
    }
    assert_eq!(setup.count("payment WHERE ordinal = 0").await, 2);
    let again = format!("INSERT INTO payment ({columns}) VALUES ({})", payment(3, "refund"));
    assert!(setup.try_to_tamper(&again).await.is_err(), "a second refund that says that it is the first");
    let second = format!("INSERT INTO payment ({columns}, ordinal) VALUES ({}, 1)", payment(4, "refund"));
    setup.tamper(&second).await;
    assert!(Migrator::down(&raw, Some(later)).await.is_err(), "a schema without several refunds can't keep both");
}

#[tokio::test]
async fn a_schema_that_knows_no_returned_seats_does_not_lose_them() {
    let setup = setup().await;
    let raw = connect(url(&setup.folder)).await;
    let columns = "id, performance_id, sale_id, user_id, state, held_until, late_until, cancel_until, amount, line_items, \
                   returned, version";
    let values = "x'01', x'02', x'03', x'04', 'confirmed', 0, 0, 0, 10, '[]', '[]', 1";
    setup.tamper(&format!("INSERT INTO reservation ({columns}) VALUES ({values})")).await;
    let later = steps_from("m0022_returned_seats");
    assert!(Migrator::down(&raw, Some(later)).await.is_err(), "an older release would sell the returned seats twice");
    assert_eq!(setup.count("reservation WHERE returned = '[]'").await, 1);
}

#[tokio::test]
async fn the_schema_of_a_newer_release_is_left_alone() {
    let setup = setup().await;
    setup.tamper("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_later', 0)").await;
    let newer = vec!["m9999_later".to_owned()];
    assert_eq!(setup.database.schema_state().await, Ok(SchemaState::Newer(newer.clone())));
    assert_eq!(setup.database.migrate().await, Err(DatabaseError::Newer(newer)));
}

#[tokio::test]
async fn an_address_that_will_not_do_is_told_what_to_write() {
    for (url, error) in [
        ("oracle://localhost/frontrow", DatabaseError::NotAnAddress),
        ("frontrow.sqlite", DatabaseError::NotAnAddress),
        ("postgres://localhost", DatabaseError::NoName),
        ("mysql://localhost/", DatabaseError::NoName),
        ("sqlite://", DatabaseError::NotAnAddress),
        ("sqlite::memory:", DatabaseError::InMemory),
        ("sqlite://:memory:", DatabaseError::InMemory),
        ("sqlite://x.db?mode=memory", DatabaseError::InMemory),
        ("sqlite://x.db?mode=rwc", DatabaseError::Parameters),
    ] {
        assert_eq!(try_to_open(url, 4, true).await.err(), Some(error), "{url}");
    }
    for readers in [0, 65] {
        assert_eq!(try_to_open("sqlite://x.db", readers, true).await.err(), Some(DatabaseError::Readers));
    }
}

#[tokio::test]
async fn a_file_is_made_only_when_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let url = url(&folder);
    assert_eq!(try_to_open(&url, 4, false).await.err(), Some(DatabaseError::CannotOpen(url.clone())));
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    try_to_open(&url, 4, true).await.unwrap();
    try_to_open(&url, 4, false).await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_something_else_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("frontrow.db"), "not a database, but long enough to be looked at".repeat(100))
        .unwrap();
    let opened = try_to_open(&url(&folder), 4, true).await;
    assert!(matches!(opened.err(), Some(DatabaseError::Failed(_))));
}

#[tokio::test]
async fn the_schema_is_a_second_line_of_defence() {
    let setup = setup().await;
    let seat = |number: u32, version: u32, live: &str| {
        format!("INSERT INTO ticket VALUES (x'10', {number}, {version}, x'30', {live})")
    };
    let nth_payment = |id: u32, reservation: &str, reference: &str, ordinal: u32| {
        format!(
            "INSERT INTO payment VALUES (x'{id:02}', 'reservation', {reservation}, x'01', 5, 'succeeded', 'sandbox', \
             {reference}, 0, 1, {ordinal})"
        )
    };
    let payment = |id: u32, reservation: &str, reference: &str| nth_payment(id, reservation, reference, 0);
    for fine in [
        "INSERT INTO wallet (user_id, balance, version) VALUES (x'01', 0, 1)".to_owned(),
        "INSERT INTO transfer VALUES (x'01', x'01', x'02', 1, x'03', 0)".to_owned(),
        seat(1, 1, "NULL"),
        seat(1, 2, "NULL"),
        seat(1, 3, "1"),
        payment(1, "x'30'", "'a'"),
        nth_payment(6, "x'30'", "NULL", 1),
        payment(2, "NULL", "NULL"),
        payment(3, "NULL", "NULL"),
    ] {
        setup.tamper(&fine).await;
    }
    for wrong in [
        "INSERT INTO wallet (user_id, balance, version) VALUES (x'02', -1, 1)".to_owned(),
        "UPDATE wallet SET balance = -1".to_owned(),
        "UPDATE wallet SET pending = -1".to_owned(),
        "INSERT INTO transfer VALUES (x'02', x'01', x'02', 0, x'03', 0)".to_owned(),
        seat(1, 4, "1"),
        seat(1, 3, "NULL"),
        payment(4, "x'30'", "'b'"),
        nth_payment(7, "x'30'", "NULL", 1),
        payment(5, "NULL", "'a'"),
    ] {
        let refused = setup.try_to_tamper(&wrong).await;
        assert!(refused.as_ref().is_err_and(|error| error.contains("constraint failed")), "{wrong}: {refused:?}");
    }
}

#[tokio::test]
async fn the_database_tells_its_time() {
    let setup = setup().await;
    let now = setup.housekeeping.now().await.unwrap();
    let of_2025 = Instant::from_micros(1_735_689_600_000_000);
    let of_2200 = Instant::from_micros(7_258_118_400_000_000);
    assert!(of_2025 < now && now < of_2200, "{now:?}");
}

#[tokio::test]
async fn a_database_that_is_gone_is_unavailable() {
    let setup = setup().await;
    setup.database.close().await;
    assert!(matches!(setup.housekeeping.now().await, Err(StoreError::Outage(Outage::Unavailable { .. }))));
    assert!(matches!(
        setup.housekeeping.forget_idempotency_records(NOW, 1).await,
        Err(StoreError::Outage(Outage::Unavailable { .. }))
    ));
}

//! A performance becomes public whole, or not at all.

use crate::setup::{Setup, performance, seat_map, setup, venue};
use frontrow_application::port::{PerformanceRepository, Revision, SeatReader, StoreError, VenueRepository};
use frontrow_domain::*;

async fn publish(setup: &Setup, read: Revision, map: Revision, seats: u32) -> Result<(), StoreError> {
    let performance = Performance { status: PerformanceStatus::Published, ..performance() };
    let blocked = [2, 1500].into_iter().filter(|n| *n <= seats).filter_map(SeatNumber::new).collect();
    setup.catalogue.publish(&performance, read, map, seats, &blocked).await
}

async fn assert_nothing_happened(setup: &Setup) {
    let stored = setup.catalogue.performance(performance().id).await.unwrap().unwrap();
    assert_eq!((stored.value, stored.revision), (performance(), Revision(1)));
    assert!(!setup.catalogue.seat_map(venue().id, 1).await.unwrap().unwrap().frozen);
    assert_eq!(setup.count("seat").await, 0);
}

#[tokio::test]
async fn a_published_performance_has_its_seats() {
    let setup = setup().await;
    setup.draft().await;
    publish(&setup, Revision(1), Revision(1), 2500).await.unwrap();

    let stored = setup.catalogue.performance(performance().id).await.unwrap().unwrap();
    assert_eq!((stored.value.status, stored.revision), (PerformanceStatus::Published, Revision(2)));
    assert!(setup.catalogue.seat_map(venue().id, 1).await.unwrap().unwrap().frozen);
    let seat = |number| Seat {
        key: SeatKey { performance: performance().id, number: SeatNumber::new(number).unwrap() },
        state: SeatState::Blocked,
        version: Version::FIRST,
    };
    assert_eq!(setup.readers.not_free(performance().id).await, Ok(vec![seat(2), seat(1500)]));
    assert_eq!(setup.count("seat WHERE number BETWEEN 1 AND 2500 AND version = 1").await, 2500);
}

#[tokio::test]
async fn what_goes_wrong_on_the_way_leaves_nothing() {
    let setup = setup().await;
    setup.draft().await;
    setup
        .tamper("CREATE TRIGGER no BEFORE INSERT ON seat WHEN NEW.number = 1500 BEGIN SELECT RAISE(ABORT, 'no'); END")
        .await;
    let failed = publish(&setup, Revision(1), Revision(1), 2500).await;
    assert!(matches!(failed, Err(StoreError::Fault(_))), "{failed:?}");
    assert_nothing_happened(&setup).await;
    setup.tamper("DROP TRIGGER no").await;
    publish(&setup, Revision(1), Revision(1), 2500).await.unwrap();
}

#[tokio::test]
async fn what_has_changed_since_it_was_read_is_stale() {
    let setup = setup().await;
    setup.draft().await;
    assert_eq!(publish(&setup, Revision(2), Revision(1), 5).await, Err(StoreError::Stale));
    assert_eq!(publish(&setup, Revision(1), Revision(2), 5).await, Err(StoreError::Stale));
    assert_nothing_happened(&setup).await;
}

#[tokio::test]
async fn two_who_publish_at_once_make_the_seats_once() {
    let setup = setup().await;
    setup.draft().await;
    let (one, other) =
        tokio::join!(publish(&setup, Revision(1), Revision(1), 1200), publish(&setup, Revision(1), Revision(1), 1200),);
    let mut results = [one, other];
    results.sort_by_key(Result::is_err);
    assert_eq!(results, [Ok(()), Err(StoreError::Stale)]);
    assert_eq!(setup.count("seat").await, 1200);
}

#[tokio::test]
async fn a_frozen_map_serves_the_next_performance_too() {
    let setup = setup().await;
    setup.on_sale().await;
    let next = Performance { id: PerformanceId::new(uuid::Uuid::from_u128(11)), ..performance() };
    setup.catalogue.save_performance(&next, None).await.unwrap();
    let map = setup.catalogue.seat_map(venue().id, 1).await.unwrap().unwrap();
    let seats = seat_map().layout().unwrap().seat_count();
    let next = Performance { status: PerformanceStatus::Published, ..next };
    setup.catalogue.publish(&next, Revision(1), map.revision, seats, &[].into()).await.unwrap();
    assert_eq!(setup.count("seat").await, 2 * i64::from(seats));
}

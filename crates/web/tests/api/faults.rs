//! When something behind the API fails.

use crate::ask::{Answer, Ask};
use crate::theatre::{NOTHING, PERFORMANCE, Theatre};
use frontrow_application::port::{
    BookingError, MockBookingStore, MockConcertRepository, MockProgrammeReader, StoreError,
};
use frontrow_application::{FaultId, Outage};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

const FAULT: FaultId = FaultId(Uuid::from_u128(7));

/// A hold that the store answers like that.
async fn hold(answer: fn() -> BookingError) -> Answer {
    let mut store = MockBookingStore::new();
    store.expect_execute().returning(move |_| Err(answer()));
    let theatre = Theatre::with(|ports| ports.store = Arc::new(store)).await.set_stage().await;
    let path = format!("/v1/performances/{PERFORMANCE}/reservations");
    let ask = Ask::post(path).by(&theatre.customer("kim").await).key("tap");
    theatre.send(&ask.json(&json!({"seats": ["A-1-1"]}))).await
}

/// The list of concerts, if it is answered like that.
async fn concerts(answer: fn() -> StoreError) -> Answer {
    let mut programme = MockProgrammeReader::new();
    programme.expect_programme().returning(move || Err(answer()));
    Theatre::with(|ports| ports.programme = Arc::new(programme)).await.get("/v1/concerts").await
}

#[actix_web::test]
async fn who_comes_when_there_is_too_much_to_do_is_told_when_to_come_back() {
    let answers = [
        hold(|| BookingError::Outage(Outage::Busy { retry_after: Duration::from_secs(3) })).await,
        concerts(|| StoreError::Outage(Outage::Busy { retry_after: Duration::from_secs(3) })).await,
    ];
    for answer in answers {
        answer.problem(503, "busy");
        assert_eq!(answer.header("retry-after"), Some("3"));
    }
    let away = [
        hold(|| BookingError::Outage(Outage::Unavailable { retry_after: Duration::from_secs(3) })).await,
        concerts(|| StoreError::Outage(Outage::Unavailable { retry_after: Duration::from_secs(3) })).await,
    ];
    for answer in away {
        answer.problem(503, "unavailable");
        assert_eq!(answer.header("retry-after"), Some("3"));
    }
    let full = [
        hold(|| BookingError::Outage(Outage::StorageFull { retry_after: Duration::from_secs(3) })).await,
        concerts(|| StoreError::Outage(Outage::StorageFull { retry_after: Duration::from_secs(3) })).await,
    ];
    for answer in full {
        answer.problem(503, "storage-full");
        assert_eq!(answer.header("retry-after"), Some("3"));
    }
    let soon = hold(|| BookingError::Outage(Outage::Busy { retry_after: Duration::from_millis(20) })).await;
    assert_eq!(soon.header("retry-after"), Some("1"), "whole seconds, and never at once");
}

#[actix_web::test]
async fn who_has_too_much_waiting_is_told_how_much_may_wait() {
    let answer = hold(|| BookingError::TooMany { most: 8, retry_after: Duration::from_secs(1) }).await;
    answer.problem(429, "too-many-waiting");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(answer.header("RateLimit-Policy"), Some(r#""waiting-commands";q=8;qu="concurrent-requests""#));
    assert_eq!(answer.header("RateLimit"), Some(r#""waiting-commands";r=0;t=1"#));
}

#[actix_web::test]
async fn what_may_have_happened_is_to_be_repeated() {
    let answer = hold(|| BookingError::Unknown(None)).await;
    answer.problem(503, "unknown-outcome");
    assert_eq!(answer.header("retry-after"), Some("1"));
}

#[actix_web::test]
async fn a_fault_is_told_by_its_id_alone() {
    let of_us = [hold(|| BookingError::Fault(FAULT)).await, concerts(|| StoreError::Fault(FAULT)).await];
    for answer in of_us {
        let document = json!({"type": "/problems/fault", "title": "Something went wrong on the server",
            "status": 500, "fault": FAULT.to_string(), "instance": answer.request_id().urn().to_string()});
        assert_eq!(answer.problem(500, "fault"), document);
    }
}

#[actix_web::test]
async fn a_panic_is_a_fault_and_the_next_request_is_answered() {
    let mut programme = MockProgrammeReader::new();
    programme.expect_programme().returning(|| panic!("a secret"));
    let theatre = Theatre::with(|ports| ports.programme = Arc::new(programme)).await;
    let answer = theatre.get(format!("/v1/concerts/{NOTHING}")).await;
    let document = answer.problem(500, "fault");
    assert_eq!(document.as_object().unwrap().len(), 4, "{answer}");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(theatre.get("/healthz").await.with(200), json!({"status": "ok"}));
}

#[actix_web::test]
async fn what_changed_at_the_same_moment_is_to_be_read_again() {
    let mut concerts = MockConcertRepository::new();
    concerts.expect_concert().returning(|_| Ok(None));
    concerts.expect_save_concert().returning(|_, _| Err(StoreError::Stale));
    let theatre = Theatre::with(|ports| ports.concerts = Arc::new(concerts)).await;
    let body: Value = json!({"title": "First Light", "artist": "The Larks"});
    let put = Ask::put(format!("/v1/concerts/{NOTHING}")).json(&body);
    theatre.operate(put).await.problem(409, "changed-meanwhile");
}

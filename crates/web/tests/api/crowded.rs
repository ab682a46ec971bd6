//! Who is told to come back while the store has too much to do.

use crate::ask::Ask;
use crate::theatre::{CONCERT, PERFORMANCE, Theatre};
use frontrow_application::port::LoadGauge;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[derive(Default)]
struct Gauge(AtomicBool);

impl LoadGauge for Gauge {
    fn is_high(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// What people look around with.
fn looks() -> Vec<String> {
    let mut paths = vec![
        "/v1/concerts".to_owned(),
        format!("/v1/concerts/{CONCERT}"),
        format!("/v1/concerts/{CONCERT}/performances"),
        format!("/v1/performances/{PERFORMANCE}"),
    ];
    let of_performance = ["prices", "availability", "seats", "seat-map/1"];
    paths.extend(of_performance.map(|part| format!("/v1/performances/{PERFORMANCE}/{part}")));
    paths
}

#[actix_web::test]
async fn people_who_only_look_come_back_later_and_buyers_go_on() {
    let gauge = Arc::new(Gauge::default());
    let theatre = Theatre::with(|ports| ports.load = gauge.clone()).await.set_stage().await;
    let kim = theatre.customer_with("kim", 1_000_000).await;
    gauge.0.store(true, Ordering::SeqCst);
    for path in looks() {
        let refused = theatre.get(&path).await;
        refused.problem(503, "busy");
        assert_eq!(refused.header("Retry-After"), Some("1"), "{path}");
        theatre.send(&Ask::get(&path).by(&kim)).await.with(200);
    }
    let hold = Ask::post(format!("/v1/performances/{PERFORMANCE}/reservations")).by(&kim).key("hold");
    let held = theatre.send(&hold.json(&json!({"seats": ["A-1-1"]}))).await.with(201);
    let id = held["id"].as_str().unwrap();
    let pay = Ask::post(format!("/v1/reservations/{id}/payment")).by(&kim).key("pay");
    theatre.send(&pay.json(&json!({"method": "points"}))).await.with(201);

    gauge.0.store(false, Ordering::SeqCst);
    for path in looks() {
        theatre.get(&path).await.with(200);
    }
}

#[actix_web::test]
async fn whoever_was_let_in_by_a_queue_is_not_a_stranger() {
    let gauge = Arc::new(Gauge::default());
    let theatre = Theatre::with(|ports| ports.load = gauge.clone()).await.set_stage().await;
    gauge.0.store(true, Ordering::SeqCst);
    let path = format!("/v1/performances/{PERFORMANCE}");
    theatre.get(&path).await.problem(503, "busy");
    // Whether the pass is good is looked at afterwards: here, nothing asks for one.
    theatre.send(&Ask::get(&path).pass("anything")).await.with(200);
}

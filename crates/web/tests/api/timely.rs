//! Every port is told how long whoever asks waits; a server that is about to stop says so, and goes on.

use crate::ask::Ask;
use crate::theatre::Theatre;
use frontrow_application::Outage;
use frontrow_application::deadline::{self, COMMAND, READ};
use frontrow_application::port::{MockProbe, MockSessionRepository, Probe, StoreError};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::json;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long each caller would wait.
type Heard = Arc<Mutex<Vec<Option<Duration>>>>;

fn note(heard: &Heard) {
    let now = tokio::time::Instant::now().into_std();
    heard.lock().unwrap().push(deadline::ends(now).map(|ends| ends - now));
}

/// One that is away, and notes how long whoever asks would wait for it.
fn away(heard: Heard) -> Arc<dyn Probe> {
    let mut probe = MockProbe::new();
    probe.expect_now().returning(move || {
        note(&heard);
        Err(StoreError::Outage(Outage::Unavailable { retry_after: Duration::from_secs(1) }))
    });
    Arc::new(probe)
}

#[actix_web::test]
async fn who_reads_waits_two_seconds_and_who_changes_something_ten() {
    let heard = Heard::default();
    let (probe, sessions) = (away(heard.clone()), heard.clone());
    let theatre = Theatre::with(|ports| {
        ports.probe = probe;
        let mut ended = MockSessionRepository::new();
        ended.expect_start().returning(|_| Ok(Vec::new()));
        ended.expect_rotate().returning(move |_| {
            note(&sessions);
            Err(StoreError::Outage(Outage::Busy { retry_after: Duration::from_secs(1) }))
        });
        ports.sessions = Arc::new(ended);
    })
    .await;
    assert_eq!(theatre.get("/readyz").await.status, 503);
    let token = json!({"refresh_token": "5f1c0a7b9d3e4c2b8a6f5e4d3c2b1a0f5f1c0a7b9d3e4c2b8a6f5e4d3c2b1a0f"});
    let refreshed = theatre.send(&Ask::post("/v1/sessions/refresh").json(&token)).await;
    assert_eq!(refreshed.status, 503, "{refreshed}");
    assert_eq!(*heard.lock().unwrap(), [Some(READ), Some(COMMAND)]);
}

#[actix_web::test]
async fn who_is_not_served_is_counted_by_why() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let theatre = Theatre::with(|ports| ports.probe = away(Heard::default())).await;
    let _counted = metrics::set_default_local_recorder(&recorder);
    theatre.get("/readyz").await;
    let page = recorder.handle().render();
    assert!(page.contains("frontrow_unserved_total{problem=\"unavailable\"} 1"), "{page}");
}

#[actix_web::test]
async fn a_server_that_is_about_to_stop_says_so_and_serves() {
    let theatre = Theatre::empty().await;
    assert_eq!(theatre.get("/readyz").await.status, 200);
    theatre.is_draining.store(true, Ordering::SeqCst);
    let told = theatre.get("/readyz").await;
    told.problem(503, "unavailable");
    assert_eq!(theatre.get("/healthz").await.status, 200);
    theatre.customer("kim").await;
}

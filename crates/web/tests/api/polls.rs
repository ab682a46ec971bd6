//! What everybody in a queue asks for all the time.

use crate::ask::{Answer, Ask};
use crate::steps::{at, change, entry, join, snapshot};
use crate::theatre::{NOTHING, SALE, Theatre};
use frontrow_application::port::{Clock, MockNumberDispenser, MockQueueStore, QueueStore};
use frontrow_domain::SaleId;
use frontrow_domain::waiting_room::{Group, Queue, QueueNumber, QueueToken};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

async fn look(theatre: &Theatre, known: &str) -> Answer {
    theatre.send(&Ask::get(at("queue")).header("If-None-Match", known)).await
}

#[actix_web::test]
async fn a_queue_looks_the_same_to_everybody_until_it_changes() {
    let theatre = Theatre::in_queue(json!({})).await;
    let first = theatre.get(at("queue")).await;
    assert_eq!(first.header("Cache-Control"), Some("public, max-age=1"));
    let tag = first.header("ETag").unwrap().to_owned();
    let kim = theatre.customer("kim").await;
    let again = theatre.send(&Ask::get(at("queue")).by(&kim)).await;
    assert_eq!((again.body, again.headers.get("ETag")), (first.body.clone(), first.headers.get("ETag")));
    for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
        let unchanged = look(&theatre, &known).await;
        assert_eq!((unchanged.status, unchanged.body.len(), unchanged.header("ETag")), (304, 0, Some(&*tag)));
        assert_eq!(unchanged.header("Cache-Control"), Some("public, max-age=1"));
    }
    // Whoever has only looked has changed nothing.
    theatre.look().await;
    assert_eq!(look(&theatre, &tag).await.status, 304);
    change(&theatre, &json!({"message": "Hello."})).await.with(200);
    let changed = look(&theatre, &tag).await;
    assert_eq!(changed.with(200)["message"], "Hello.");
    assert_ne!(changed.header("ETag"), Some(&*tag));
}

#[actix_web::test]
async fn the_snapshot_has_all_that_is_needed_to_compute_ones_entry() {
    let theatre = Theatre::in_queue(json!({"capacity": 1, "rate_per_minute": 60})).await;
    let tokens = [
        join(&theatre, &theatre.customer("kim").await).await,
        join(&theatre, &theatre.customer("lee").await).await,
        join(&theatre, &theatre.customer("ann").await).await,
    ];
    theatre.tick().await;
    let shown = snapshot(&theatre).await;
    let group = &shown["groups"][0];
    let number = |name: &str| group[name].as_u64().unwrap();
    assert_eq!((number("drawn"), number("issued"), number("lapsed")), (0, 3, 0));
    for (rank, token) in (1..).zip(tokens) {
        let entry = entry(&theatre, &token).await;
        assert_eq!(entry["people_ahead"].as_u64(), Some(u64::saturating_sub(rank, number("called"))));
        let seconds = entry["people_ahead"].as_u64().unwrap() * 60 / number("passed_a_minute");
        let (least, most) = (shown["estimate"]["least"].as_f64().unwrap(), shown["estimate"]["most"].as_f64().unwrap());
        if let Some(wait) = entry["wait"].as_object() {
            let near = |a: &Value, b: f64| (a.as_f64().unwrap() - b).abs() <= 1.0;
            #[expect(clippy::cast_precision_loss, reason = "they are few")]
            let seconds = seconds as f64;
            assert!(near(&wait["least_seconds"], seconds * least) && near(&wait["most_seconds"], seconds * most));
        }
        let (soonest, latest) = (&shown["ask_again"]["soonest_seconds"], &shown["ask_again"]["latest_seconds"]);
        let again = entry["ask_again_seconds"].as_f64().unwrap();
        let jitter = 1.0 + shown["ask_again"]["jitter"].as_f64().unwrap();
        assert!(again >= soonest.as_f64().unwrap() && again <= latest.as_f64().unwrap() * jitter + 1.0, "{entry}");
    }
    assert_eq!(
        shown["ask_again"],
        json!({"part": 0.1, "soonest_seconds": 3, "latest_seconds": 120, "jitter": 0.3,
        "lobby_after_seconds": 30, "lobby_spread_seconds": 15})
    );
    assert_eq!(shown["estimate"], json!({"least": 0.8, "most": 1.5}));
}

#[actix_web::test]
async fn old_news_says_so() {
    let theatre = Theatre::in_queue(json!({})).await;
    let fresh = theatre.get(at("queue")).await;
    theatre.clock.advance(Duration::from_secs(3));
    assert_eq!(theatre.get(at("queue")).await.body, fresh.body);
    theatre.clock.advance(Duration::from_micros(1));
    let stale = look(&theatre, fresh.header("ETag").unwrap()).await;
    assert_eq!(stale.with(200)["stale"], true);
    assert_eq!(look(&theatre, stale.header("ETag").unwrap()).await.status, 304);
    theatre.look().await;
    assert_eq!(theatre.get(at("queue")).await.body, fresh.body);
}

#[actix_web::test]
async fn polls_leave_nothing_behind_and_have_manners_all_the_same() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let theatre = Theatre::in_queue(json!({})).await;
    let token = join(&theatre, &theatre.customer("kim").await).await;
    let counted = metrics::set_default_local_recorder(&recorder);
    let entry = theatre.send(&Ask::get("/v1/queue-tokens/current").queue_token(&token)).await;
    let refused = theatre.send(&Ask::get("/v1/queue-tokens/current")).await;
    for answer in [&theatre.get(at("queue")).await, &entry, &refused] {
        assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"));
        assert_eq!(answer.header("Referrer-Policy"), Some("no-referrer"));
    }
    assert_eq!((entry.header("Cache-Control"), refused.header("Cache-Control")), (Some("no-store"), Some("no-store")));
    theatre.send(&Ask::post(at("queue"))).await.problem(405, "method-not-allowed");
    theatre.get(format!("/v1/sales/{NOTHING}/queue")).await.problem(404, "not-found");
    drop(counted);
    let page = recorder.handle().render();
    assert!(!page.contains("frontrow_requests_total"), "{page}");
}

/// A store that has one queue, and would panic if it were asked anything after that queue was read once.
#[actix_web::test]
async fn a_poll_costs_no_store_operation() {
    let opened: Arc<Mutex<Option<Queue>>> = Arc::default();
    let read = opened.clone();
    let mut queues = MockQueueStore::new();
    queues.expect_over_queues().times(1).returning(|| Ok(Vec::new()));
    queues.expect_queues().times(1).returning(move || Ok(read.lock().unwrap().iter().cloned().collect()));
    let theatre = Theatre::with(|ports| {
        ports.queues = Arc::new(queues);
        ports.dispenser = Arc::new(MockNumberDispenser::new());
    });
    let theatre = theatre.await.put_on(Some(json!({}))).await;
    let kept = theatre.memory.queue(SaleId::new(SALE.parse().unwrap())).await.unwrap();
    *opened.lock().unwrap() = kept;
    theatre.look().await;
    let queue = opened.lock().unwrap().clone().unwrap();
    let token = theatre.signer.sign_token(&QueueToken {
        sale: queue.sale,
        epoch: queue.epoch,
        group: Group::FIRST,
        number: QueueNumber::new(7).unwrap(),
        user: theatre.user("operator").await,
        issued: theatre.clock.now(),
    });
    for _ in 0..100 {
        assert_eq!(theatre.get(at("queue")).await.with(200)["phase"], "lobby");
        assert_eq!(entry(&theatre, &token).await["number"], 7);
    }
}

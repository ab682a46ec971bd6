//! What requests leave behind: nothing about a person, and nothing that grows without end.

use crate::ask::Ask;
use crate::theatre::{CONCERT, NOTHING, PASSWORD, Theatre};
use actix_web::http::Method;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::json;
use std::cell::RefCell;
use std::io::{self, Write};

thread_local! {
    /// What this test's thread has logged.
    static LINES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct Lines;

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.with_borrow_mut(|lines| lines.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[actix_web::test]
async fn the_log_says_nothing_about_a_person() {
    // One for all threads: whether an event is wanted is remembered for all of them.
    tracing_subscriber::fmt().json().with_max_level(tracing::Level::TRACE).with_writer(|| Lines).init();
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer_with("kim", 5000).await;
    let mut ids = Vec::new();
    for (query, status) in [("", 200), ("?x=in-the-query", 422)] {
        let ask = Ask::get(format!("/v1/concerts/{CONCERT}{query}")).by(&kim).key("my-tap");
        let answer = theatre.send(&ask.header("User-Agent", "agent-smith")).await;
        answer.with(status);
        ids.push(answer.request_id().to_string());
    }
    let log = LINES.with_borrow(|lines| String::from_utf8(lines.clone()).unwrap());
    assert!(log.contains(r#""route":"/v1/concerts/{id}""#) && log.contains(r#""status":200"#), "{log}");
    for id in ids {
        assert!(log.contains(&format!(r#""id":"{id}""#)), "{id} in {log}");
    }
    for secret in [&*kim, PASSWORD, "kim@example.com", "tok_accept", "agent-smith", "in-the-query", "my-tap", CONCERT] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

#[actix_web::test]
async fn figures_are_by_route_and_not_by_address() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let theatre = Theatre::on_sale().await;
    let counted = metrics::set_default_local_recorder(&recorder);
    for id in [CONCERT, NOTHING] {
        theatre.get(format!("/v1/concerts/{id}")).await;
    }
    theatre.get("/no/such/address").await.problem(404, "not-found");
    theatre.send(&Ask::new(Method::from_bytes(b"BREW").unwrap(), "/v1/concerts").json(&json!({}))).await.any_problem();
    drop(counted);
    let page = recorder.handle().render();
    let mut requests: Vec<_> = page.lines().filter(|line| line.starts_with("frontrow_requests_total{")).collect();
    requests.sort_unstable();
    assert_eq!(
        requests,
        [
            r#"frontrow_requests_total{method="GET",route="/v1/concerts/{id}",status="200"} 1"#,
            r#"frontrow_requests_total{method="GET",route="/v1/concerts/{id}",status="404"} 1"#,
            r#"frontrow_requests_total{method="GET",route="none",status="404"} 1"#,
            r#"frontrow_requests_total{method="other",route="/v1/concerts",status="405"} 1"#,
        ]
    );
    assert!(page.contains("frontrow_request_seconds"), "{page}");
}

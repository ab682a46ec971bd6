//! Metrics for Prometheus, on a listener of their own.

use actix_web::dev::{Server, ServerHandle};
use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::{Context, Result};
use frontrow_adapters::panics;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Histogram buckets in seconds, from a fast read to the time that a client waits.
const SECONDS: [f64; 14] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0];
/// Histogram buckets of what is done together, up to the largest batch of commands.
const TOGETHER: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];
/// How often histograms are drained; they grow between two scrapes.
const UPKEEP: Duration = Duration::from_secs(5);

/// Starts counting. Call it once per process.
pub fn install() -> Result<PrometheusHandle> {
    builder()?.install_recorder().context("metrics can't be counted")
}

/// Without buckets, a histogram would be shown as a summary.
fn builder() -> Result<PrometheusBuilder> {
    let builder = PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?;
    Ok(builder.set_buckets_for_metric(Matcher::Suffix("_together".to_owned()), &TOGETHER)?)
}

/// The page that is being served.
pub struct MetricsPage {
    address: SocketAddr,
    server: ServerHandle,
    tasks: [JoinHandle<()>; 2],
}

impl MetricsPage {
    /// Serves `GET /metrics`.
    pub fn start(listener: TcpListener, metrics: PrometheusHandle) -> Result<Self> {
        let address = listener.local_addr()?;
        let server = server(listener, metrics.clone())?;
        let handle = server.handle();
        let serving = tokio::spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "the metrics page ended badly");
            }
        });
        let upkeep = async move { panics::restarted("metrics_upkeep", || keep_up(&metrics)).await };
        Ok(Self { address, server: handle, tasks: [serving, tokio::spawn(upkeep)] })
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops serving it.
    pub async fn stop(self) {
        let [serving, upkeep] = self.tasks;
        upkeep.abort();
        self.server.stop(false).await;
        if let Err(error) = serving.await {
            tracing::error!(%error, "the metrics page ended badly");
        }
    }
}

fn server(listener: TcpListener, metrics: PrometheusHandle) -> Result<Server> {
    let page = move || {
        let metrics = metrics.clone();
        let render = move || {
            let text = metrics.render();
            async move { HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text) }
        };
        App::new().route("/metrics", web::get().to(render))
    };
    let server = HttpServer::new(page).workers(1).disable_signals().listen(listener);
    Ok(server.context("metrics_listen can't be served")?.run())
}

async fn keep_up(metrics: &PrometheusHandle) {
    let mut interval = tokio::time::interval(UPKEEP);
    loop {
        interval.tick().await;
        metrics.run_upkeep();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    async fn get(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[test]
    fn times_and_sizes_of_batches_are_histograms() {
        let recorder = builder().unwrap().build_recorder();
        metrics::with_local_recorder(&recorder, || {
            metrics::histogram!("frontrow_tests_seconds").record(0.3);
            metrics::histogram!("frontrow_tests_together").record(3_u32);
            metrics::histogram!("frontrow_tests_together").record(128_u32);
        });
        let page = recorder.handle().render();
        for line in [
            r#"frontrow_tests_seconds_bucket{le="0.2"} 0"#,
            r#"frontrow_tests_seconds_bucket{le="0.5"} 1"#,
            "# TYPE frontrow_tests_together histogram",
            r#"frontrow_tests_together_bucket{le="2"} 0"#,
            r#"frontrow_tests_together_bucket{le="4"} 1"#,
            r#"frontrow_tests_together_bucket{le="128"} 2"#,
            "frontrow_tests_together_sum 131",
        ] {
            assert!(page.lines().any(|shown| shown == line), "{line}: {page}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_counted_is_on_the_page_and_nothing_else_is_served() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        metrics::with_local_recorder(&recorder, || metrics::counter!("frontrow_tests_total").increment(3));
        let page = MetricsPage::start(listener, recorder.handle()).unwrap();
        assert_eq!(page.address(), address);
        let answer = get(address, "/metrics").await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("frontrow_tests_total 3"), "{answer}");
        assert!(get(address, "/").await.starts_with("HTTP/1.1 404"));
        page.stop().await;
        assert!(TcpStream::connect(address).await.is_err());
    }
}

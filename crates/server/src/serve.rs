//! Serving until a signal comes, and ending well.

use crate::background::Background;
use crate::house::House;
use crate::listen::{EndSignals, listen};
use crate::metrics_page::{self, MetricsPage};
use crate::settings::{Gateway, Settings};
use actix_web::dev::ServerHandle;
use anyhow::{Context, Result, bail};
use frontrow_web::{WebSettings, WebState};
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Where the server listens. Opened first, so that an address in use is told before anything is done.
pub struct Doors {
    api: TcpListener,
    metrics: Option<TcpListener>,
}

impl Doors {
    /// Listens where the settings say.
    pub fn open(settings: &Settings) -> Result<Self> {
        let metrics = settings.metrics_listen.map(|address| listen("metrics_listen", address));
        Ok(Self { api: listen("listen", settings.listen)?, metrics: metrics.transpose()? })
    }
}

/// Everything that runs while the API is served.
pub struct Server {
    api: SocketAddr,
    handle: ServerHandle,
    serving: JoinHandle<std::io::Result<()>>,
    metrics: Option<MetricsPage>,
    background: Background,
    signals: EndSignals,
    house: House,
    gateway: Gateway,
    is_draining: Arc<AtomicBool>,
    drain: Duration,
    shutdown_timeout: Duration,
}

impl Server {
    /// Begins to serve. Whoever has connected since the doors were opened is answered now. Has to be called on the runtime that the house lives on.
    pub fn start(house: House, doors: Doors, settings: &Settings) -> Result<Self> {
        let signals = EndSignals::watch()?;
        let metrics =
            doors.metrics.map(|listener| MetricsPage::start(listener, metrics_page::install()?)).transpose()?;
        let api = doors.api.local_addr()?;
        let state = web_state(&house, settings);
        let is_draining = Arc::clone(&state.is_draining);
        let server = frontrow_web::run(doors.api, &web_settings(settings), state)?;
        Ok(Self {
            api,
            handle: server.handle(),
            serving: tokio::spawn(server),
            metrics,
            background: Background::start(&house, settings.sweep),
            signals,
            house,
            gateway: settings.payment_gateway,
            is_draining,
            drain: settings.drain,
            shutdown_timeout: settings.shutdown_timeout,
        })
    }

    /// Says where everything is, and what to beware of.
    pub fn greet(&self, out: &mut dyn Write) -> Result<()> {
        let api = self.api;
        writeln!(out, "API         http://{api}/v1\nSwagger UI  http://{api}/docs")?;
        if let Some(page) = &self.metrics {
            writeln!(out, "metrics     http://{}/metrics", page.address())?;
        }
        tracing::info!(%api, "serving");
        if let Some(warning) = warning(self.gateway, api) {
            writeln!(out, "WARNING     {warning}")?;
            tracing::warn!("{warning}");
        }
        Ok(out.flush()?)
    }

    /// Serves until SIGTERM or SIGINT; then says for a while that it is not ready, takes no more requests, finishes what was
    /// begun, and closes the house. A second signal ends it at once.
    pub async fn run(self) -> Result<()> {
        let Self { mut serving, mut signals, is_draining, drain, .. } = self;
        let stopped = tokio::select! {
            () = signals.come() => None,
            ended = &mut serving => Some(ended),
        };
        let end = async {
            let ended = if let Some(ended) = stopped {
                ended
            } else {
                is_draining.store(true, Ordering::SeqCst);
                tracing::info!(seconds = drain.as_secs(), "stopping: not ready from now on");
                tokio::time::sleep(drain).await;
                tracing::info!("taking no more requests");
                self.handle.stop(true).await;
                serving.await
            };
            let patience = self.house.patience(self.shutdown_timeout).await;
            self.background.stop(patience).await;
            if let Some(page) = self.metrics {
                page.stop().await;
            }
            self.house.close_within(patience).await;
            tracing::info!("stopped");
            ended?.context("the server ended by itself")
        };
        tokio::select! {
            ended = end => ended,
            () = signals.come() => bail!("a second signal came: ended without finishing what was begun"),
        }
    }
}

fn web_settings(settings: &Settings) -> WebSettings {
    let processors = || std::thread::available_parallelism().map_or(1, NonZero::get);
    WebSettings {
        workers: settings.workers.unwrap_or_else(processors),
        head_timeout: settings.request_timeout,
        shutdown_timeout: settings.shutdown_timeout,
    }
}

fn web_state(house: &House, settings: &Settings) -> WebState {
    WebState {
        use_cases: house.use_cases.clone(),
        tokens: house.ports.tokens.clone(),
        probe: house.ports.probe.clone(),
        is_draining: Arc::default(),
        clock: house.ports.clock.clone(),
        currency: settings.currency.clone(),
        sandbox: settings.payment_gateway == Gateway::Sandbox,
        client_address: settings.client_address.clone(),
        max_body: settings.max_body_bytes,
        body_timeout: settings.request_timeout,
    }
}

fn warning(gateway: Gateway, api: SocketAddr) -> Option<String> {
    let open = gateway == Gateway::Sandbox && !api.ip().is_loopback();
    open.then(|| {
        format!(
            "payment_gateway is sandbox, and {api} can be reached from other machines: ANYBODY CAN CHARGE A WALLET \
             WITHOUT PAYING; listen on loopback only: --listen 127.0.0.1:{}",
            api.port()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sandbox_warns_unless_it_is_on_loopback() {
        let warns = |api: &str| warning(Gateway::Sandbox, api.parse().unwrap()).is_some();
        assert!(warns("0.0.0.0:80") && warns("[::]:80") && warns("192.0.2.1:80"));
        assert!(!warns("127.0.0.1:80") && !warns("[::1]:80") && !warns("127.8.9.1:80"));
    }
}

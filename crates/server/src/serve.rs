//! Serves until a signal comes, then shuts down in order.

use crate::application::Application;
use crate::background::Background;
use crate::exposure::unprotected;
use crate::gateway::Gateway;
use crate::listen::{EndSignals, HangUps, listen, listen_near};
use crate::metrics_page::{self, MetricsPage};
use crate::settings::Settings;
use actix_web::dev::ServerHandle;
use anyhow::{Context, Result, bail};
use frontrow_web::{EventStreams, RenderedAnswers, TrustedProxies, WebSettings, WebState};
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;

/// How long a client may take nothing of what is sent to it. Whoever watches events gets some every 15 seconds.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// Where the server listens. Opened first, so that an address in use is reported before anything else happens.
pub struct Listeners {
    api: TcpListener,
    metrics: Option<TcpListener>,
}

impl Listeners {
    /// Listens where the settings say.
    pub fn open(settings: &Settings) -> Result<Self> {
        let metrics = settings.metrics_listen.map(|address| listen("metrics_listen", address));
        Ok(Self { api: listen("listen", settings.listen)?, metrics: metrics.transpose()? })
    }

    /// The same, but metrics go to another port where theirs is in use.
    pub fn open_with_metrics_anywhere(settings: &Settings) -> Result<Self> {
        let metrics = settings.metrics_listen.map(|address| listen_near("metrics_listen", address));
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
    reloading: JoinHandle<()>,
    signals: EndSignals,
    application: Application,
    may_have_unknown_proxy: bool,
    unprotected: Vec<&'static str>,
    is_draining: Arc<AtomicBool>,
    events: Arc<EventStreams>,
    drain: Duration,
    shutdown_timeout: Duration,
}

impl Server {
    /// Starts serving, including clients that connected since the listeners were opened. Call it on the runtime that the
    /// application lives on.
    pub fn start(application: Application, listeners: Listeners, settings: &Settings) -> Result<Self> {
        let (signals, hang_ups) = (EndSignals::watch()?, HangUps::watch()?);
        let reload = application.reload.clone();
        let metrics =
            listeners.metrics.map(|listener| MetricsPage::start(listener, metrics_page::install()?)).transpose()?;
        let api = listeners.api.local_addr()?;
        let state = web_state(&application, settings);
        let (is_draining, events) = (Arc::clone(&state.is_draining), Arc::clone(&state.events));
        let server = frontrow_web::run(listeners.api, &web_settings(settings), state)?;
        Ok(Self {
            api,
            handle: server.handle(),
            serving: tokio::spawn(server),
            metrics,
            background: Background::start(&application, settings.sweep),
            reloading: tokio::spawn(async move { reload.run(hang_ups).await }),
            signals,
            application,
            may_have_unknown_proxy: api.ip().is_loopback() && settings.proxies.are_none(),
            unprotected: unprotected(settings),
            is_draining,
            events,
            drain: settings.drain,
            shutdown_timeout: settings.shutdown_timeout,
        })
    }

    /// Prints the addresses, and what is not protected.
    pub fn greet(&self, out: &mut dyn Write) -> Result<()> {
        let api = self.api;
        writeln!(out, "API         http://{api}/v1\nSwagger UI  http://{api}/docs")?;
        if let Some(page) = &self.metrics {
            writeln!(out, "metrics     http://{}/metrics", page.address())?;
        }
        tracing::info!(%api, "serving");
        for line in &self.unprotected {
            writeln!(out, "WARNING     {line}")?;
            tracing::warn!("not protected: {line}");
        }
        if self.may_have_unknown_proxy {
            tracing::warn!(
                %api,
                "listen can only be reached from this machine, and trusted_proxies is off: if a proxy stands in front, name it \
                 there, or all of its clients are taken for this machine"
            );
        }
        Ok(out.flush()?)
    }

    /// Serves until SIGTERM or SIGINT. Then it reports not ready for a while, stops taking requests, finishes what has
    /// begun, and closes the application. A second signal ends it at once.
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
                // They would go on for ever. Their clients come back in some seconds, to another instance.
                self.events.close();
                self.handle.stop(true).await;
                serving.await
            };
            let patience = self.application.patience(self.shutdown_timeout).await;
            self.reloading.abort();
            self.background.stop(patience).await;
            if let Some(page) = self.metrics {
                page.stop().await;
            }
            self.application.close_within(patience).await;
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
        workers: settings.http_workers.unwrap_or_else(processors),
        head_timeout: settings.request_timeout,
        write_timeout: WRITE_TIMEOUT,
        shutdown_timeout: settings.shutdown_timeout,
    }
}

fn web_state(application: &Application, settings: &Settings) -> WebState {
    WebState {
        use_cases: application.use_cases.clone(),
        tokens: application.ports.tokens.clone(),
        pseudonyms: application.pseudonyms.clone(),
        probe: application.ports.probe.clone(),
        load: application.ports.load.clone(),
        is_draining: Arc::default(),
        clock: application.ports.clock.clone(),
        currency: settings.currency.clone(),
        sandbox: settings.payment_gateway == Gateway::Sandbox,
        proxies: TrustedProxies::new(settings.client_address.clone(), settings.proxies.clone()),
        limits: application.limits.clone(),
        log_in_delays: application.limits.clone(),
        origins: settings.origins.clone(),
        max_body_bytes: settings.max_body_bytes,
        body_timeout: settings.request_timeout,
        rendered: RenderedAnswers::default(),
        events: Arc::new(EventStreams::new(settings.max_event_streams)),
    }
}

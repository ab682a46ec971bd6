//! What handlers work with.

use crate::{EventStreams, Origins, RenderedAnswers, TrustedProxies};
use frontrow_application::UseCases;
use frontrow_application::port::{Clock, LoadGauge, LogInDelays, Probe, Pseudonyms, RequestLimits, TokenIssuer};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// What every handler can reach.
pub struct WebState {
    /// What can be done.
    pub use_cases: Arc<UseCases>,
    /// Reads access tokens.
    pub tokens: Arc<dyn TokenIssuer>,
    /// Names people and networks in the security log.
    pub pseudonyms: Arc<dyn Pseudonyms>,
    /// Says whether the store works.
    pub probe: Arc<dyn Probe>,
    /// Says whether people who only look are to come back later.
    pub load: Arc<dyn LoadGauge>,
    /// Whether the server is about to stop: then it says that it is not ready, and goes on answering.
    pub is_draining: Arc<AtomicBool>,
    /// Gives the instant that the rules decide by.
    pub clock: Arc<dyn Clock>,
    /// The installation's one currency, as in ISO 4217.
    pub currency: String,
    /// Whether charges are the sandbox's, and no money moves: then every answer says so.
    pub sandbox: bool,
    /// Who says where requests come from.
    pub proxies: TrustedProxies,
    /// Says how often somebody may ask.
    pub limits: Arc<dyn RequestLimits>,
    /// Makes whoever types wrong passwords wait.
    pub log_in_delays: Arc<dyn LogInDelays>,
    /// Which pages of other origins may call the API.
    pub origins: Origins,
    /// The largest request body; a seat map may have [`WebState::SEAT_MAP_FACTOR`] times as many bytes.
    pub max_body_bytes: usize,
    /// How long a client may take to send a body.
    pub body_timeout: Duration,
    /// What was rendered lately.
    pub rendered: RenderedAnswers,
    /// What is sent when it changes.
    pub events: Arc<EventStreams>,
}

impl WebState {
    /// A seat map is the one description that is long.
    pub const SEAT_MAP_FACTOR: usize = 16;
}

//! The use cases, on stores in memory.

use crate::chance::Chance;
use crate::clock::MockClock;
use crate::settings::MockSettings;
use frontrow_adapters::mail::RecentMails;
use frontrow_adapters::{
    HmacPseudonyms, HmacTokenIssuer, InstanceLimits, LimitSettings, Memory, MemoryKeys, SharedWatch, TokenKey,
};
use frontrow_application::{Ports, UseCases};
use frontrow_web::{EventStreams, Origins, RenderedAnswers, TrustedProxies, WebState};
use std::sync::Arc;
use std::time::Duration;

/// As long as on the server, unless its settings say otherwise.
const MAX_BODY_BYTES: usize = 65_536;
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Streams of events at a time.
const EVENT_STREAMS: usize = 1000;

/// Ports that end with the world.
pub struct Wiring {
    /// Every port.
    pub ports: Ports,
    /// What was mailed.
    pub mails: Arc<RecentMails>,
    /// Says who was admitted.
    pub watch: Arc<SharedWatch>,
    /// Says how often one may ask.
    pub limits: Arc<InstanceLimits>,
}

/// New, empty stores.
pub fn wire(settings: &MockSettings, clock: &Arc<MockClock>) -> Wiring {
    let chance = Chance(settings.seed);
    // Of this world alone: ids come again after a reset, and whose they were must not be somebody else then.
    let own_key = || TokenKey { id: format!("{:x}", rand::random::<u64>()), secret: rand::random() };
    let keys = MemoryKeys { access_tokens: own_key(), queue: own_key(), ticket_codes: chance.key("ticket codes") };
    let ids = Arc::new(chance.ids("what the server names"));
    let memory = Arc::new(Memory::new(clock.clone(), ids.clone()));
    let mails = Arc::<RecentMails>::default();
    let watch = Arc::new(SharedWatch::new(memory.clone()));
    // Whoever builds a page asks from one place, again and again.
    let limits = Arc::new(InstanceLimits::new(clock.clone(), &LimitSettings::OFF));
    let ports = Ports {
        watch: watch.clone(),
        join_limits: limits.clone(),
        cooldown: limits.clone(),
        mailer: Some(mails.clone()),
        // The printed ones are good in every world.
        tokens: Arc::new(HmacTokenIssuer::new(&keys.access_tokens, &[chance.key("access tokens")], clock.clone())),
        ..memory.ports(&keys, clock.clone(), ids)
    };
    Wiring { ports, mails, watch, limits }
}

/// What handlers reach. Pages of other origins are the business of whoever stands before them.
pub fn web_state(ports: &Ports, use_cases: &Arc<UseCases>, limits: &Arc<InstanceLimits>) -> WebState {
    WebState {
        use_cases: Arc::clone(use_cases),
        tokens: ports.tokens.clone(),
        // Nobody in a mock is a real person.
        pseudonyms: Arc::new(HmacPseudonyms::new(&[0; 32])),
        probe: ports.probe.clone(),
        load: ports.load.clone(),
        is_draining: Arc::default(),
        clock: ports.clock.clone(),
        currency: "KRW".to_owned(),
        sandbox: true,
        proxies: TrustedProxies::none(),
        limits: limits.clone(),
        log_in_delays: limits.clone(),
        origins: Origins::None,
        max_body_bytes: MAX_BODY_BYTES,
        body_timeout: BODY_TIMEOUT,
        rendered: RenderedAnswers::default(),
        events: Arc::new(EventStreams::new(EVENT_STREAMS)),
    }
}

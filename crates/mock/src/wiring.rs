//! The use cases, on stores in memory.

use crate::chance::Chance;
use crate::clock::MockClock;
use crate::settings::MockSettings;
use frontrow_adapters::{
    AccountEligibility, Argon2idHasher, HmacQueueSigner, HmacTicketSigner, HmacTokenIssuer, IanaTimeZones,
    InstanceJoinLimits, Memory, SandboxGateway, SharedWatch, sha256,
};
use frontrow_application::{Ports, UseCases};
use frontrow_web::{EventStreams, Origins, RenderedAnswers, WebState};
use std::sync::Arc;
use std::time::Duration;

/// As long as on the server, unless its settings say otherwise.
const ACCESS_LIFETIME: Duration = Duration::from_mins(15);
const REFRESH_LIFETIME: Duration = Duration::from_hours(30 * 24);
const MAX_BODY_BYTES: usize = 65_536;
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Streams of events at a time.
const EVENT_STREAMS: usize = 1000;

/// Ports that end with the world.
pub struct Wiring {
    /// Every port.
    pub ports: Ports,
    /// Says who was admitted.
    pub watch: Arc<SharedWatch>,
}

/// New, empty stores.
pub fn wire(settings: &MockSettings, clock: &Arc<MockClock>) -> Wiring {
    let chance = Chance(settings.seed);
    let ids = Arc::new(chance.ids("what the server names"));
    let memory = Arc::new(Memory::new(clock.clone(), ids.clone()));
    let watch = Arc::new(SharedWatch::new(memory.clone()));
    let ports = Ports {
        store: memory.clone(),
        idempotency_records: memory.clone(),
        venues: memory.clone(),
        time_zones: Arc::new(IanaTimeZones),
        concerts: memory.clone(),
        programme: memory.clone(),
        performances: memory.clone(),
        sales: memory.clone(),
        on_sale: memory.clone(),
        browsed_on_sale: memory.clone(),
        seat_snapshots: memory.clone(),
        browsed_seats: memory.clone(),
        reservations: memory.clone(),
        wallets: memory.clone(),
        accounts: memory.clone(),
        sessions: memory.clone(),
        passwords: Arc::new(Argon2idHasher::new()),
        tokens: Arc::new(HmacTokenIssuer::new(&chance.key("access tokens"), &[], clock.clone())),
        tickets: Arc::new(HmacTicketSigner::new(&chance.key("ticket codes").secret)),
        gateway: Arc::new(SandboxGateway::new()),
        housekeeping: memory.clone(),
        chores: memory.clone(),
        probe: memory.clone(),
        clock: clock.clone(),
        ids,
        queues: memory.clone(),
        dispenser: memory,
        watch: watch.clone(),
        // Whoever builds a page joins from one place, again and again.
        join_limits: Arc::new(InstanceJoinLimits::new(clock.clone(), 0)),
        eligibility: Arc::new(AccountEligibility::new(clock.clone())),
        signer: Arc::new(HmacQueueSigner::new(&chance.key("queue tokens"), &[])),
        digest: sha256,
        access_lifetime: ACCESS_LIFETIME,
        refresh_lifetime: REFRESH_LIFETIME,
    };
    Wiring { ports, watch }
}

/// What handlers reach. Pages of other origins are the business of whoever stands before them.
pub fn web_state(ports: &Ports, use_cases: &Arc<UseCases>) -> WebState {
    WebState {
        use_cases: Arc::clone(use_cases),
        tokens: ports.tokens.clone(),
        probe: ports.probe.clone(),
        is_draining: Arc::default(),
        clock: ports.clock.clone(),
        currency: "KRW".to_owned(),
        sandbox: true,
        client_address: None,
        origins: Origins::None,
        max_body_bytes: MAX_BODY_BYTES,
        body_timeout: BODY_TIMEOUT,
        rendered: RenderedAnswers::default(),
        events: Arc::new(EventStreams::new(EVENT_STREAMS)),
    }
}

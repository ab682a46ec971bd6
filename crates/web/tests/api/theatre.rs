//! The whole application in memory, with a clock that stands still.

use crate::ask::{Answer, Ask};
use crate::description::Description;
use crate::promise;
use crate::streams::EventReader;
use actix_web::body::to_bytes;
use actix_web::dev::{Payload, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::header::HeaderName;
use actix_web::test;
use actix_web::test::TestRequest;
use actix_web::web::{Bytes, Data};
use frontrow_adapters::mail::RecentMails;
use frontrow_adapters::{
    Argon2idHasher, HmacPseudonyms, InstanceLimits, LimitSettings, ManualClock, Memory, MemoryKeys, SandboxGateway,
    SeededIds, TokenKey,
};
use frontrow_application::port::{AccountRepository, Auditor, Clock, Mail, QueueSigner};
use frontrow_application::{AddOperator, Password, Ports, SignUpRequest, UseCases};
use frontrow_domain::{Instant, UserId};
use frontrow_web::{EventStreams, Origins, RenderedAnswers, TrustedProxies, WebState, app, beat_events};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use futures::stream::LocalBoxStream;
use serde_json::{Value, json};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// The ids that the description's examples have.
pub const PERFORMANCE: &str = "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e10";
pub const CONCERT: &str = "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e11";
pub const VENUE: &str = "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e12";
pub const SALE: &str = "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e13";
pub const OTHER_SALE: &str = "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e14";
/// An id that nothing has.
pub const NOTHING: &str = "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8eff";

pub const PASSWORD: &str = "correct horse battery";
pub const MAX_BODY: usize = 16 * 1024;
/// In which a proxy says who asks.
pub const CLIENT_ADDRESS: &str = "x-forwarded-for";
/// Joins that a network may make in a minute.
pub const JOINS_PER_NETWORK: u32 = 30;
/// How long a session lasts, however often it is refreshed.
pub const SESSION: Duration = Duration::from_hours(3 * 24);
/// Streams of events that may be open at a time.
pub const EVENT_STREAMS: usize = 50;

/// 2027-01-01T00:00:00Z: the sale of the examples opens.
pub const OPENS: Instant = Instant::from_micros(1_798_761_600_000_000);
/// It has opened the day before.
const NOW: i64 = 1_798_848_000;

type BoxedPayloadStream = LocalBoxStream<'static, Result<Bytes, PayloadError>>;
type Call = Box<dyn Fn(TestRequest, Option<Payload>) -> LocalBoxFuture<'static, ServiceResponse>>;

pub struct Theatre {
    pub clock: Arc<ManualClock>,
    pub memory: Arc<Memory>,
    pub mails: Arc<RecentMails>,
    pub gateway: Arc<SandboxGateway>,
    pub use_cases: Arc<UseCases>,
    pub signer: Arc<dyn QueueSigner>,
    pub is_draining: Arc<AtomicBool>,
    pub operator: String,
    pub state: Data<WebState>,
    sandbox: bool,
    call: Call,
}

impl Theatre {
    /// Nothing but an operator.
    pub async fn empty() -> Self {
        Self::with(|_| {}).await
    }

    /// Nothing but an operator, and some ports of one's own.
    pub async fn with(change: impl FnOnce(&mut Ports)) -> Self {
        Self::built(change, true, Origins::None).await
    }

    /// Where charges would be somebody else's business than the sandbox's.
    pub async fn with_real_money() -> Self {
        Self::built(|_| {}, false, Origins::None).await
    }

    /// For pages of other origins.
    pub async fn for_pages_of(origins: &str) -> Self {
        Self::built(|_| {}, true, origins.parse().unwrap()).await
    }

    /// Another instance, on the same data.
    pub async fn beside(&self) -> Self {
        let stores = (self.clock.clone(), self.memory.clone(), self.gateway.clone());
        let beside = Self::on(stores, |_| {}, true, Origins::None, LimitSettings::OFF).await;
        Self { operator: self.operator.clone(), ..beside }
    }

    /// Where one may ask only so often.
    pub async fn with_limits(limits: LimitSettings) -> Self {
        Self::made(|_| {}, true, Origins::None, limits).await
    }

    async fn built(change: impl FnOnce(&mut Ports), sandbox: bool, origins: Origins) -> Self {
        let limits = LimitSettings { network_joins: JOINS_PER_NETWORK, ..LimitSettings::OFF };
        Self::made(change, sandbox, origins, limits).await
    }

    async fn made(change: impl FnOnce(&mut Ports), sandbox: bool, origins: Origins, limits: LimitSettings) -> Self {
        let clock = Arc::new(ManualClock::at(Instant::from_micros(NOW * 1_000_000)));
        let memory = Arc::new(Memory::new(clock.clone(), Arc::new(SeededIds::new(1))));
        let gateway = Arc::new(SandboxGateway::new());
        let mut theatre = Self::on((clock, memory, gateway), change, sandbox, origins, limits).await;
        theatre.operator = theatre.new_operator().await;
        theatre
    }

    async fn on(
        (clock, memory, gateway): (Arc<ManualClock>, Arc<Memory>, Arc<SandboxGateway>),
        change: impl FnOnce(&mut Ports),
        sandbox: bool,
        origins: Origins,
        limits: LimitSettings,
    ) -> Self {
        let limits = Arc::new(InstanceLimits::new(clock.clone(), &limits));
        let mails = Arc::<RecentMails>::default();
        let mut ports = Ports { mailer: Some(mails.clone()), ..ports(&clock, &memory, &gateway, &limits) };
        change(&mut ports);
        let use_cases = Arc::new(UseCases::new(&ports));
        let signer = ports.signer.clone();
        let is_draining = Arc::default();
        let state = WebState {
            sandbox,
            origins,
            is_draining: Arc::clone(&is_draining),
            use_cases: use_cases.clone(),
            tokens: ports.tokens,
            pseudonyms: Arc::new(HmacPseudonyms::new(&[4; 32])),
            probe: ports.probe,
            load: ports.load,
            clock: clock.clone(),
            currency: "KRW".into(),
            proxies: proxies(),
            limits: limits.clone(),
            log_in_delays: limits,
            max_body_bytes: MAX_BODY,
            body_timeout: Duration::from_millis(1),
            rendered: RenderedAnswers::default(),
            events: Arc::new(EventStreams::by_hand(EVENT_STREAMS)),
        };
        let state = Data::new(state);
        let service = Rc::new(test::init_service(app(state.clone())).await);
        let call: Call = Box::new(move |request, payload| {
            let service = Rc::clone(&service);
            let mut request = request.to_request();
            if let Some(payload) = payload {
                request = request.replace_payload(payload).0;
            }
            Box::pin(async move { test::call_service(&*service, request).await.map_into_boxed_body() })
        });
        let operator = String::new();
        Self { clock, memory, mails, gateway, use_cases, signer, is_draining, operator, state, sandbox, call }
    }

    /// What the description's examples put on sale, published.
    pub async fn on_sale() -> Self {
        Self::empty().await.set_stage().await
    }

    /// With what the description's examples put on sale, published; without their waiting room.
    pub async fn set_stage(self) -> Self {
        self.put_on(None).await
    }

    /// The same behind the examples' waiting room, with some other settings. The sale has just opened, and its queue is
    /// open.
    pub async fn in_queue(settings: Value) -> Self {
        let mut theatre = Self::in_lobby(settings).await;
        theatre.open().await;
        theatre
    }

    /// The same half an hour earlier.
    pub async fn in_lobby(settings: Value) -> Self {
        let mut theatre = Self::empty().await;
        theatre.clock.set(OPENS - Duration::from_mins(30));
        theatre.operator = theatre.back("operator").await;
        let theatre = theatre.put_on(Some(settings)).await;
        theatre.look().await;
        theatre
    }

    /// The sale opens, and its queue with it. Access tokens have ended by then.
    pub async fn open(&mut self) {
        self.clock.set(OPENS);
        self.operator = self.back("operator").await;
        self.tick().await;
    }

    /// The access token of somebody who logs in again.
    pub async fn back(&self, name: &str) -> String {
        self.log_in(&format!("{name}@example.com")).await["access_token"].as_str().unwrap().to_owned()
    }

    /// What the description's examples put on sale, published; with those settings, behind their waiting room.
    pub async fn put_on(self, room: Option<Value>) -> Self {
        let theatre = self;
        let description = Description::new();
        for (path, address) in [
            ("/v1/venues/{id}", format!("/v1/venues/{VENUE}")),
            ("/v1/venues/{id}/seat-maps/{version}", format!("/v1/venues/{VENUE}/seat-maps/1")),
            ("/v1/concerts/{id}", format!("/v1/concerts/{CONCERT}")),
            ("/v1/performances/{id}", format!("/v1/performances/{PERFORMANCE}")),
        ] {
            let body = description.operation("put", path).body_example();
            theatre.operate(Ask::put(address).json(&body)).await.with(201);
        }
        let sale = room.map_or_else(sale_example, sale_with);
        theatre.operate(Ask::put(format!("/v1/sales/{SALE}")).json(&sale)).await.with(201);
        for address in [format!("/v1/performances/{PERFORMANCE}"), format!("/v1/sales/{SALE}")] {
            theatre.operate(Ask::post(format!("{address}/publication"))).await.with(200);
        }
        theatre
    }

    /// Reads the queues again, as every instance does four times a second.
    pub async fn look(&self) {
        self.use_cases.tick_queues.refresh().await.unwrap();
    }

    /// Ticks every queue that is due, and takes the steps of draws that are due then.
    pub async fn tick(&self) {
        self.look().await;
        let ticks = &self.use_cases.tick_queues;
        for is_draw in [false, true] {
            for due in ticks.due(true).into_iter().filter(|due| due.keeps_busy() == is_draw) {
                due.run().await.report.unwrap();
            }
        }
    }

    /// Whose account it is.
    pub async fn user(&self, name: &str) -> UserId {
        let email = format!("{name}@example.com").parse().unwrap();
        self.memory.by_email(&email).await.unwrap().unwrap().user.id
    }

    /// The answer, which is as described.
    pub async fn send(&self, ask: &Ask) -> Answer {
        let answer = self.read((self.call)(ask.request(), None).await).await;
        promise::check(ask, &answer);
        answer
    }

    /// What a browser asks before a call. It alone reads the answer, which is no operation's: where it is refused, a line of
    /// text says why.
    pub async fn preflight(&self, ask: &Ask) -> Answer {
        self.read((self.call)(ask.request(), None).await).await
    }

    /// Sends the request's head, and then nothing more of its body.
    pub async fn send_head(&self, ask: &Ask) -> Answer {
        let never: BoxedPayloadStream = Box::pin(futures::stream::pending());
        self.read((self.call)(ask.request(), Some(Payload::Stream { payload: never })).await).await
    }

    /// A stream of events, if that is answered.
    pub async fn watch(&self, ask: &Ask) -> EventReader {
        let response = (self.call)(ask.request(), None).await;
        assert_eq!(response.status().as_u16(), 200);
        EventReader::new(response)
    }

    /// Time passes for those who watch.
    pub async fn beat(&self, elapsed: Duration) {
        beat_events(&self.state, elapsed).await;
    }

    async fn read(&self, response: ServiceResponse) -> Answer {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let is_stream = headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
        // A stream has no end.
        let body = if is_stream {
            EventReader::new(response).text().now_or_never().flatten().unwrap_or_default().into()
        } else {
            to_bytes(response.into_body()).await.unwrap().to_vec()
        };
        let answer = Answer { status, headers, body };
        // Whatever it is: what was bought there is worth nothing.
        assert_eq!(answer.header("Frontrow-Sandbox"), self.sandbox.then_some("true"), "{status}");
        assert!(answer.request_id().get_version_num() == 8, "{status}");
        answer
    }

    pub async fn get(&self, path: impl Into<String>) -> Answer {
        self.send(&Ask::get(path)).await
    }

    pub async fn operate(&self, ask: Ask) -> Answer {
        self.send(&ask.by(&self.operator)).await
    }

    /// Where an operator reads what they have put.
    pub fn settings(path: &str) -> String {
        if path.contains("/seat-maps/") { path.to_owned() } else { format!("{path}/settings") }
    }

    /// Puts that in the place of what is there, if something is.
    pub async fn replace(&self, path: &str, body: &Value) -> Answer {
        let address = path.split('?').next().unwrap();
        let read = self.operate(Ask::get(Self::settings(address))).await;
        let put = Ask::put(path).json(body);
        self.operate(match read.header("etag") {
            Some(tag) => put.header("If-Match", tag),
            None => put,
        })
        .await
    }

    /// A customer's access token.
    pub async fn customer(&self, name: &str) -> String {
        let email = format!("{name}@example.com");
        let body = json!({"email": email, "password": PASSWORD, "name": name});
        self.send(&Ask::post("/v1/users").json(&body)).await.with(201);
        self.log_in(&email).await["access_token"].as_str().unwrap().to_owned()
    }

    /// A customer with that many points.
    pub async fn customer_with(&self, name: &str, points: i64) -> String {
        let token = self.customer(name).await;
        let body = json!({"amount": points, "payment_token": SandboxGateway::ACCEPT});
        let charge = Ask::post("/v1/wallet/charges").by(&token).key("first").json(&body);
        assert_eq!(self.send(&charge).await.with(201)["status"], "succeeded");
        token
    }

    /// The access token of a log-in, or what else is in an answer.
    pub fn access(session: &Value) -> &str {
        session["access_token"].as_str().unwrap()
    }

    /// What has been mailed, the newest first, once all is sent that was promised.
    pub async fn mailed(&self) -> Vec<Mail> {
        self.use_cases.send_mails.as_ref().unwrap().run().await.unwrap();
        self.mails.newest_first()
    }

    /// The code in the newest mail.
    pub async fn mailed_code(&self) -> String {
        let mails = self.mailed().await;
        code_in(&mails[0].text).unwrap_or_else(|| panic!("no code: {}", mails[0].text)).to_owned()
    }

    pub async fn log_in(&self, email: &str) -> Value {
        let body = json!({"email": email, "password": PASSWORD});
        self.send(&Ask::post("/v1/sessions").json(&body)).await.with(201)
    }

    async fn new_operator(&self) -> String {
        let email = "operator@example.com".parse().unwrap();
        let (password, name) = (Password::new(PASSWORD).unwrap(), "Operator".to_owned());
        AddOperator(self.use_cases.sign_up.clone()).run(SignUpRequest { email, password, name }).await.unwrap();
        self.log_in("operator@example.com").await["access_token"].as_str().unwrap().to_owned()
    }

    /// The books have to be right.
    pub async fn verify(&self) {
        let findings = self.memory.audit(self.clock.now()).await.unwrap();
        assert!(findings.is_empty(), "{findings:?}");
    }
}

/// The description's example of a sale, without its waiting room.
pub fn sale_example() -> Value {
    let description = Description::new();
    let mut sale = description.operation("put", "/v1/sales/{id}").body_example();
    sale.as_object_mut().unwrap().remove("waiting_room");
    sale
}

/// The description's example of a sale, with some other settings of its waiting room.
pub fn sale_with(settings: Value) -> Value {
    let description = Description::new();
    let mut sale = description.operation("put", "/v1/sales/{id}").body_example();
    let Value::Object(settings) = settings else { panic!("settings are an object") };
    sale["waiting_room"].as_object_mut().unwrap().extend(settings);
    sale
}

/// The code in the text of a mail, if there is one.
pub fn code_in(text: &str) -> Option<&str> {
    text.lines().map(str::trim).find(|line| line.len() == 8 && line.parse::<u32>().is_ok())
}

/// A proxy on this machine, and whoever the tests are.
pub fn proxies() -> TrustedProxies {
    TrustedProxies::new(Some(HeaderName::from_static(CLIENT_ADDRESS)), "127.0.0.1".parse().unwrap())
}

fn ports(
    clock: &Arc<ManualClock>,
    memory: &Arc<Memory>,
    gateway: &Arc<SandboxGateway>,
    limits: &Arc<InstanceLimits>,
) -> Ports {
    let key = |byte| TokenKey { id: "1".into(), secret: [byte; 32] };
    let keys = MemoryKeys { access_tokens: key(1), ticket_codes: key(2), queue: key(3) };
    Ports {
        passwords: Arc::new(Argon2idHasher::weak_for_tests()),
        gateway: gateway.clone(),
        join_limits: limits.clone(),
        cooldown: limits.clone(),
        refresh_lifetime: Duration::from_hours(24),
        session_lifetime: SESSION,
        ..memory.ports(&keys, clock.clone(), Arc::new(SeededIds::new(2)))
    }
}

//! The mock's one address: the real API, and what only a mock has.

use crate::control;
use crate::inner::Inner;
use crate::scenario::{PREFERENCE_APPLIED, Scenarios, play};
use crate::stage::Stage;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Server, ServiceFactory, ServiceRequest, ServiceResponse, fn_factory};
use actix_web::http::header::{DATE, HttpDate, TryIntoHeaderValue};
use actix_web::middleware::{DefaultHeaders, Next, from_fn};
use actix_web::web::Data;
use actix_web::{App, Error, HttpServer};
use frontrow_application::port::Clock;
use frontrow_web::identify;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

/// What every answer says, so that nobody takes a mock for the real thing.
const MOCK: &str = "Frontrow-Mock";
/// The same of the money.
const SANDBOX: &str = "Frontrow-Sandbox";
/// Threads that answer: one developer needs no more.
const WORKERS: usize = 2;
/// How long a client may take to send a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Seconds that requests may go on once the mock is told to stop.
const SHUTDOWN_SECONDS: u64 = 1;

/// Answers whoever connects, until it is stopped through the server's handle. [`Stage::drive`] and signals are the caller's
/// business.
pub fn run(listener: TcpListener, stage: &Arc<Stage>) -> std::io::Result<Server> {
    let stage = Arc::clone(stage);
    let server = HttpServer::new(move || app(Arc::clone(&stage)))
        .workers(WORKERS)
        .client_request_timeout(HEAD_TIMEOUT)
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}

/// Pages work out from `Date` what time it is on the server: here, it is the mock's.
async fn dated<B: MessageBody>(
    stage: Arc<Stage>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    let now = u64::try_from(stage.world().clock.now().micros()).unwrap_or_default();
    let date = HttpDate::from(UNIX_EPOCH + Duration::from_micros(now));
    response.headers_mut().insert(DATE, date.try_into_value()?);
    Ok(response)
}

/// The whole mock, for a server or a test.
pub fn app(
    stage: Arc<Stage>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let cors = frontrow_web::cors(&stage.settings().origins()).expose_headers([MOCK, PREFERENCE_APPLIED]);
    let scenarios = Arc::new(Scenarios::new());
    let timed = Arc::clone(&stage);
    App::new()
        .app_data(Data::from(Arc::clone(&stage)))
        .configure(control::configure)
        .default_service(fn_factory(move || {
            let inner = Inner::new(Arc::clone(&stage));
            async { Ok::<_, ()>(inner) }
        }))
        .wrap(from_fn(move |request, next| play(Arc::clone(&scenarios), request, next)))
        .wrap(from_fn(async |request, next: Next<BoxBody>| Ok::<_, Error>(identify(next.call(request).await?))))
        .wrap(cors)
        .wrap(from_fn(move |request, next| dated(Arc::clone(&timed), request, next)))
        .wrap(DefaultHeaders::new().add((MOCK, "true")).add((SANDBOX, "true")))
}

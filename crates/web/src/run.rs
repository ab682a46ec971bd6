//! Listening.

use crate::WebState;
use crate::cors::cors;
use crate::manners::SANDBOX;
use crate::measure::{QuietSpan, measure};
use crate::openapi::description;
use crate::routes::{configure, configure_polls};
use crate::timely::timely;
use actix_web::body::MessageBody;
use actix_web::dev::{Server, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Compat, Condition, DefaultHeaders, from_fn};
use actix_web::web::{Data, scope};
use actix_web::{App, Error, HttpServer};
use std::net::TcpListener;
use std::time::Duration;
use tracing_actix_web::TracingLogger;

/// How to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSettings {
    /// Threads that handle requests.
    pub workers: usize,
    /// How long a client may take to send a request's head.
    pub head_timeout: Duration,
    /// How long requests may go on once the server is told to stop.
    pub shutdown_timeout: Duration,
}

/// Answers whoever connects, until it is stopped through the server's handle. Signals are the caller's business.
pub fn run(listener: TcpListener, settings: &WebSettings, state: WebState) -> std::io::Result<Server> {
    let state = Data::new(state);
    let server = HttpServer::new(move || app(state.clone()))
        .workers(settings.workers)
        .client_request_timeout(settings.head_timeout)
        .shutdown_timeout(settings.shutdown_timeout.as_secs())
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}

/// The whole API, for a server or a test.
pub fn app(
    state: Data<WebState>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let none = DefaultHeaders::new();
    let headers = if state.sandbox { none.add((SANDBOX, "true")) } else { none };
    let origins = Condition::new(state.origins.are_some(), cors(&state.origins));
    let measured =
        scope("").wrap(from_fn(timely)).wrap(from_fn(measure)).wrap(Compat::new(TracingLogger::<QuietSpan>::new()));
    App::new()
        .app_data(state)
        .app_data(Data::new(description()))
        .configure(configure_polls)
        .service(measured.configure(configure))
        .wrap(origins)
        .wrap(headers)
}

//! Listening.

use crate::WebState;
use crate::cors::cors;
use crate::dispatch::Dispatch;
use crate::openapi::description;
use crate::problem::{Kind, Problem};
use crate::routes::add_pages;
use crate::serve::Serve;
use actix_web::body::MessageBody;
use actix_web::dev::{Server, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::Condition;
use actix_web::web::{self, Data};
use actix_web::{App, Error, HttpResponse, HttpServer};
use std::net::TcpListener;
use std::time::Duration;

/// How to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSettings {
    /// Threads that handle requests.
    pub workers: usize,
    /// How long a client may take to send a request's head.
    pub head_timeout: Duration,
    /// How long a client may take nothing of what is sent to it, before its connection is closed.
    pub write_timeout: Duration,
    /// How long requests may go on once the server is told to stop.
    pub shutdown_timeout: Duration,
}

/// Answers whoever connects, until it is stopped through the server's handle. Signals are the caller's business.
pub fn run(listener: TcpListener, settings: &WebSettings, state: WebState) -> std::io::Result<Server> {
    let state = Data::new(state);
    close_stalled(&listener, settings.write_timeout)?;
    let server = HttpServer::new(move || app(state.clone()))
        .workers(settings.workers)
        .client_request_timeout(settings.head_timeout)
        .shutdown_timeout(settings.shutdown_timeout.as_secs())
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}

/// The body of an answer is not asked for more while its client takes nothing: only the system sees how long that goes on.
/// Connections get this from the listener.
#[cfg(target_os = "linux")]
fn close_stalled(listener: &TcpListener, after: Duration) -> std::io::Result<()> {
    socket2::SockRef::from(listener).set_tcp_user_timeout(Some(after))
}

/// Other systems have no such timeout: there a stalled client costs a connection until it goes.
#[cfg(not(target_os = "linux"))]
fn close_stalled(_: &TcpListener, _: Duration) -> std::io::Result<()> {
    Ok(())
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
    let origins = Condition::new(state.origins.are_some(), cors(&state.origins));
    App::new()
        .app_data(state.clone())
        .app_data(Data::new(description()))
        .configure(add_pages)
        .default_service(web::to(nothing))
        .wrap(Dispatch)
        .wrap(origins)
        .wrap(Serve(state))
}

async fn nothing() -> Result<HttpResponse, Problem> {
    Err(Problem::new(Kind::NotFound))
}

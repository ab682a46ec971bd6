//! Listening.

use crate::WebState;
use crate::app::app;
use crate::connection::{Exchange, Guarded, OpenConnections, Patience, guard};
use actix_http::HttpService;
use actix_http::error::DispatchError;
use actix_server::GracefulShutdownSignal;
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::dev::{AppConfig, Server};
use actix_web::web::Data;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;

/// How to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSettings {
    /// Threads that handle requests.
    pub workers: usize,
    /// How long a client may take to send a request's head.
    pub head_timeout: Duration,
    /// How long a client may take nothing of what is sent to it, or next to nothing, before its connection is closed.
    pub write_timeout: Duration,
    /// How long requests may go on once the server is told to stop.
    pub shutdown_timeout: Duration,
    /// Connections that may be open at a time; any more are closed.
    pub max_connections: usize,
    /// The same from one network that is neither the machine itself nor a trusted proxy's; 0 for any number.
    pub max_network_connections: u32,
}

/// How long a connection is kept while no request comes.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// How long a client may take to close its side of a connection.
const DISCONNECT: Duration = Duration::from_secs(1);
/// Bytes that wait in the system for one client. The system says that there is room again when a third of it is free, and a
/// client has the write timeout for that.
const SEND_BUFFER: usize = 128 * 1024;

/// Answers whoever connects, until it is stopped through the server's handle. Signals are the caller's business.
pub fn run(listener: TcpListener, settings: &WebSettings, state: WebState) -> std::io::Result<Server> {
    let (state, listening) = (Data::new(state), listener.local_addr()?);
    let open = OpenConnections::new(settings.max_connections, settings.max_network_connections);
    close_stalled(&listener, settings.write_timeout)?;
    let builder = actix_server::Server::build()
        .workers(settings.workers)
        .shutdown_timeout(settings.shutdown_timeout.as_secs())
        .disable_signals();
    let (settings, shutdown) = (settings.clone(), builder.graceful_shutdown_signal());
    let worker = move || worker(&state, &settings, listening, &open, shutdown.clone());
    Ok(builder.listen("frontrow", listener, worker)?.run())
}

/// What one worker does with a connection.
fn worker(
    state: &Data<WebState>,
    settings: &WebSettings,
    listening: SocketAddr,
    open: &Arc<OpenConnections>,
    shutdown: GracefulShutdownSignal,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = DispatchError, InitError = ()> + use<> {
    let patience = Patience { head: KEEP_ALIVE + settings.head_timeout, write: settings.write_timeout };
    let (open, guarding) = (Arc::clone(open), state.clone());
    let http = HttpService::build()
        .graceful_shutdown_signal(move || {
            let signal = shutdown.clone();
            async move { signal.notified().await }
        })
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(settings.head_timeout)
        .client_disconnect_timeout(DISCONNECT)
        .local_addr(listening)
        .on_connect_ext(|io: &Guarded, data| drop(data.insert::<Rc<Exchange>>(Rc::clone(io.exchange()))));
    let factory = app(state.clone()).into_factory().map_err(|error: actix_web::Error| error.error_response());
    let http = http.h1(map_config(factory, |()| AppConfig::default()));
    fn_service(move |io: TcpStream| {
        let peer = io.peer_addr().ok();
        let guarded = guard(io, patience, &open, |peer| guarding.proxies.include(peer));
        async move { Ok((guarded.map_err(DispatchError::Io)?, peer)) }
    })
    .and_then(http)
}

/// The body of an answer is not asked for more while its client takes nothing: the system sees how long that goes on, too.
/// Connections get this, and the size of their buffers, from the listener.
#[cfg(target_os = "linux")]
fn close_stalled(listener: &TcpListener, after: Duration) -> std::io::Result<()> {
    let socket = socket2::SockRef::from(listener);
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.set_tcp_user_timeout(Some(after))
}

/// Other systems have no such timeout.
#[cfg(not(target_os = "linux"))]
fn close_stalled(listener: &TcpListener, _: Duration) -> std::io::Result<()> {
    socket2::SockRef::from(listener).set_send_buffer_size(SEND_BUFFER)
}

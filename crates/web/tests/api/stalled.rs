//! A client that takes nothing of what is sent to it, over a real connection.

use crate::ask::Ask;
use crate::theatre::{PERFORMANCE, Theatre, proxies};
use actix_web::rt;
use frontrow_web::{WebSettings, WebState, beat_events, run};
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// What takes longer has failed.
const PATIENCE: Duration = Duration::from_mins(1);
/// What a client may take nothing for, here.
const WRITE_TIMEOUT: Duration = Duration::from_millis(500);
/// Between two events.
const PACE: Duration = Duration::from_millis(20);

/// What the theatre has, for a server of its own.
fn state(theatre: &Theatre) -> WebState {
    let state = &theatre.state;
    WebState {
        use_cases: Arc::clone(&state.use_cases),
        tokens: Arc::clone(&state.tokens),
        pseudonyms: Arc::clone(&state.pseudonyms),
        probe: Arc::clone(&state.probe),
        load: Arc::clone(&state.load),
        is_draining: Arc::clone(&state.is_draining),
        clock: Arc::clone(&state.clock),
        currency: state.currency.clone(),
        sandbox: state.sandbox,
        proxies: proxies(),
        limits: Arc::clone(&state.limits),
        log_in_delays: Arc::clone(&state.log_in_delays),
        origins: state.origins.clone(),
        max_body_bytes: state.max_body_bytes,
        body_timeout: state.body_timeout,
        rendered: frontrow_web::RenderedAnswers::default(),
        events: Arc::clone(&state.events),
    }
}

/// Somebody who watches, with room for a few events.
fn watch(server: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&server.into()).unwrap();
    let mut stream = TcpStream::from(socket);
    write!(stream, "GET /v1/performances/{PERFORMANCE}/events HTTP/1.1\r\nhost: test\r\n\r\n").unwrap();
    stream.set_nonblocking(true).unwrap();
    stream
}

/// How many bytes have come; panics if the connection was closed.
fn take(stream: &mut TcpStream) -> usize {
    let (mut buffer, mut all) = ([0; 4096], 0);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => panic!("whoever reads is kept"),
            Ok(count) => all += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return all,
            Err(error) => panic!("{error}"),
        }
    }
}

/// The body of its stream is not asked for more, so nothing of ours could end the connection; the system does.
#[cfg(target_os = "linux")]
#[actix_web::test]
async fn a_client_that_takes_nothing_is_cut_off_and_one_that_reads_is_not() {
    let theatre = Theatre::on_sale().await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let settings = WebSettings {
        workers: 1,
        head_timeout: PATIENCE,
        write_timeout: WRITE_TIMEOUT,
        shutdown_timeout: Duration::from_secs(1),
    };
    let server = run(listener, &settings, state(&theatre)).unwrap();
    let handle = server.handle();
    let serving = rt::spawn(server);
    let (mut quick, _stalled) = (watch(address), watch(address));
    let begun = rt::time::Instant::now();
    while theatre.state.events.open() < 2 {
        assert!(begun.elapsed() < PATIENCE);
        rt::time::sleep(PACE).await;
    }
    let (mut turn, mut read) = (0, 0);
    while theatre.state.events.open() == 2 {
        assert!(begun.elapsed() < PATIENCE, "the stalled client is still there after {turn} events");
        let what = if turn % 2 == 0 { "postponement" } else { "publication" };
        theatre.operate(Ask::post(format!("/v1/performances/{PERFORMANCE}/{what}"))).await.with(200);
        turn += 1;
        beat_events(&theatre.state, Duration::from_secs(1)).await;
        rt::time::sleep(PACE).await;
        read += take(&mut quick);
    }
    assert_eq!(theatre.state.events.open(), 1);
    assert!(read > 4096, "{read} bytes in {turn} events");
    // The connection is closed, and not only the stream.
    handle.stop(false).await;
    serving.await.unwrap().unwrap();
}

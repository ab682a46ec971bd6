//! Clients that are slow, many, or up to something, over real connections.

use crate::listening::{Listening, PATIENCE, answer, patient, rest};
use crate::theatre::{MAX_BODY, Theatre};
use frontrow_web::WebSettings;
use socket2::{Domain, Protocol, Socket, Type};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// What clients have there, where they are cut off.
const SHORT: Duration = Duration::from_millis(300);
/// Between two bytes of a slow client.
const PACE: Duration = Duration::from_millis(20);
/// Sockets that say nothing.
const IDLE: usize = 2000;

const HEALTHY: &str = "GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n";

fn impatient() -> WebSettings {
    WebSettings { head_timeout: SHORT, keep_alive: SHORT, ..patient() }
}

async fn is_healthy(server: &Listening) -> bool {
    let mut stream = server.connect().await;
    stream.write_all(HEALTHY.as_bytes()).await.unwrap();
    answer(&mut stream).await == 200
}

/// Writes a byte at a time until the server closes the connection; what it has answered.
async fn drip(stream: &mut TcpStream, byte: u8) -> String {
    let (mut read, mut write) = stream.split();
    let mut answered = Vec::new();
    let dripping = async {
        while write.write_all(&[byte]).await.is_ok() {
            sleep(PACE).await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        _ = read.read_to_end(&mut answered) => {}
        () = dripping => {}
        () = sleep(PATIENCE) => panic!("whoever drips is kept"),
    }
    String::from_utf8_lossy(&answered).into_owned()
}

#[actix_web::test]
async fn thousands_of_sockets_that_say_nothing_are_closed_and_are_in_nobodys_way() {
    let theatre = Theatre::empty().await;
    let server = Listening::start(&theatre, &impatient());
    let mut idle = Vec::new();
    for _ in 0..IDLE {
        idle.push(server.connect().await);
    }
    assert!(is_healthy(&server).await);
    for stream in &mut idle {
        assert!(!rest(stream).await.starts_with("HTTP/1.1 200"));
    }
    server.stop().await;
}

#[actix_web::test]
async fn each_head_has_its_time_and_not_only_the_first_of_a_connection() {
    let theatre = Theatre::empty().await;
    let server = Listening::start(&theatre, &impatient());
    let mut first = server.connect().await;
    first.write_all(b"GET /healthz HTTP/1.1\r\nx: ").await.unwrap();
    assert!(drip(&mut first, b'x').await.starts_with("HTTP/1.1 408"), "the first head");
    let mut kept = server.connect().await;
    for _ in 0..3 {
        kept.write_all(HEALTHY.as_bytes()).await.unwrap();
        assert_eq!(answer(&mut kept).await, 200);
    }
    kept.write_all(b"GET /healthz HTTP/1.1\r\nx: ").await.unwrap();
    assert_eq!(drip(&mut kept, b'x').await, "", "a later head");
    // One that came with the request before, and does not go on.
    let mut together = server.connect().await;
    together.write_all(format!("{HEALTHY}GET /healthz HTTP/1.1\r\n").as_bytes()).await.unwrap();
    assert_eq!(answer(&mut together).await, 200);
    assert_eq!(rest(&mut together).await, "");
    server.stop().await;
}

#[actix_web::test]
async fn a_body_has_its_time_too_and_whoever_is_in_time_is_kept() {
    let theatre = Theatre::empty().await;
    let server = Listening::start(&theatre, &patient());
    let mut slow = server.connect().await;
    let head = "POST /v1/sessions HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n";
    slow.write_all(head.as_bytes()).await.unwrap();
    assert!(drip(&mut slow, b' ').await.starts_with("HTTP/1.1 408"));
    assert!(is_healthy(&server).await);
    server.stop().await;
}

/// Somebody who asks for much, with room for little.
fn greedy(server: &Listening) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&server.address.into()).unwrap();
    socket.set_nonblocking(true).unwrap();
    TcpStream::from_std(socket.into()).unwrap()
}

#[actix_web::test]
async fn a_client_that_takes_next_to_nothing_of_an_answer_is_cut_off_and_a_slow_one_is_not() {
    let theatre = Theatre::empty().await;
    let server = Listening::start(&theatre, &WebSettings { write_timeout: 2 * SHORT, ..patient() });
    let description = "GET /openapi.json HTTP/1.1\r\nhost: test\r\n\r\n";
    let (mut dripping, mut slow) = (greedy(&server), greedy(&server));
    for stream in [&mut dripping, &mut slow] {
        stream.write_all(description.as_bytes()).await.unwrap();
    }
    let drip = async {
        while dripping.read_u8().await.is_ok() {
            sleep(PACE).await;
        }
    };
    let take = async {
        let (mut buffer, mut all) = (vec![0; 64 * 1024], 0);
        while all < 400_000 {
            all += slow.read(&mut buffer).await.expect("whoever takes what is sent is kept").max(1);
            sleep(PACE).await;
        }
    };
    timeout(PATIENCE, async { tokio::join!(drip, take) }).await.expect("whoever drips is kept");
    server.stop().await;
}

#[actix_web::test]
async fn no_more_connections_than_there_may_be_are_kept() {
    let theatre = Theatre::empty().await;
    let server = Listening::start(&theatre, &WebSettings { max_connections: 3, ..patient() });
    let mut kept = Vec::new();
    for _ in 0..3 {
        let mut stream = server.connect().await;
        stream.write_all(HEALTHY.as_bytes()).await.unwrap();
        assert_eq!(answer(&mut stream).await, 200);
        kept.push(stream);
    }
    assert_eq!(rest(&mut server.connect().await).await, "");
    kept.pop();
    let again = async {
        // Until the server has noticed that somebody has gone.
        while server.say("GET /healthz HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").await.is_empty() {}
    };
    timeout(PATIENCE, again).await.expect("nobody else is let in");
    server.stop().await;
}

/// A request in whose body another is hidden, for whoever reads its length otherwise.
fn hiding(headers: &str, body: &str) -> String {
    format!("POST /v1/sessions HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n{headers}\r\n\r\n{body}")
}

#[actix_web::test]
async fn no_request_can_be_hidden_in_another() {
    const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nhost: test\r\n\r\n";
    let theatre = Theatre::empty().await;
    let server = Listening::start(&theatre, &impatient());
    let chunk = format!("0\r\n\r\n{HIDDEN}");
    for (what, request) in [
        ("both lengths", hiding("content-length: 5\r\ntransfer-encoding: chunked", &chunk)),
        ("both lengths, the other way round", hiding("transfer-encoding: chunked\r\ncontent-length: 5", &chunk)),
        ("two lengths", hiding("content-length: 2\r\ncontent-length: 40", &format!("{{}}{HIDDEN}"))),
        ("the same length twice", hiding("content-length: 2\r\ncontent-length: 2", &format!("{{}}{HIDDEN}"))),
        ("a list of lengths", hiding("content-length: 2, 2", &format!("{{}}{HIDDEN}"))),
        ("a length with a sign", hiding("content-length: +2", &format!("{{}}{HIDDEN}"))),
        ("a length that is none", hiding("content-length: 0x2", &format!("{{}}{HIDDEN}"))),
        ("two encodings", hiding("transfer-encoding: chunked\r\ntransfer-encoding: identity", &chunk)),
        ("an encoding that is not the last", hiding("transfer-encoding: chunked, identity", &chunk)),
        ("an unknown encoding", hiding("transfer-encoding: xchunked", &chunk)),
        ("an encoding with a space before the colon", hiding("transfer-encoding : chunked", &chunk)),
        ("a chunk that is no number", hiding("transfer-encoding: chunked", &format!("zz\r\n{HIDDEN}"))),
        ("a chunk with a sign", hiding("transfer-encoding: chunked", &format!("+2\r\n{{}}\r\n{chunk}"))),
        ("a chunk that is too long for a number", hiding("transfer-encoding: chunked", &format!("{}\r\n", "f".repeat(40)))),
        ("a chunk that is longer than it says", hiding("transfer-encoding: chunked", &format!("1\r\n{{}}\r\n{chunk}"))),
        ("a folded header", hiding("x: 1\r\n transfer-encoding: chunked", &chunk)),
        ("an encoding in HTTP/1.0", hiding("transfer-encoding: chunked", &chunk).replacen("HTTP/1.1", "HTTP/1.0", 1)),
    ] {
        let answered = server.say(request).await;
        let statuses: Vec<&str> = answered.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
        assert!(statuses.len() <= 1, "{what}: {answered}");
        assert!(statuses.iter().all(|status| status.starts_with('4')), "{what}: {answered}");
        assert!(!answered.contains("not-found"), "{what}: {answered}");
    }
    assert!(is_healthy(&server).await);
    server.stop().await;
}

#[actix_web::test]
async fn what_is_too_large_is_not_read_to_its_end() {
    let theatre = Theatre::empty().await;
    let server = Listening::start(&theatre, &impatient());
    let head = format!("GET /healthz HTTP/1.1\r\nhost: test\r\nx: {}\r\n\r\n", "x".repeat(200_000));
    let answered = server.say(head).await;
    assert!(answered.is_empty() || answered.starts_with("HTTP/1.1 431"), "{answered}");
    let headers: String = (0..500).map(|n| format!("x-{n}: 1\r\n")).collect();
    let answered = server.say(format!("GET /healthz HTTP/1.1\r\nhost: test\r\n{headers}\r\n")).await;
    assert!(answered.starts_with("HTTP/1.1 4"), "{answered}");
    let length = format!("content-length: {}", 1_u64 << 40);
    let answered = server.say(hiding(&length, &"x".repeat(2 * MAX_BODY))).await;
    assert!(answered.starts_with("HTTP/1.1 413"), "{answered}");
    assert!(is_healthy(&server).await);
    server.stop().await;
}

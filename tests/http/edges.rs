//! What does not even become a request, and what asks whether the server lives.

use crate::test_server::{run, run_with};
use anyhow::{Context, Result, ensure};
use hyper::{Method, StatusCode};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The server answers or hangs up within this time, or never.
const PATIENCE: Duration = Duration::from_secs(20);

/// Writes all that the server takes, and reads until it hangs up; what it said.
async fn say(address: SocketAddr, bytes: &[u8]) -> Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    // It may hang up before it has read everything.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match timeout(PATIENCE, stream.read(&mut buffer)).await.context("the server neither answers nor hangs up")? {
            Ok(0) | Err(_) => return Ok(String::from_utf8_lossy(&answer).into_owned()),
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
        }
    }
}

/// The code of the status line; `None` if the server hung up without a word.
fn code(answer: &str) -> Option<u16> {
    answer.split(' ').nth(1)?.parse().ok()
}

#[test]
fn what_is_not_http_is_refused() -> Result<()> {
    run(async |server| {
        let address = server.running()?.address;
        let long_header = format!("GET /healthz HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "x".repeat(1 << 20));
        let many_headers = format!("GET /healthz HTTP/1.1\r\nhost: a\r\n{}\r\n", "x: y\r\n".repeat(10_000));
        let refused: [&[u8]; 7] = [
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
            b"hello\r\n\r\n",
            b"GET /healthz HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
            b"POST /v1/users HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
            b"POST /v1/users HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            long_header.as_bytes(),
            many_headers.as_bytes(),
        ];
        for bytes in refused {
            let answer = say(address, bytes).await?;
            let start = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]);
            ensure!(code(&answer).is_none_or(|code| (400..500).contains(&code)), "{start:?}: {answer}");
        }
        server.stranger()?.get("/healthz").await?;
        Ok(())
    })
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for() -> Result<()> {
    run_with(&[("FRONTROW_REQUEST_TIMEOUT_SECONDS", "1")], async |server| {
        let address = server.running()?.address;
        let head =
            "POST /v1/users HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n";
        let answer = say(address, format!("{head}{{\"email\":").as_bytes()).await?;
        ensure!(code(&answer) == Some(408), "{answer:?}");
        ensure!(answer.contains("application/problem+json"), "{answer}");
        let answer = say(address, b"GET /healthz HTTP/1.1\r\nhost").await?;
        ensure!(matches!(code(&answer), None | Some(408)), "{answer:?}");
        Ok(())
    })
}

#[test]
fn a_body_that_is_too_large_is_not_read() -> Result<()> {
    run_with(&[("FRONTROW_MAX_BODY_BYTES", "1024")], async |server| {
        let body = "x".repeat(4096);
        let head = "POST /v1/users HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\nconnection: close\r\n";
        let announced = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n1000\r\n{body}\r\n0\r\n\r\n");
        for request in [announced, chunked] {
            let answer = say(server.running()?.address, request.as_bytes()).await?;
            ensure!(code(&answer) == Some(413), "{answer:?}");
        }
        Ok(())
    })
}

#[test]
fn a_server_says_that_it_lives_and_that_it_is_ready() -> Result<()> {
    run(async |server| {
        let mut client = server.stranger()?;
        for path in ["/healthz", "/readyz"] {
            let reply = client.ask(Method::GET, path, None, None).await?;
            ensure!(reply.status == StatusCode::OK, "{path}: {reply:?}");
        }
        Ok(())
    })
}

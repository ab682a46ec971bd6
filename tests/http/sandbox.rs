//! The sandbox stays on the machine that it is tried on, and says what it is.

use crate::driver::{Log, Server, command};
use crate::test_server::run;
use anyhow::{Result, ensure};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A server that refuses to start does so within this time; otherwise it would serve for ever.
const PATIENCE: Duration = Duration::from_mins(1);

#[test]
fn the_sandbox_is_not_served_to_other_machines_unless_somebody_wants_it() -> Result<()> {
    run(async |server| {
        let directory = server.directory.path();
        let mut serve = command(directory, &["serve", "--listen", "0.0.0.0:0"]);
        let output = timeout(PATIENCE, serve.output()).await??;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.code() == Some(2), "it ends with {}: {said}", output.status);
        ensure!(said.contains("allow_sandbox = true") && said.contains("--listen 127.0.0.1"), "{said}");

        let mut serve = command(directory, &["serve", "--listen", "0.0.0.0:0", "--allow-sandbox", "true"]);
        let wanted = Server::run(&mut serve, Log::default()).await?;
        for running in [&wanted, server.running()?] {
            let mut stream = TcpStream::connect(("127.0.0.1", running.address.port())).await?;
            stream.write_all(b"GET /v1/concerts HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await?;
            let mut answer = String::new();
            timeout(PATIENCE, stream.read_to_string(&mut answer)).await??;
            ensure!(answer.to_lowercase().contains("\r\nfrontrow-sandbox: true\r\n"), "{answer}");
        }
        ensure!(wanted.log.text().contains("ANYBODY CAN CHARGE A WALLET"), "{}", wanted.log.text());
        wanted.stop().await
    })
}

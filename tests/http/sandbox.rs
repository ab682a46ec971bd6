//! The sandbox stays on the machine that it is tried on, and says what it is; a start says what is not protected.

use crate::driver::{Log, Server, command};
use crate::test_server::{run, until};
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

#[test]
fn what_is_not_protected_is_said_before_the_start_and_at_it() -> Result<()> {
    run(async |server| {
        let directory = server.directory.path();
        let fine = command(directory, &["config", "--check"]).output().await?;
        ensure!(fine.status.success(), "{}", String::from_utf8_lossy(&fine.stdout));
        let open = command(directory, &["config", "--check", "--listen", "0.0.0.0:0"]).output().await?;
        let said = String::from_utf8_lossy(&open.stdout).into_owned();
        ensure!(open.status.code() == Some(1) && said.contains("no TLS"), "{} and says {said}", open.status);

        let mut serve = command(directory, &["serve", "--listen", "0.0.0.0:0", "--allow-sandbox", "true"]);
        let open = Server::run(&mut serve, Log::default()).await?;
        let warnings = until("it says so", async || {
            let log = open.log.text();
            Ok(log.contains("not protected: no TLS").then_some(log))
        });
        warnings.await?;
        ensure!(!server.running()?.log.text().contains("not protected"), "nobody else reaches it");
        open.stop().await
    })
}

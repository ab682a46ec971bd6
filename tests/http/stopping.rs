//! How a server ends, and what it goes on through: signals, and a database that is away.

use crate::driver::Client;
use crate::driver::client::Reply;
use crate::test_server::{TestServer, on_every_database, run, run_with, seat, until};
use anyhow::{Context, Result, ensure};
use frontrow_test_databases::PrivateServer;
use futures::future::join_all;
use hyper::{Method, StatusCode};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::{Instant, timeout};

/// Sends a signal to the server.
pub async fn signal(server: &TestServer, name: &str) -> Result<()> {
    let id = server.running()?.child.id().context("the server has ended by itself")?;
    let sent = Command::new("sh").args(["-c", "kill -\"$0\" \"$1\"", name, &id.to_string()]).status().await?;
    ensure!(sent.success(), "the server has ended by itself");
    Ok(())
}

/// One request over a connection of its own, as a load balancer makes them.
async fn ask(server: &TestServer, path: &str) -> Result<Reply> {
    server.stranger()?.ask(Method::GET, path, None, None).await
}

#[test]
fn a_server_that_is_told_to_stop_is_not_ready_and_serves_until_it_stops() -> Result<()> {
    const DRAIN: Duration = Duration::from_secs(3);
    run_with(&[("FRONTROW_DRAIN_SECONDS", "3")], async |server| {
        let show = server.publish(crate::driver::Terms::default()).await?;
        let mut buyer = server.customer(0)?;
        ensure!(ask(server, "/readyz").await?.status == StatusCode::OK);
        let told = Instant::now();
        signal(server, "TERM").await?;
        until("it says that it is not ready", async || {
            let reply = ask(server, "/readyz").await?;
            Ok((reply.status == StatusCode::SERVICE_UNAVAILABLE).then_some(()))
        })
        .await?;
        buyer.held(show, &[seat(1)], "while-it-drains").await?;
        // Until somebody is refused, everybody is answered.
        let refused = until("it stops", async || {
            let asked = Instant::now();
            match ask(server, "/healthz").await {
                Ok(reply) => ensure!(reply.status == StatusCode::OK, "{reply:?}"),
                Err(_) => return Ok(Some(asked)),
            }
            let ready = ask(server, "/readyz").await;
            ensure!(!ready.is_ok_and(|reply| reply.status == StatusCode::OK), "it is ready again");
            Ok(None)
        })
        .await?;
        ensure!(refused - told >= DRAIN, "refused after {:?}", refused - told);
        ended_well(server).await
    })
}

/// The server has ended, and as it should.
async fn ended_well(server: &mut TestServer) -> Result<()> {
    let status = server.ended().await?;
    ensure!(status.success(), "the server stopped with {status}");
    Ok(())
}

#[test]
fn a_second_signal_ends_a_server_at_once() -> Result<()> {
    run_with(&[("FRONTROW_DRAIN_SECONDS", "300")], async |server| {
        signal(server, "TERM").await?;
        until("it drains", async || {
            Ok((ask(server, "/readyz").await?.status == StatusCode::SERVICE_UNAVAILABLE).then_some(()))
        })
        .await?;
        signal(server, "INT").await?;
        let status = server.ended().await?;
        ensure!(status.code() == Some(1), "the server stopped with {status}");
        Ok(())
    })
}

on_every_database! { a_server_that_is_stopped_twice_over_leaves_nothing_behind }

/// Without a drain, as tests and small installations do it.
async fn a_server_that_is_stopped_twice_over_leaves_nothing_behind(server: &mut TestServer) -> Result<()> {
    for _ in 0..2 {
        signal(server, "TERM").await?;
        ended_well(server).await?;
        server.start().await?;
    }
    Ok(())
}

/// A stream of events goes on for as long as its client likes, but not for longer than the server does.
#[test]
fn a_stream_of_events_ends_with_the_server_and_does_not_keep_it() -> Result<()> {
    run(async |server| {
        let show = server.publish(crate::driver::Terms::default()).await?;
        let path = format!("/v1/performances/{}/events", show.performance);
        let mut stream = TcpStream::connect(server.running()?.address).await?;
        stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n").as_bytes()).await?;
        let mut read = String::new();
        read_until(&mut stream, &mut read, "event: performance").await?;
        server.customer(0)?.held(show, &[seat(7)], "while-somebody-watches").await?;
        read_until(&mut stream, &mut read, "\"taken\":[7]").await?;
        signal(server, "TERM").await?;
        let status = timeout(STOPS, server.ended()).await.context("the server waits for a stream")??;
        ensure!(status.success(), "the server stopped with {status}");
        // The last chunk says that this is the whole answer.
        read_until(&mut stream, &mut read, "\r\n0\r\n\r\n").await?;
        ensure!(read.ends_with("\r\n0\r\n\r\n"), "{read}");
        Ok(())
    })
}

/// With nobody at work, and less than requests have to finish, which is 30 seconds. It took more than 20 once.
const STOPS: Duration = Duration::from_secs(12);

async fn read_until(stream: &mut TcpStream, read: &mut String, what: &str) -> Result<()> {
    let mut buffer = [0; 4096];
    while !read.contains(what) {
        let count = timeout(STOPS, stream.read(&mut buffer)).await.with_context(|| format!("no {what}: {read}"))??;
        ensure!(count > 0, "closed before {what}: {read}");
        *read += std::str::from_utf8(&buffer[..count])?;
    }
    Ok(())
}

mod database_away {
    use super::*;
    use crate::test_server::on_every_server;

    on_every_server! { run_on_private: everybody_is_told_in_time_and_the_server_can_be_stopped }

    /// Holds that wait for the same thing.
    const MANY: usize = 20;
    const READ: Duration = Duration::from_secs(2);
    const COMMAND: Duration = Duration::from_secs(10);
    /// What comes in time on a machine with other things to do.
    const SLACK: u32 = 2;

    async fn is_told(mut client: Client, within: Duration, method: Method, path: String) -> Result<()> {
        let what = format!("{method} {path}");
        let (key, body) = match method {
            Method::GET => (None, None),
            _ => (Some("away"), Some(serde_json::json!({ "seats": [seat(1)] }))),
        };
        let reply = timeout(within * SLACK, client.ask(method, &path, key, body)).await;
        let reply = reply.with_context(|| format!("{what}: no answer"))??;
        let kind = reply.body["type"].as_str().unwrap_or_default();
        ensure!(reply.status == StatusCode::SERVICE_UNAVAILABLE, "{what}: {reply:?}");
        ensure!(kind.ends_with("/unavailable") || kind.ends_with("/unknown-outcome"), "{what}: {reply:?}");
        Ok(())
    }

    async fn everybody_is_told_in_time_and_the_server_can_be_stopped(
        server: &mut TestServer,
        database_server: &mut PrivateServer,
    ) -> Result<()> {
        let show = server.publish(crate::driver::Terms::default()).await?;
        database_server.kill()?;
        let hold = format!("/v1/performances/{}/reservations", show.performance);
        let mut asked = vec![is_told(server.stranger()?, READ, Method::GET, "/readyz".to_owned())];
        asked.push(is_told(server.customer(0)?, READ, Method::GET, "/v1/wallet".to_owned()));
        for n in 0..MANY {
            let customer = server.customer(n % crate::driver::CUSTOMERS)?;
            asked.push(is_told(customer, COMMAND, Method::POST, hold.clone()));
        }
        join_all(asked).await.into_iter().collect::<Result<()>>()?;

        signal(server, "TERM").await?;
        let status = timeout(STOPS, server.ended()).await.context("the server does not stop")??;
        ensure!(status.success(), "the server stopped with {status}");
        database_server.start().await?;
        server.start().await
    }
}

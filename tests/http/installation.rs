//! All instances on one database have the same keys, currency and source of numbers, and change them together.

mod rotation;

use crate::driver::{Client, Log, Server, command};
use crate::test_server::{TestServer, change_installation, on_every_database, run, until};
use anyhow::{Context, Result, bail, ensure};
use frontrow_test_databases::{PrivateRedis, private_redis};
use hyper::{Method, StatusCode};
use std::process::Output;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

on_every_database! {
    an_instance_that_differs_does_not_start_and_says_what_to_do,
    an_instance_that_runs_notices_a_change,
}

type Settings<'a> = &'a [(&'a str, &'a str)];

/// An instance that refuses to start does so within this time; otherwise it would serve for ever.
const PATIENCE: Duration = Duration::from_mins(1);

async fn an_instance_that_differs_does_not_start_and_says_what_to_do(server: &mut TestServer) -> Result<()> {
    let other_keys = server.directory.path().join("other-keys.json").display().to_string();
    let cases: [(Settings<'_>, &[&str]); 3] = [
        (
            &[("FRONTROW_CURRENCY", "USD")],
            &["currency: the installation has KRW, this instance USD", "set currency = \"KRW\""],
        ),
        (
            &[("FRONTROW_KEYS_FILE", &other_keys)],
            &[
                "access_tokens: the installation has key",
                "queue: this instance signs with key",
                "frontrow keys promote queue",
                "ticket_codes: ",
            ],
        ),
        (
            // Nobody is there: it is refused all the same.
            &[("FRONTROW_REDIS_URL", "redis://127.0.0.1:1/")],
            &["source of numbers: the installation has the database", "redis_url = \"off\""],
        ),
    ];
    for (settings, says) in cases {
        refuses(server, settings, says).await.with_context(|| format!("{settings:?}"))?;
    }
    let shown = installation(server, &["show"], &[]).await?;
    for part in ["currency: KRW", "numbers: from the database", "schema: m00", "here may start"] {
        ensure!(shown.contains(part), "{part}: {shown}");
    }
    let differs = installation(server, &["show"], &[("FRONTROW_CURRENCY", "USD")]).await?;
    ensure!(differs.contains("may not start: currency"), "{differs}");
    server.another().await?.stop().await
}

async fn an_instance_that_runs_notices_a_change(server: &mut TestServer) -> Result<()> {
    let dollars: Settings<'_> = &[("FRONTROW_CURRENCY", "USD")];
    let refused = change(server, &["currency"], dollars).await?;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    ensure!(refused.status.code() == Some(2) && said.contains("amounts are booked"), "{said}");
    ready(server, StatusCode::OK).await?;
    done(change(server, &["currency", "--relabel"], dollars).await?)?;
    ready(server, StatusCode::SERVICE_UNAVAILABLE).await.context("it does not notice")?;
    refuses(server, &[], &["currency: the installation has USD, this instance KRW"]).await?;
    done(change(server, &["currency", "--relabel"], &[]).await?)?;
    ready(server, StatusCode::OK).await.context("it does not notice that all is as it was")
}

#[test]
fn another_redis_is_refused_and_one_that_was_flushed_goes_on() -> Result<()> {
    run(async |server| {
        let test = "another_redis_is_refused_and_one_that_was_flushed_goes_on";
        let Some(redis) = private_redis(test).await else { return Ok(()) };
        let Some(other) = private_redis(test).await else { return Ok(()) };
        let (ours, theirs) = ([("FRONTROW_REDIS_URL", redis.url())], [("FRONTROW_REDIS_URL", other.url())]);
        server.stop().await?;
        refuses(server, &ours, &["source of numbers: the installation has the database"]).await?;
        change_installation(server.directory.path(), &["numbers"], &ours).await?;
        refuses(server, &[], &["source of numbers", "set redis_url"]).await.context("without Redis")?;
        refuses(server, &theirs, &["a Redis without that mark"]).await.context("another Redis")?;

        let first = start(server, &ours).await?;
        flush(&redis).await?;
        // The running instance puts the mark back, and a starting one waits for that for a while.
        until("another one starts after the flush", async || match start(server, &ours).await {
            Ok(second) => second.stop().await.map(Some),
            Err(_) => Ok(None),
        })
        .await?;
        first.stop().await?;
        flush(&redis).await?;
        refuses(server, &ours, &["a Redis without that mark", "change numbers"]).await.context("nobody has seen it")?;

        change_installation(server.directory.path(), &["numbers"], &theirs).await?;
        refuses(server, &ours, &["a Redis without that mark"]).await.context("the one before")?;
        start(server, &theirs).await?.stop().await?;
        change_installation(server.directory.path(), &["numbers"], &[]).await?;
        start(server, &[]).await?.stop().await
    })
}

async fn start(server: &TestServer, settings: Settings<'_>) -> Result<Server> {
    Server::start(server.directory.path(), settings, Log::default()).await
}

/// An instance with these settings ends by itself, and says this.
async fn refuses(server: &TestServer, settings: Settings<'_>, says: &[&str]) -> Result<()> {
    let mut serve = command(server.directory.path(), &["serve"]);
    let ended = timeout(PATIENCE, serve.envs(settings.iter().copied()).output());
    let Ok(output) = ended.await else { bail!("it serves") };
    let output = output?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.code() == Some(2), "it ends with {}: {said}", output.status);
    for what in says {
        ensure!(said.contains(what), "{what}: {said}");
    }
    Ok(())
}

async fn installation(server: &TestServer, arguments: &[&str], settings: Settings<'_>) -> Result<String> {
    let arguments = [&["installation"], arguments].concat();
    let mut shown = command(server.directory.path(), &arguments);
    done(shown.envs(settings.iter().copied()).output().await?)
}

async fn change(server: &TestServer, arguments: &[&str], settings: Settings<'_>) -> Result<Output> {
    let arguments = [&["installation", "change"], arguments].concat();
    let mut change = command(server.directory.path(), &arguments);
    Ok(change.envs(settings.iter().copied()).output().await?)
}

fn done(output: Output) -> Result<String> {
    ensure!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

async fn ready(server: &TestServer, status: StatusCode) -> Result<()> {
    let mut client: Client = server.stranger()?;
    until("/readyz says so", async || {
        let reply = client.ask(Method::GET, "/readyz", None, None).await?;
        Ok((reply.status == status).then_some(()))
    })
    .await
}

/// As if somebody had taken the wrong terminal.
async fn flush(redis: &PrivateRedis) -> Result<()> {
    let address = redis.url().trim_start_matches("redis://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"FLUSHALL\r\n").await?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).await?;
    ensure!(&answer == b"+OK\r\n", "{answer:?}");
    Ok(())
}

//! A file that really can't grow any more: the operating system stops the server from writing. (A limit on the size of
//! files gives "input/output error" where a full disk gives "full"; for keeping confirmed changes it's the same.)

use crate::driver::{Client, Log, Server, command};
use crate::test_server::{runtime, until};
use anyhow::{Context, Result, ensure};
use hyper::{Method, StatusCode};
use serde_json::json;
use std::path::Path;
use tokio::process::Command;

/// Sign-ups that are refused before there is room again.
const REFUSED: usize = 8;

/// The server, deaf to the signal that comes with the limit, as on a full disk there is none.
async fn start(directory: &Path) -> Result<Server> {
    let serve = command(directory, &["serve"]);
    let serve = serve.as_std();
    let mut deaf = Command::new("sh");
    deaf.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(serve.get_program()).args(serve.get_args());
    for (name, value) in serve.get_envs() {
        match value {
            Some(value) => deaf.env(name, value),
            None => deaf.env_remove(name),
        };
    }
    Server::run(deaf.current_dir(directory).kill_on_drop(true), Log::default()).await
}

/// Lets the server write files of that many bytes, and no further.
async fn limit(server: &Server, bytes: &str) -> Result<()> {
    let id = server.child.id().context("the server has ended by itself")?.to_string();
    let limited = Command::new("prlimit").args(["--pid", &id, &format!("--fsize={bytes}:unlimited")]).status().await?;
    ensure!(limited.success(), "the limit can't be set");
    Ok(())
}

async fn sign_up(client: &mut Client, n: usize) -> Result<(StatusCode, String)> {
    let body = json!({"email": format!("{n}@example.com"), "name": "Kim", "password": "correct horse battery"});
    let reply = client.ask(Method::POST, "/v1/users", None, Some(body)).await?;
    let kind = reply.body["type"].as_str().unwrap_or_default().to_owned();
    Ok((reply.status, kind.rsplit('/').next().unwrap_or_default().to_owned()))
}

async fn ready(client: &mut Client) -> Result<StatusCode> {
    Ok(client.ask(Method::GET, "/readyz", None, None).await?.status)
}

#[test]
fn what_was_answered_before_and_while_nothing_could_be_written_is_there() -> Result<()> {
    runtime()?.block_on(async {
        if Command::new("prlimit").arg("--version").output().await.is_err() {
            eprintln!("SKIPPED: a file that can't grow (there is no prlimit)");
            return Ok(());
        }
        let directory = tempfile::tempdir()?;
        let server = start(directory.path()).await?;
        let mut client = Client::new(server.address, None);
        let mut told = Vec::new();
        for n in 0..3 {
            told.push(sign_up(&mut client, n).await?);
        }
        let log = std::fs::metadata(directory.path().join("frontrow.sqlite-wal"))?.len();
        limit(&server, &log.to_string()).await?;
        while told.iter().filter(|(status, _)| *status != StatusCode::CREATED).count() < REFUSED {
            told.push(sign_up(&mut client, told.len()).await?);
            ensure!(told.len() < 100, "everything was written");
        }
        ensure!(ready(&mut client).await? == StatusCode::SERVICE_UNAVAILABLE, "it says that it is ready");
        limit(&server, "unlimited").await?;
        until("ready again", async || Ok((ready(&mut client).await? == StatusCode::OK).then_some(()))).await?;
        for _ in 0..3 {
            told.push(sign_up(&mut client, told.len()).await?);
        }
        server.stop().await?;

        let server = start(directory.path()).await?;
        let mut client = Client::new(server.address, None);
        for (n, (status, kind)) in told.iter().enumerate() {
            let (again, _) = sign_up(&mut client, n).await?;
            let there = again == StatusCode::CONFLICT;
            ensure!(there || again == StatusCode::CREATED, "{n}: {again}");
            match (*status, kind.as_str()) {
                (StatusCode::CREATED, _) => ensure!(there, "{n} was answered, and is gone"),
                (StatusCode::SERVICE_UNAVAILABLE, "unknown-outcome") => {}
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable" | "storage-full") => {
                    ensure!(!there, "{n} was refused, and is there");
                }
                other => anyhow::bail!("{n}: {other:?}"),
            }
        }
        ensure!(told[told.len() - 3..].iter().all(|(status, _)| *status == StatusCode::CREATED), "{told:?}");
        server.stop().await
    })
}
